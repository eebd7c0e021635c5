"""JSON in which decimals stay exact.

The standard library writes a :class:`~decimal.Decimal` as text or not at all;
the server takes numbers, and keeps every digit of them.
"""

from __future__ import annotations

import json
import math
import numbers
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID


def dumps(value: object) -> bytes:
    """Writes a value; raises :class:`TypeError` or :class:`ValueError` for
    what JSON cannot hold (no numbers, times without a zone, foreign types)."""
    parts: list[str] = []
    _write(value, parts)
    return "".join(parts).encode()


def loads(text: bytes | str) -> Any:
    """Reads a value; numbers with a point or an exponent are decimals."""
    return json.loads(text, parse_float=Decimal)


def time_text(time: datetime) -> str:
    """A time as RFC 3339; it must have a zone, because the server would else
    have to guess one."""
    if time.tzinfo is None:
        raise ValueError(
            f"the time {time.isoformat()} has no zone: use datetime.now(timezone.utc) or .replace(tzinfo=…)"
        )
    return time.isoformat()


def _write(value: object, parts: list[str]) -> None:
    if value is None or isinstance(value, (str, bool)):
        parts.append(json.dumps(value, ensure_ascii=False))
    elif isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError(f"{value} is not a number that can be stored")
        parts.append(str(value))
    elif isinstance(value, numbers.Integral):
        parts.append(str(int(value)))
    elif isinstance(value, numbers.Real):
        number = float(value)
        if not math.isfinite(number):
            raise ValueError(f"{number} is not a number that can be stored")
        parts.append(repr(number))
    elif isinstance(value, datetime):
        parts.append(json.dumps(time_text(value)))
    elif isinstance(value, date):
        parts.append(json.dumps(value.isoformat()))
    elif isinstance(value, UUID):
        parts.append(json.dumps(str(value)))
    elif isinstance(value, Mapping):
        parts.append("{")
        for place, (key, item) in enumerate(value.items()):
            if not isinstance(key, str):
                raise TypeError(f"the key {key!r} is no text")
            parts.append(("," if place else "") + json.dumps(key, ensure_ascii=False) + ":")
            _write(item, parts)
        parts.append("}")
    elif isinstance(value, (list, tuple)):
        parts.append("[")
        for place, item in enumerate(value):
            if place:
                parts.append(",")
            _write(item, parts)
        parts.append("]")
    else:
        raise TypeError(f"{value!r} ({type(value).__name__}) cannot be sent as JSON")
