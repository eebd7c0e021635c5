"""The client: one credential, one server."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import httpx

from . import _export, _json
from ._answer import Answer, Question, frame_of
from ._batch import Batch
from ._errors import IncompleteAnswer, PointsRejected
from ._http import Http
from ._ingest import Ingested, Point, Value
from ._question import Compare, Fill, Filter, Granularity, Metric, Order, Top
from ._retry import Retry

if TYPE_CHECKING:
    import pandas
    import pyarrow

ARROW = "application/vnd.apache.arrow.stream"


class Client:
    """Speaks to one server with one key. It may be shared by threads.

    ``url`` and ``key`` are ``TESSERA_URL`` and ``TESSERA_KEY`` when left out.
    ``tenant`` is for platform keys, which act for several tenants; any other
    key has one. ``timeout`` is how many seconds an answer may take to begin.
    A request is sent again as ``retry`` says; what sends points does so with an
    idempotency key, and counts once.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        tenant: str | None = None,
        timeout: float = 60.0,
        retry: Retry | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        url = url or os.environ.get("TESSERA_URL")
        key = key or os.environ.get("TESSERA_KEY")
        if not url:
            raise ValueError("say where the server is: Client('https://…'), or set TESSERA_URL")
        if not key:
            raise ValueError("say which key to use: Client(url, 'tsk_…'), or set TESSERA_KEY")
        headers = {"Authorization": f"Bearer {key}", "User-Agent": "tessera-analytics-python/0.1.0"}
        if tenant:
            headers["X-Tenant-ID"] = tenant
        http = httpx.Client(
            base_url=url, headers=headers, timeout=httpx.Timeout(timeout, connect=10.0), transport=transport
        )
        self._http = Http(http, retry or Retry())

    # In

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
    ) -> Ingested:
        """Records one point. When this returns, it is on disk; a faulty one
        raises :class:`PointsRejected`. For many points use :meth:`batch`."""
        point = Point(platform, metric_type, metric_name, value, dimensions, recorded_at, event_id)
        ingested = self.send([point])
        if ingested.rejected_count:
            raise PointsRejected(ingested)
        return ingested

    def send(
        self, points: Iterable[Point], *, strict: bool = False, idempotency_key: str | None = None
    ) -> Ingested:
        """Sends points as one body of at most 32 MiB. Faulty ones are named in
        the result and the others kept; with ``strict`` none is kept then, and
        :class:`PointsRejected` is raised."""
        body = _json.dumps([point.as_json() for point in points])
        ingested = self._send_body(body, idempotency_key or str(uuid.uuid4()), strict=strict)
        if strict and ingested.rejected_count:
            raise PointsRejected(ingested)
        return ingested

    def batch(self, *, max_points: int = 5000) -> Batch:
        """A :class:`Batch`, which sends when it has ``max_points``."""
        return Batch(self, max_points)

    def collect(
        self, platform: str, action: str, data: Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> Ingested:
        """Sends an event of a platform, whose registration makes the points.
        Give the event's own id as ``idempotency_key`` if it may be sent twice.
        An event of which a point was rejected raises :class:`PointsRejected`;
        its other points are kept."""
        body = _json.dumps({"platform": platform, "action": action, "data": data})
        headers = {"Idempotency-Key": idempotency_key or str(uuid.uuid4())}
        response = self._http.send("POST", "/api/analytics/collect", body=body, headers=headers, takes=(422,))
        ingested = Ingested.of(response)
        if ingested.rejected_count:
            raise PointsRejected(ingested)
        return ingested

    def _send_body(self, body: bytes, key: str, *, strict: bool = False) -> Ingested:
        response = self._http.send(
            "POST",
            "/api/analytics/data-points",
            body=body,
            headers={"Idempotency-Key": key},
            params={"strict": "true"} if strict else None,
            takes=(422,),
        )
        return Ingested.of(response)

    # Out

    def sql(
        self,
        query: str,
        params: Sequence[Any] = (),
        *,
        timeout_ms: int | None = None,
        allow_cut: bool = False,
    ) -> Answer:
        """Asks one SELECT; ``params`` are the values of ``$1``, ``$2``, ….
        Decimals, times and days come as Python's own. An answer that the plan's
        limit of rows cut raises :class:`IncompleteAnswer`."""
        body = _query_body(query, params, timeout_ms)
        response = self._http.send("POST", "/api/analytics/sql", body=body)
        answer = Answer.of(_json.loads(response.content), response.headers.get("Tessera-Query-Id"))
        if not answer.complete and not allow_cut:
            raise IncompleteAnswer(answer, len(answer))
        return answer

    def sql_arrow(
        self, query: str, params: Sequence[Any] = (), *, timeout_ms: int | None = None
    ) -> pyarrow.Table:
        """The same as an Arrow table, with decimals and times of Arrow's types.
        Needs pyarrow."""
        import pyarrow.ipc

        body = _query_body(query, params, timeout_ms)
        response = self._http.send("POST", "/api/analytics/sql", body=body, headers={"Accept": ARROW})
        table = pyarrow.ipc.open_stream(response.content).read_all()
        # An answer that is cut later breaks off, and was raised already.
        if response.headers.get("Tessera-Complete") == "false":
            raise IncompleteAnswer(None, table.num_rows)
        return table

    def sql_pandas(
        self,
        query: str,
        params: Sequence[Any] = (),
        *,
        timeout_ms: int | None = None,
        exact: bool = False,
    ) -> pandas.DataFrame:
        """The same as a frame. Decimals become float64, unless ``exact``: then
        columns of :class:`~decimal.Decimal`. Needs pandas and pyarrow."""
        return frame_of(self.sql_arrow(query, params, timeout_ms=timeout_ms), exact=exact)

    def ask(
        self,
        metrics: Sequence[str | Metric],
        *,
        dimensions: Sequence[str] = (),
        filters: Sequence[Filter] = (),
        time_range: str | Mapping[str, Any] | None = None,
        time_zone: str | None = None,
        granularity: Granularity | None = None,
        compare: Compare | None = None,
        top: Top | None = None,
        order: Sequence[Order] = (),
        fill: Fill | None = None,
        totals: bool = False,
    ) -> Question:
        """Asks a structured question: metrics (``platform/type/name``, with
        ``*`` for any) over time and by dimensions, each by its kind."""
        asked: dict[str, Any] = {
            "metrics": list(metrics),
            "dimensions": list(dimensions),
            "filters": list(filters),
            "time_range": time_range,
            "time_zone": time_zone,
            "granularity": granularity,
            "compare": compare,
            "top": top,
            "order": list(order),
            "fill": fill,
            "totals": totals,
        }
        body = _json.dumps({name: value for name, value in asked.items() if value not in (None, [], False)})
        return Question.of(_json.loads(self._http.send("POST", "/api/analytics/query", body=body).content))

    def export(
        self,
        to: str | os.PathLike[str],
        *,
        table: str | None = None,
        sql: str | None = None,
        format: str | None = None,
    ) -> _export.Exported:
        """Writes a table or a query to a file, as Parquet or CSV by its ending
        or by ``format``. The file appears when it is whole."""
        if (table is None) == (sql is None):
            raise ValueError("say one of table='analytics_data_points' and sql='select …'")
        source = {"table": table} if table is not None else {"sql": sql}
        return _export.export(self._http, Path(to), source, format)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: Any = None,
    ) -> Any:
        """Any other route, such as ``request("GET", "/api/analytics/metrics")``:
        its JSON, with exact decimals, or None where there is none."""
        body = None if json is None else _json.dumps(json)
        response = self._http.send(method, path, body=body, params=params)
        return _json.loads(response.content) if response.content else None

    # Life

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _query_body(query: str, params: Sequence[Any], timeout_ms: int | None) -> bytes:
    asked: dict[str, Any] = {"query": query, "params": list(params)}
    if timeout_ms is not None:
        asked["timeout_ms"] = timeout_ms
    return _json.dumps(asked)
