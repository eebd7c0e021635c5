"""Points in."""

from __future__ import annotations

import uuid
from datetime import datetime, timezone
from decimal import Decimal

import pytest

from tessera_analytics import Client, Point, PointsRejected, Problem

REVENUE = ("coreldove", "revenue", "order_revenue")


def count(client: Client) -> int:
    answer = client.sql("select count(*) from analytics_data_points")
    counted = answer.scalar()
    assert isinstance(counted, int)
    return counted


def test_a_point_comes_back_with_every_digit(client: Client) -> None:
    value = Decimal("1234567890123456.123456789")
    time = datetime(2026, 3, 1, 12, 30, 0, 123456, tzinfo=timezone.utc)
    ingested = client.record(
        *REVENUE, value, dimensions={"country": "Côte d'Ivoire", "vip": True, "items": 3}, recorded_at=time
    )
    assert (ingested.accepted, ingested.rejected_count) == (1, 0)
    answer = client.sql(
        "select metric_value, recorded_at, dimensions->>'country' as country, num_items from analytics_data_points"
    )
    assert answer.rows == [(value, time, "Côte d'Ivoire", Decimal(3))]


def test_a_known_event_id_counts_once(client: Client) -> None:
    order = uuid.uuid4()
    assert client.record(*REVENUE, 1, event_id=order).accepted == 1
    assert client.record(*REVENUE, 1, event_id=order).duplicates == 1
    assert count(client) == 1


def test_an_idempotency_key_gives_the_first_answer_again(client: Client) -> None:
    points = [Point(*REVENUE, 1), Point(*REVENUE, 2)]
    first = client.send(points, idempotency_key="order-7")
    assert client.send(points, idempotency_key="order-7") == first
    assert count(client) == 2
    with pytest.raises(Problem) as other:
        client.send(points[:1], idempotency_key="order-7")
    assert other.value.status == 422


def test_a_faulty_point_is_named_and_the_others_are_kept(client: Client) -> None:
    points = [Point(*REVENUE, 1), Point("", "revenue", "order_revenue", 2)]
    ingested = client.send(points)
    assert (ingested.accepted, ingested.rejected_count) == (1, 1)
    assert (ingested.rejected[0].index, ingested.rejected[0].field) == (1, "platform")
    with pytest.raises(PointsRejected) as strict:
        client.send(points, strict=True)
    assert strict.value.ingested.accepted == 0
    with pytest.raises(PointsRejected, match="platform"):
        client.record("", "revenue", "order_revenue", 2)
    assert count(client) == 1


def test_what_cannot_be_sent_is_refused_before_it_is_sent(client: Client) -> None:
    with pytest.raises(ValueError, match="zone"):
        client.record(*REVENUE, 1, recorded_at=datetime(2026, 3, 1))
    for value in (float("nan"), float("inf"), Decimal("NaN")):
        with pytest.raises(ValueError, match="number"):
            client.record(*REVENUE, value)
    with pytest.raises(TypeError, match="set"):
        client.record(*REVENUE, 1, dimensions={"tags": {1}})


def test_an_event_becomes_the_points_of_its_registration(client: Client) -> None:
    order = {"id": "o-3", "customer_id": "c-7", "total_amount": Decimal("99.50"), "items": ["a", "b"]}
    ingested = client.collect("coreldove", "order_placed", order, idempotency_key="o-3")
    assert ingested.accepted >= 1
    assert client.collect("coreldove", "order_placed", order, idempotency_key="o-3") == ingested
    values = client.sql(
        "select metric_value from analytics_data_points where metric_name = $1", ["order_revenue"]
    ).column("metric_value")
    assert values == [Decimal("99.50")]
    with pytest.raises(PointsRejected):
        client.collect("coreldove", "order_placed", {"id": "o-4"})
