"""The questions, in each system's SQL.

A question has a kind for each column, by which answers are compared: `t` text,
`n` exact number, `f` float (to six digits), `d` day, `s` time, `x` not
compared. The year ends at 2025-06-30T23:00:00Z, see generate.rs.
"""

from dataclasses import dataclass

MONTH = ("2025-06-01", "2025-07-01")
MONTH_BEFORE = "2025-05-02"
NOW = "2025-06-30T23:00:00Z"


@dataclass(frozen=True)
class Dialect:
    """How a system writes what differs."""

    day: str = "date_trunc('day', recorded_at)"
    time: str = "'{}T00:00:00Z'"
    dimension: str = "(dimensions->>'{}')"
    value: str = "metric_value"
    double: str = "double"
    quantile: str = "quantile_cont(cast({} as double), 0.95)"
    points: str = "points"
    # Columns of the roll-up table.
    rollup: str = "daily"
    rollup_day: str = "day"
    rollup_count: str = "points"
    rollup_sum: str = "total"
    rollup_time: str = "date '{}'"


TESSERA = Dialect(
    quantile="percentile_cont(0.95) within group (order by cast({} as double))",
    points="analytics_data_points",
    rollup="daily_metrics",
    rollup_day="metric_date",
    rollup_count="value_count",
    rollup_sum="value_sum",
)
DUCKDB = Dialect(time="timestamp '{} 00:00:00'")
DUCKDB_SORTED = Dialect(time="timestamp '{} 00:00:00'", points="points_sorted")
CLICKHOUSE = Dialect(
    day="toDate(recorded_at)",
    time="toDateTime64('{} 00:00:00', 3, 'UTC')",
    dimension="JSONExtractString(dimensions, '{}')",
    double="Float64",
    quantile="quantileExactInclusive(0.95)(toFloat64({}))",
    rollup_time="toDate('{}')",
)
CLICKHOUSE_JSON = Dialect(
    day="toDate(recorded_at)",
    time="toDateTime64('{} 00:00:00', 3, 'UTC')",
    dimension="dimensions.{}.:String",
    double="Float64",
    quantile="quantileExactInclusive(0.95)(toFloat64({}))",
    points="points_json",
)
POSTGRES = Dialect(
    time="timestamptz '{} 00:00:00Z'",
    double="double precision",
    quantile="percentile_cont(0.95) within group (order by cast({} as double precision))",
)

COLUMNS = {
    "totals": "tttnn",
    "compare": "tttnn",
    "series": "ttdn",
    "correlation": "fn",
    "top": "tn",
    "distinct": "n",
    "quantile": "tf",
    "latest": "sttnx",
}
TITLES = {
    "totals": "totals of 30 days, all metrics",
    "compare": "30 days against the 30 before",
    "series": "daily series of a year, all metrics",
    "correlation": "correlation of two platforms' days",
    "top": "top ten values of a dimension, 30 days",
    "distinct": "distinct customers of a year",
    "quantile": "95th percentile by dimension, exact",
    "latest": "latest 100 points",
}
ON_ROLLUPS = ["totals", "compare", "series", "correlation"]


def raw(d: Dialect, question: str, tenant: str | None) -> str:
    """A question over raw points; Tessera needs no tenant's name."""
    own = f"tenant_id = '{tenant}' and " if tenant else ""
    all_of_it = f"tenant_id = '{tenant}'" if tenant else "true"
    start, end = (d.time.format(day) for day in MONTH)
    before = d.time.format(MONTH_BEFORE)
    total = f"sum({d.value})"

    def metric(platform: str, name: str) -> str:
        return f"{own}platform = '{platform}' and metric_name = '{name}'"

    def daily(platform: str, name: str) -> str:
        return (
            f"select {d.day} as day, {total} as v from {d.points} "
            f"where {metric(platform, name)} group by 1"
        )

    location, game = d.dimension.format("location"), d.dimension.format("game_type")
    return {
        "totals": f"""select platform, metric_type, metric_name, count(*), {total} from {d.points}
            where {own}recorded_at >= {start} and recorded_at < {end}
            group by 1, 2, 3 order by 1, 2, 3""",
        "compare": f"""select platform, metric_type, metric_name,
            sum(case when recorded_at >= {start} then {d.value} else 0 end),
            sum(case when recorded_at < {start} then {d.value} else 0 end) from {d.points}
            where {own}recorded_at >= {before} and recorded_at < {end}
            group by 1, 2, 3 order by 1, 2, 3""",
        "series": f"""select platform, metric_name, {d.day}, {total} from {d.points}
            where {all_of_it} group by 1, 2, 3 order by 1, 2, 3""",
        "correlation": f"""with a as ({daily("coreldove", "order_revenue")}),
            b as ({daily("business_directory", "listing_views")})
            select corr(cast(a.v as {d.double}), cast(b.v as {d.double})), count(*)
            from a join b on a.day = b.day""",
        "top": f"""select {location}, {total} from {d.points}
            where {metric("business_directory", "listing_views")}
            and recorded_at >= {start} and recorded_at < {end}
            group by 1 order by 2 desc, 1 limit 10""",
        "distinct": f"""select count(distinct {d.dimension.format("customer_id")}) from {d.points}
            where {metric("coreldove", "order_revenue")}""",
        "quantile": f"""select {game}, {d.quantile.format(d.value)} from {d.points}
            where {metric("thrillring", "gaming_session")} group by 1 order by 1""",
        "latest": f"""select recorded_at, platform, metric_name, {d.value}, dimensions
            from {d.points} where {all_of_it} order by recorded_at desc limit 100""",
    }[question]


def rolled_up(d: Dialect, question: str, tenant: str | None) -> str:
    """One of `ON_ROLLUPS` over the table of days."""
    own = f"tenant_id = '{tenant}' and " if tenant else ""
    all_of_it = f"tenant_id = '{tenant}'" if tenant else "true"
    start, end = (d.rollup_time.format(day) for day in MONTH)
    before = d.rollup_time.format(MONTH_BEFORE)

    def daily(platform: str, name: str) -> str:
        return (
            f"select {d.rollup_day} as day, sum({d.rollup_sum}) as v from {d.rollup} "
            f"where {own}platform = '{platform}' and metric_name = '{name}' group by 1"
        )

    return {
        "totals": f"""select platform, metric_type, metric_name, sum({d.rollup_count}),
            sum({d.rollup_sum}) from {d.rollup}
            where {own}{d.rollup_day} >= {start} and {d.rollup_day} < {end}
            group by 1, 2, 3 order by 1, 2, 3""",
        "compare": f"""select platform, metric_type, metric_name,
            sum(case when {d.rollup_day} >= {start} then {d.rollup_sum} else 0 end),
            sum(case when {d.rollup_day} < {start} then {d.rollup_sum} else 0 end) from {d.rollup}
            where {own}{d.rollup_day} >= {before} and {d.rollup_day} < {end}
            group by 1, 2, 3 order by 1, 2, 3""",
        "series": f"""select platform, metric_name, {d.rollup_day}, sum({d.rollup_sum})
            from {d.rollup} where {all_of_it} group by 1, 2, 3 order by 1, 2, 3""",
        "correlation": f"""with a as ({daily("coreldove", "order_revenue")}),
            b as ({daily("business_directory", "listing_views")})
            select corr(cast(a.v as {d.double}), cast(b.v as {d.double})), count(*)
            from a join b on a.day = b.day""",
    }[question]
