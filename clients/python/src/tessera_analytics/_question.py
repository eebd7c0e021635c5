"""The parts of a structured question."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

Aggregate = Literal["count", "avg", "min", "max"]
Granularity = Literal["all", "hour", "day", "week", "month", "quarter", "year"]
Compare = Literal["none", "previous", "year"]
Fill = Literal["null", "zero", "previous", "none"]
Operator = Literal["in", "not_in", "exists", "missing", "gt", "gte", "lt", "lte"]

#: One number of each row: ``metric``, answered by its kind or by an
#: ``aggregate``, or ``numerator`` and ``denominator``; ``as`` names its column.
Metric = TypedDict(
    "Metric",
    {"metric": str, "aggregate": Aggregate, "numerator": str, "denominator": str, "as": str},
    total=False,
)


class _FilterBase(TypedDict):
    dimension: str
    operator: Operator


class Filter(_FilterBase, total=False):
    """A condition on a dimension."""

    values: list[Any]


class _TopBase(TypedDict):
    limit: int


class Top(_TopBase, total=False):
    """Which groups are listed: the ``limit`` largest ``by`` a metric's column,
    with the ``other`` ones added up in rows of their own."""

    by: str
    other: bool


class _OrderBase(TypedDict):
    by: str


class Order(_OrderBase, total=False):
    """One key of the order of rows: ``time``, a dimension or a metric's column."""

    descending: bool
