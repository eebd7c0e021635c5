"""Data in bulk, as one file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from . import _json
from ._errors import Unreachable
from ._http import Http

FORMATS = {".parquet": "parquet", ".csv": "csv"}


@dataclass(frozen=True)
class Exported:
    """A file that holds all rows of one version."""

    path: Path
    bytes: int


def export(http: Http, to: Path, source: dict[str, Any], format: str | None) -> Exported:
    """Writes beside ``to`` and moves it there when it is whole: a file that
    broke off never looks like one that did not."""
    format = format or FORMATS.get(to.suffix)
    if format is None:
        raise ValueError(f"{to.name} ends in neither .parquet nor .csv: say format='parquet' or format='csv'")
    part = to.with_name(f".{to.name}.{os.getpid()}.part")
    body = _json.dumps({"source": source, "format": format})
    size = 0
    try:
        with http.stream("POST", "/api/analytics/exports", body=body) as response, part.open("wb") as file:
            try:
                for piece in response.iter_bytes():
                    size += file.write(piece)
            except httpx.TransportError as error:
                raise Unreachable(f"the export broke off after {size} bytes: {error}") from error
        part.replace(to)
    finally:
        part.unlink(missing_ok=True)
    return Exported(to, size)
