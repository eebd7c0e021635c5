"""What can go wrong, by what a caller can do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from . import _json

if TYPE_CHECKING:
    from ._answer import Answer
    from ._ingest import Ingested


class TesseraError(Exception):
    """Everything that this package raises on its own."""


class Unreachable(TesseraError):
    """No answer came. What was sent may have been done or not; points are sent
    with an idempotency key, so that sending them again counts once."""


class PointsRejected(TesseraError):
    """Points that were faulty; :attr:`ingested` names each with its field."""

    def __init__(self, ingested: Ingested) -> None:
        first = ingested.rejected[0] if ingested.rejected else None
        why = f": point {first.index}, {first.field}: {first.reason}" if first else ""
        super().__init__(f"{ingested.rejected_count} points were rejected{why}")
        #: What became of the body.
        self.ingested = ingested


class IncompleteAnswer(TesseraError):
    """The plan's limit of rows cut the answer; :attr:`answer` has the rows that
    came. ``allow_cut=True`` takes such an answer without this error."""

    def __init__(self, answer: Answer | None, rows: int) -> None:
        super().__init__(
            f"the plan's limit of rows cut the answer after {rows} rows: ask for fewer, or export the query"
        )
        #: The rows that came; none for Arrow and pandas.
        self.answer = answer


class Problem(TesseraError):
    """A refusal, as the server explains it (RFC 9457)."""

    def __init__(self, status: int, said: dict[str, Any], retry_after: float | None) -> None:
        #: The HTTP status.
        self.status = status
        #: The kind, such as ``urn:tessera:problem:query``.
        self.type: str = said.get("type", "about:blank")
        #: The kind in words.
        self.title: str = said.get("title", "")
        #: What was wrong this time.
        self.detail: str = said.get("detail", "")
        #: The field, parameter or header at fault.
        self.at: str | None = said.get("at")
        #: Line and column in a text that was sent, from 1.
        self.line: int | None = said.get("line")
        self.column: int | None = said.get("column")
        #: What to do about it.
        self.hint: str | None = said.get("hint")
        #: The limit that was reached: name, used, allowed, resets_at, …
        self.limit: dict[str, Any] | None = said.get("limit")
        #: Seconds after which the same request may succeed.
        self.retry_after = retry_after
        place = [f"at {self.at}"] if self.at else []
        if self.line is not None:
            place.append(f"line {self.line}, column {self.column}")
        text = f"{self.status} {self.title}: {self.detail}"
        text += f" ({', '.join(place)})" if place else ""
        super().__init__(text + (f"; {self.hint}" if self.hint else ""))


class LimitReached(Problem):
    """429: a limit of the plan; :attr:`limit` says which."""


class Unavailable(Problem):
    """503: the server cannot serve now. Nothing was acknowledged."""


def problem_of(response: httpx.Response) -> Problem:
    """The problem that a response with a status of 400 or more is. Its body
    must have been read."""
    said: Any = None
    try:
        said = _json.loads(response.content)
    except ValueError:
        pass
    if not isinstance(said, dict):
        # A proxy's own page, say.
        said = {"title": response.reason_phrase, "detail": response.text[:200]}
    kind = {429: LimitReached, 503: Unavailable}.get(response.status_code, Problem)
    return kind(response.status_code, said, retry_after(response))


def retry_after(response: httpx.Response) -> float | None:
    """The seconds of ``Retry-After``; the server sends no dates."""
    try:
        return float(response.headers["Retry-After"])
    except (KeyError, ValueError):
        return None
