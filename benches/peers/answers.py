"""Whether two systems' answers are the same."""

import math
from datetime import date, datetime, timezone
from decimal import Decimal


class Different(Exception):
    """Two systems gave different answers."""


class Float:
    """A float, equal to its near neighbours. The query engine's
    `percentile_cont` knows the place between two values to six digits."""

    def __init__(self, value: float):
        self.value = value

    def __eq__(self, other) -> bool:
        return math.isclose(self.value, other.value, rel_tol=1e-6)

    def __repr__(self) -> str:
        return repr(self.value)


def cell(kind: str, value):
    """A cell in a form that compares across systems."""
    if value is None:
        return None
    match kind:
        case "n":
            return Decimal(str(value))
        case "f":
            return Float(float(value))
        case "d":
            return str(value)[:10]
        case "s":
            return moment(value)
        case "x":
            return None
        case _:
            return str(value)


def moment(value) -> str:
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
        return aware.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f")[:23]
    if isinstance(value, date):
        return f"{value} 00:00:00.000"
    text = str(value).replace("T", " ").rstrip("Z")
    head, _, tail = text.partition(".")
    return f"{head}.{tail[:3]:0<3}"


def normal(question: str, kinds: str, rows) -> list[tuple]:
    """Rows in a form that compares; points that share the moment at which
    `latest` cuts are interchangeable and left out."""
    made = [tuple(cell(kind, value) for kind, value in zip(kinds, row)) for row in rows]
    if question == "latest" and made:
        last = min(row[0] for row in made)
        made = [(len(made),)] + sorted(row for row in made if row[0] > last)
    return made


def must_equal(what: str, one, other) -> None:
    if len(one) == len(other) and all(a == b for a, b in zip(one, other)):
        return
    pairs = [(a, b) for a, b in zip(one, other) if a != b][:3]
    raise Different(f"{what}: {len(one)} and {len(other)} rows, first differences {pairs}")
