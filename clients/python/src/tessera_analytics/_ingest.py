"""Points on their way in, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx

from . import _json
from ._errors import problem_of

Value = int | float | Decimal


@dataclass(frozen=True)
class Point:
    """One number of one metric at one time."""

    #: A registered platform, such as ``coreldove``.
    platform: str
    #: The metric's family, such as ``revenue``.
    metric_type: str
    #: The metric's name, such as ``order_revenue``.
    metric_name: str
    #: The number; a Decimal keeps its digits, up to nine behind the point.
    value: Value
    #: Texts, numbers and booleans that the point can be grouped by.
    dimensions: Mapping[str, Any] | None = None
    #: When it happened, with a zone; the time of arrival when left out.
    recorded_at: datetime | None = None
    #: A point whose id was seen in the last seven days is dropped.
    event_id: str | UUID | None = None

    def as_json(self) -> dict[str, Any]:
        """The point as the server takes it."""
        fields = {
            "platform": self.platform,
            "metric_type": self.metric_type,
            "metric_name": self.metric_name,
            "value": self.value,
            "dimensions": self.dimensions,
            "recorded_at": self.recorded_at,
            "event_id": self.event_id,
        }
        return {name: value for name, value in fields.items() if value is not None}


@dataclass(frozen=True)
class Rejected:
    """A point that was not kept."""

    #: Its place in the body, from 0.
    index: int
    #: The field at fault.
    field: str
    #: What is wrong with it.
    reason: str


@dataclass(frozen=True)
class Ingested:
    """What became of a body of points. What was accepted is on disk."""

    #: Points that are durable now.
    accepted: int
    #: Points dropped because their ``event_id`` was seen before.
    duplicates: int
    #: Values with more than nine decimals, rounded half to even.
    rounded: int
    #: Points that were not kept; the first 1,000 are listed.
    rejected: tuple[Rejected, ...]
    #: How many were not kept.
    rejected_count: int
    #: The tenant's version that holds the points.
    version: int

    @classmethod
    def of(cls, response: httpx.Response) -> Ingested:
        """Reads a 200, or a 422 that names rejected points; another 422
        raises its :class:`Problem`."""
        said = _json.loads(response.content) if response.content else None
        if not isinstance(said, dict) or "rejected_count" not in said:
            raise problem_of(response)
        rejected = tuple(Rejected(r["index"], r["field"], r["reason"]) for r in said["rejected"])
        return cls(
            said["accepted"], said["duplicates"], said["rounded"], rejected, said["rejected_count"], said["version"]
        )
