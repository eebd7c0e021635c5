"""Answers, as rows, frames and tables, and files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path

import pandas
import pyarrow
import pyarrow.parquet
import pytest

from tessera_analytics import Client, IncompleteAnswer, Point, Problem

REVENUE = ("coreldove", "revenue", "order_revenue")


@pytest.fixture
def shop(client: Client) -> Client:
    """Revenue of two countries on three days, in summer time."""
    points = [
        Point(*REVENUE, Decimal(value), {"country": country}, datetime(2026, 7, day, 12, tzinfo=timezone.utc))
        for day, country, value in [
            (1, "France", "10.10"),
            (1, "Spain", "4.07"),
            (3, "France", "0.000000001"),
        ]
    ]
    assert client.send(points).accepted == 3
    return client


def test_cells_are_of_the_types_of_their_columns(shop: Client) -> None:
    answer = shop.sql(
        "select $1 as who, count(*) as n, sum(metric_value) as total, avg(1.5::double) as half,"
        " min(recorded_at) as first, date '2026-07-01' as day, null as nothing, bool_or(true) as yes"
        " from analytics_data_points",
        ["it's"],
    )
    first = datetime(2026, 7, 1, 12, tzinfo=timezone.utc)
    assert answer.rows == [("it's", 3, Decimal("14.170000001"), 1.5, first, date(2026, 7, 1), None, True)]
    assert isinstance(answer.rows[0][2], Decimal) and isinstance(answer.rows[0][3], float)
    assert answer.complete and answer.query_id and answer.version >= 1
    assert answer.dicts()[0]["n"] == 3


def test_a_frame_has_numbers_that_add_up_and_exact_ones_on_request(shop: Client) -> None:
    query = "select recorded_at, metric_value from analytics_data_points order by recorded_at, metric_value"
    frame = shop.sql_pandas(query)
    assert str(frame["metric_value"].dtype) == "float64"
    assert isinstance(frame["recorded_at"].dtype, pandas.DatetimeTZDtype)
    exact = shop.sql_pandas(query, exact=True)
    assert sum(exact["metric_value"]) == Decimal("14.170000001")


def test_an_arrow_table_has_decimals(shop: Client) -> None:
    table = shop.sql_arrow("select metric_value from analytics_data_points")
    assert table.num_rows == 3
    assert pyarrow.types.is_decimal(table.schema.field("metric_value").type)


def test_a_cut_answer_is_no_answer_unless_one_is_asked_for(url: str, make_key: Callable[..., str]) -> None:
    query = "select value from generate_series(1, 10001)"
    with Client(url, make_key(plan="free")) as client:
        with pytest.raises(IncompleteAnswer):
            client.sql(query)
        with pytest.raises(IncompleteAnswer):
            client.sql_arrow(query)
        assert len(client.sql(query, allow_cut=True)) == 10_000


def test_a_fault_says_where_it_is(client: Client) -> None:
    with pytest.raises(Problem) as fault:
        client.sql("select\n  metric_valu from analytics_data_points")
    assert (fault.value.status, fault.value.line, fault.value.column) == (400, 2, 3)
    assert "line 2, column 3" in str(fault.value)


def test_a_structured_question_has_typed_rows_and_totals(shop: Client) -> None:
    july = {"from": "2026-07-01", "to": "2026-07-03"}
    answer = shop.ask(
        ["coreldove/revenue/order_revenue", {"metric": "coreldove/revenue/order_revenue", "aggregate": "count", "as": "orders"}],
        dimensions=["country"],
        filters=[{"dimension": "country", "operator": "in", "values": ["France"]}],
        time_range=july,
        granularity="day",
        fill="zero",
        totals=True,
    )
    assert [column.role for column in answer.columns] == ["time", "dimension", "metric", "metric"]
    days = [(row[0], row[2], row[3]) for row in answer.rows]
    assert days == [
        (date(2026, 7, 1), Decimal("10.10"), 1),
        (date(2026, 7, 2), 0, 0),
        (date(2026, 7, 3), Decimal("0.000000001"), 1),
    ]
    assert answer.totals[0].value == Decimal("10.100000001")
    assert answer.range == (date(2026, 7, 1), date(2026, 7, 3)) and answer.time_zone == "Europe/London"
    frame = answer.to_pandas()
    assert frame["orders"].sum() == 2 and str(frame.dtypes.iloc[0]).startswith("datetime64")


def test_a_wrong_question_is_refused_with_what_to_ask_instead(shop: Client) -> None:
    with pytest.raises(Problem) as refusal:
        shop.ask([{"metric": "coreldove/revenue/order_revenue", "aggregate": "medium"}])  # type: ignore[list-item]
    assert refusal.value.status == 400


def test_an_export_appears_when_it_is_whole(shop: Client, tmp_path: Path) -> None:
    exported = shop.export(tmp_path / "points.parquet", table="analytics_data_points")
    table = pyarrow.parquet.read_table(exported.path)
    assert table.num_rows == 3 and exported.bytes == exported.path.stat().st_size
    shop.export(tmp_path / "days.csv", sql="select metric_date, value from daily_metrics order by 1")
    assert (tmp_path / "days.csv").read_text().splitlines()[0] == "metric_date,value"
    with pytest.raises(Problem):
        shop.export(tmp_path / "none.csv", sql="select nonsense")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["days.csv", "points.parquet"]
    with pytest.raises(ValueError, match="format"):
        shop.export(tmp_path / "points.xls", table="analytics_data_points")


def test_other_routes_are_asked_by_their_path(shop: Client) -> None:
    metrics = shop.request("GET", "/api/analytics/metrics")
    assert [metric["metric_name"] for metric in metrics["metrics"]] == ["order_revenue"]


def test_a_key_of_nobody_is_refused(url: str) -> None:
    with Client(url, "tsk_nobody") as client, pytest.raises(Problem) as refusal:
        client.sql("select 1")
    assert refusal.value.status == 401
