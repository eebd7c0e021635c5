"""Many points, sent some thousands at a time."""

from __future__ import annotations

import threading
import uuid
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from types import TracebackType
from typing import TYPE_CHECKING, Any

from . import _json
from ._ingest import Ingested, Point, Value

if TYPE_CHECKING:
    from ._client import Client

#: A body is sent when it has this many bytes; the server takes 32 MiB.
FULL_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class RejectedPoint:
    """A point that the server did not keep, and why."""

    #: The point.
    point: Point
    #: The field at fault.
    field: str
    #: What is wrong with it.
    reason: str


@dataclass(frozen=True)
class _Body:
    """What is sent, and sent again, unchanged and under one key."""

    content: bytes
    key: str
    points: tuple[Point, ...]


class Batch:
    """Gathers points and sends them when there are enough.

    Used with ``with``, the rest is sent at its end. Each body has an
    idempotency key, so that sending it again counts once: when
    :meth:`flush` raises, nothing is lost, and calling it again goes on with the
    same body. Faulty points do not hold up others; see :attr:`rejected`. It may
    be shared by threads.
    """

    def __init__(self, client: Client, max_points: int) -> None:
        if max_points < 1:
            raise ValueError("max_points must be at least 1")
        self._client = client
        self._max_points = max_points
        self._lock = threading.RLock()
        self._points: list[Point] = []
        self._encoded: list[bytes] = []
        self._bytes = 0
        self._bodies: deque[_Body] = deque()
        #: Points that are durable.
        self.accepted = 0
        #: Points that were known by their ``event_id``.
        self.duplicates = 0
        #: Points that were not kept. Of one body the first 1,000 are listed.
        self.rejected: list[RejectedPoint] = []
        #: How many points were not kept.
        self.rejected_count = 0

    def record(
        self,
        platform: str,
        metric_type: str,
        metric_name: str,
        value: Value,
        *,
        dimensions: Mapping[str, Any] | None = None,
        recorded_at: datetime | None = None,
        event_id: str | uuid.UUID | None = None,
    ) -> None:
        """Adds a point, as :meth:`Client.record` takes it."""
        self.add(Point(platform, metric_type, metric_name, value, dimensions, recorded_at, event_id))

    def add(self, point: Point) -> None:
        """Adds a point; one without a time happened now. Sends when there are
        enough. A value that cannot be sent raises here."""
        if point.recorded_at is None:
            # It may wait here, so the time of its arrival would be wrong.
            point = replace(point, recorded_at=datetime.now(timezone.utc))
        encoded = _json.dumps(point.as_json())
        with self._lock:
            self._points.append(point)
            self._encoded.append(encoded)
            self._bytes += len(encoded) + 1
            if len(self._points) >= self._max_points or self._bytes >= FULL_BYTES:
                self.flush()

    def flush(self) -> None:
        """Sends all points that wait. Raises :class:`Unreachable` or a
        :class:`Problem` when that did not go, and keeps what was not sent."""
        with self._lock:
            if self._points:
                content = b"[" + b",".join(self._encoded) + b"]"
                self._bodies.append(_Body(content, str(uuid.uuid4()), tuple(self._points)))
                self._points, self._encoded, self._bytes = [], [], 0
            while self._bodies:
                body = self._bodies[0]
                ingested = self._client._send_body(body.content, body.key)
                self._bodies.popleft()
                self._count(body, ingested)

    @property
    def waiting(self) -> int:
        """Points that are not sent yet."""
        with self._lock:
            return len(self._points) + sum(len(body.points) for body in self._bodies)

    def _count(self, body: _Body, ingested: Ingested) -> None:
        self.accepted += ingested.accepted
        self.duplicates += ingested.duplicates
        self.rejected_count += ingested.rejected_count
        for rejected in ingested.rejected:
            point = body.points[rejected.index]
            self.rejected.append(RejectedPoint(point, rejected.field, rejected.reason))

    def __enter__(self) -> Batch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Also after an error: what was recorded happened.
        self.flush()
