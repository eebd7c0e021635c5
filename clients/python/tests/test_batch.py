"""Many points, and what happens when they do not get through."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import httpx
import pytest

from tessera_analytics import Client, LimitReached, Retry, Unavailable, Unreachable

REVENUE = ("coreldove", "revenue", "order_revenue")


class Flaky(httpx.BaseTransport):
    """A network in front of the real server that fails as it is told, after
    the server has answered (`lost`) or instead of it."""

    def __init__(self, *faults: str | httpx.Response) -> None:
        self.faults = list(faults)
        self.keys: list[str] = []
        self._real = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.keys.append(request.headers.get("Idempotency-Key", ""))
        if not self.faults:
            return self._real.handle_request(request)
        fault = self.faults.pop(0)
        if isinstance(fault, httpx.Response):
            return fault
        if fault == "lost":
            self._real.handle_request(request).read()
            raise httpx.ReadError("the connection was reset")
        raise httpx.ConnectError("nobody listens")

    def close(self) -> None:
        self._real.close()


def flaky(url: str, key: str, network: Flaky, attempts: int = 5) -> tuple[Client, list[float]]:
    waits: list[float] = []
    retry = Retry(attempts=attempts, first_wait=0.5, sleep=waits.append)
    return Client(url, key, retry=retry, transport=network), waits


def refused(status: int, retry_after: int | None) -> httpx.Response:
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    said = {"title": "refused", "detail": "not now", "limit": {"name": "ingest_points_per_day"}}
    return httpx.Response(status, headers=headers, json=said)


def test_a_batch_sends_when_it_is_full_and_at_its_end(client: Client) -> None:
    with client.batch(max_points=1000) as batch:
        for number in range(2500):
            batch.record(*REVENUE, Decimal(number) / 100, event_id=f"o-{number}")
        assert (batch.accepted, batch.waiting) == (2000, 500)
    assert (batch.accepted, batch.waiting) == (2500, 0)
    answer = client.sql("select count(*) as n, sum(metric_value) as total from analytics_data_points")
    assert answer.rows == [(2500, Decimal("31237.5"))]


def test_a_waiting_point_keeps_the_time_at_which_it_was_recorded(client: Client) -> None:
    batch = client.batch()
    before = datetime.now(timezone.utc)
    batch.record(*REVENUE, 1)
    after = datetime.now(timezone.utc)
    batch.flush()
    recorded = client.sql("select recorded_at from analytics_data_points").scalar()
    assert before <= recorded <= after + timedelta(microseconds=1)


def test_faulty_points_are_listed_with_the_point_they_were(client: Client) -> None:
    with client.batch() as batch:
        batch.record(*REVENUE, 1)
        batch.record("coreldove", "revenue", "", 2)
    assert (batch.accepted, batch.rejected_count) == (1, 1)
    assert (batch.rejected[0].point.value, batch.rejected[0].field) == (2, "metric_name")


def test_a_body_whose_answer_was_lost_counts_once(url: str, make_key: Callable[..., str]) -> None:
    network = Flaky("lost", "away")
    client, waits = flaky(url, make_key(), network)
    with client, client.batch() as batch:
        batch.record(*REVENUE, 1)
        batch.flush()
        assert batch.accepted == 1
        assert len(set(network.keys)) == 1 and len(network.keys) == 3
        assert client.sql("select count(*) from analytics_data_points").scalar() == 1
    assert 0.25 <= waits[0] <= 0.5 and 0.5 <= waits[1] <= 1.0


def test_retry_after_is_obeyed(url: str, make_key: Callable[..., str]) -> None:
    network = Flaky(refused(429, 7), refused(503, 2))
    client, waits = flaky(url, make_key(), network)
    with client:
        assert client.record(*REVENUE, 1).accepted == 1
    assert waits == [7.0, 2.0]


def test_a_limit_that_waiting_does_not_lift_is_raised_at_once(url: str, make_key: Callable[..., str]) -> None:
    for retry_after in (None, 40_000):
        network = Flaky(refused(429, retry_after))
        client, waits = flaky(url, make_key(), network)
        with client, pytest.raises(LimitReached) as limit:
            client.record(*REVENUE, 1)
        assert waits == [] and limit.value.retry_after == retry_after
        assert limit.value.limit == {"name": "ingest_points_per_day"}


def test_what_did_not_go_stays_and_goes_later_under_its_key(url: str, make_key: Callable[..., str]) -> None:
    network = Flaky("lost", "away", refused(503, None))
    client, _ = flaky(url, make_key(), network, attempts=2)
    with client:
        batch = client.batch()
        batch.record(*REVENUE, 1)
        with pytest.raises(Unreachable):
            batch.flush()
        batch.record(*REVENUE, 2)
        assert (batch.accepted, batch.waiting) == (0, 2)
        batch.flush()
        assert (batch.accepted, batch.waiting) == (2, 0)
        assert len(set(network.keys)) == 2
        assert client.sql("select sum(metric_value) from analytics_data_points").scalar() == 3


def test_attempts_end(url: str, make_key: Callable[..., str]) -> None:
    network = Flaky(*[refused(503, 1) for _ in range(5)])
    client, waits = flaky(url, make_key(), network, attempts=3)
    with client, pytest.raises(Unavailable):
        client.record(*REVENUE, 1)
    assert len(waits) == 2
