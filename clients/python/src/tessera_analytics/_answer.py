"""Answers, with cells of Python's own types."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pandas
    import pyarrow

Row = tuple[Any, ...]


class _Named(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str: ...


@dataclass(frozen=True)
class Column:
    """A column of an answer."""

    name: str
    #: Such as ``text``, ``int64``, ``decimal(25,9)``, ``timestamptz``.
    type: str


@dataclass(frozen=True)
class QuestionColumn:
    """A column of the answer to a structured question."""

    name: str
    #: ``time``, ``dimension``, ``metric``, ``previous`` or ``other``.
    role: str
    #: ``date``, ``timestamp``, ``text``, ``decimal`` or ``boolean``.
    type: str
    #: How a metric's number is made: ``sum``, ``ratio``, ``gauge``, …
    kind: str | None
    #: Where a metric's numbers come from: ``rollup`` or ``raw``.
    source: str | None


@dataclass(frozen=True)
class Total:
    """A metric over the whole range."""

    name: str
    value: Decimal | None
    previous: Decimal | None
    #: The change in per cent of the magnitude of ``previous``.
    change_percent: Decimal | None


class _Table:
    columns: tuple[Any, ...]
    rows: list[Row]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def dicts(self) -> list[dict[str, Any]]:
        """The rows, each by the columns' names."""
        names = [column.name for column in self.columns]
        return [dict(zip(names, row)) for row in self.rows]

    def column(self, name: str) -> list[Any]:
        """The cells of one column; :class:`KeyError` where there is none."""
        for place, column in enumerate(self.columns):
            if column.name == name:
                return [row[place] for row in self.rows]
        raise KeyError(name)


@dataclass
class Answer(_Table):
    """The answer to a query: rows of int, float, Decimal, str, datetime, …"""

    columns: tuple[Column, ...]
    rows: list[Row]
    #: Whether these are all rows; false when the plan's limit cut them.
    complete: bool
    #: The tenant's version that the answer is of.
    version: int
    #: When that version was seen.
    as_of: datetime
    #: What it took: ``files``, ``rows_scanned``, ``bytes_scanned``.
    stats: dict[str, Any]
    #: The query's id, in the query log and for cancelling it.
    query_id: str | None

    @classmethod
    def of(cls, said: dict[str, Any], query_id: str | None) -> Answer:
        """Reads what the server said."""
        columns = tuple(Column(c["name"], c["type"]) for c in said["columns"])
        return cls(
            columns=columns,
            rows=_rows(columns, said["rows"]),
            complete=said["complete"],
            version=said["version"],
            as_of=datetime_of(said["as_of"]),
            stats=said["stats"],
            query_id=query_id,
        )

    def scalar(self) -> Any:
        """The one cell of an answer of one row and one column."""
        if len(self.rows) != 1 or len(self.columns) != 1:
            raise ValueError(f"the answer has {len(self.rows)} rows and {len(self.columns)} columns, not one of each")
        return self.rows[0][0]


@dataclass
class Question(_Table):
    """The answer to a structured question. Rows are never cut."""

    columns: tuple[QuestionColumn, ...]
    rows: list[Row]
    #: Each metric over the whole range; none unless asked for.
    totals: tuple[Total, ...]
    #: The first and the last day that are shown.
    range: tuple[date, date]
    #: Those that they are compared with.
    previous_range: tuple[date, date] | None
    #: The zone that days begin in.
    time_zone: str
    #: How long a bucket is.
    granularity: str
    #: How many groups there are, listed or not.
    groups: int
    #: The tenant's version that every number is of.
    version: int
    #: When that version was seen.
    as_of: datetime

    @classmethod
    def of(cls, said: dict[str, Any]) -> Question:
        """Reads what the server said."""
        columns = tuple(
            QuestionColumn(c["name"], c["role"], c["type"], c.get("kind"), c.get("source")) for c in said["columns"]
        )
        totals = tuple(
            Total(t["name"], _decimal(t.get("value")), _decimal(t.get("previous")), _decimal(t.get("change_percent")))
            for t in said.get("totals") or ()
        )
        previous = said.get("previous_range")
        return cls(
            columns=columns,
            rows=_rows(columns, said["rows"]),
            totals=totals,
            range=_days(said["range"]),
            previous_range=_days(previous) if previous else None,
            time_zone=said["time_zone"],
            granularity=said["granularity"],
            groups=said["groups"],
            version=said["version"],
            as_of=datetime_of(said["as_of"]),
        )

    def to_pandas(self) -> pandas.DataFrame:
        """The rows as a frame with float64 numbers and real times. Needs
        pandas."""
        import pandas

        frame = pandas.DataFrame(self.rows, columns=[column.name for column in self.columns])
        for column in self.columns:
            if column.type == "decimal":
                frame[column.name] = frame[column.name].astype("float64")
            elif column.type == "date":
                frame[column.name] = pandas.to_datetime(frame[column.name])
            elif column.type == "timestamp":
                frame[column.name] = pandas.to_datetime(frame[column.name], utc=True)
        return frame


def frame_of(table: pyarrow.Table, *, exact: bool) -> pandas.DataFrame:
    """An Arrow table as a frame; decimals become float64 unless ``exact``."""
    import pyarrow

    if not exact:
        for place, field in enumerate(table.schema):
            if pyarrow.types.is_decimal(field.type):
                floats = table.column(place).cast(pyarrow.float64())
                table = table.set_column(place, pyarrow.field(field.name, pyarrow.float64()), floats)
    frame: pandas.DataFrame = table.to_pandas()
    return frame


def datetime_of(text: str) -> datetime:
    """A time of the server's; what is beyond microseconds is dropped."""
    head, point, tail = text.partition(".")
    if point:
        digits = len(tail) - len(tail.lstrip("0123456789"))
        tail = tail[:digits][:6].ljust(6, "0") + tail[digits:]
    # Before Python 3.11, `Z` was not read.
    return datetime.fromisoformat((head + point + tail).replace("Z", "+00:00"))


def _rows(columns: Sequence[_Named], rows: list[list[Any]]) -> list[Row]:
    read = [_reader(column.type) for column in columns]
    return [
        tuple(cell if cell is None or of is None else of(cell) for of, cell in zip(read, row)) for row in rows
    ]


def _reader(kind: str) -> Callable[[Any], Any] | None:
    if kind.startswith("decimal"):
        return _decimal
    if kind.startswith("float"):
        return float
    if kind.startswith("timestamp"):
        return datetime_of
    return {"date": date.fromisoformat, "time": time.fromisoformat}.get(kind)


def _decimal(cell: Any) -> Decimal | None:
    return None if cell is None else Decimal(cell)


def _days(said: dict[str, Any]) -> tuple[date, date]:
    return date.fromisoformat(said["from"]), date.fromisoformat(said["to"])
