// The questions of the pages as SQL, for "open as SQL" and for what the
// dashboard does not answer.

import type { Dashboard, Kind, MetricName } from "./api/answers";
import type { Question } from "./api/questions";

/** A text as SQL has it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A metric by day, from the table of daily numbers. */
export function dailySql(metrics: MetricName[], range: { from: string; to: string }): string {
  const named = metrics.map(
    (m) =>
      `(platform = ${quoted(m.platform)} and metric_type = ${quoted(m.metric_type)} and metric_name = ${quoted(m.metric_name)})`,
  );
  return `select metric_date, platform, metric_name, value, value_count
from daily_metrics
where metric_date between ${quoted(range.from)} and ${quoted(range.to)}
  and (${named.join("\n    or ")})
order by metric_date, platform, metric_name`;
}

/** Points of a metric on these days of this zone, as conditions and values. */
function points(metric: MetricName, of: Pick<Dashboard, "time_zone">, from: string, to: string) {
  const where = `platform = $1 and metric_type = $2 and metric_name = $3
  and recorded_at >= (cast($4 as timestamp) at time zone ${quoted(of.time_zone)})
  and recorded_at < ((cast($5 as timestamp) + interval '1 day') at time zone ${quoted(of.time_zone)})`;
  // The zone is none of them: SQL takes it as a text alone.
  const params = [metric.platform, metric.metric_type, metric.metric_name, from, to];
  return { where, params };
}

/** What a question asked for, so that it can be shown: values in place of `$n`. */
export function inPlace({ query, params = [] }: Question): string {
  return query.replaceAll(/\$(\d+)/g, (whole, nth: string) => {
    const value = params[Number(nth) - 1];
    return value === undefined ? whole : typeof value === "string" ? quoted(value) : String(value);
  });
}

/** The newest points behind a number. */
export function pointsQuestion(
  metric: MetricName,
  of: Pick<Dashboard, "time_zone">,
  days: { from: string; to: string },
  value: { key: string; name: string } | null,
): Question {
  const { where, params } = points(metric, of, days.from, days.to);
  const also = value ? "\n  and dimensions->>$6 = $7" : "";
  return {
    query: `select recorded_at, metric_value, dimensions, event_id
from analytics_data_points
where ${where}${also}
order by recorded_at desc
limit 200`,
    params: value ? [...params, value.key, value.name] : params,
  };
}

/** Both sums of a ratio. */
export function ratioQuestion(metric: MetricName, kind: Extract<Kind, { kind: "ratio" }>, of: Dashboard): Question {
  const { where, params } = points(metric, of, of.range.from, of.range.to);
  return {
    query: `select sum(cast(dimensions->>$7 as decimal(25, 9))) as below,
  sum(cast(dimensions->>$6 as decimal(25, 9))) as above
from analytics_data_points
where ${where}`,
    params: [...params, kind.numerator, kind.denominator],
  };
}

/** How many different values of dimensions there are, a column each. */
export function distinctQuestion(metric: MetricName, keys: string[], of: Dashboard): Question {
  const { where, params } = points(metric, of, of.range.from, of.range.to);
  const columns = keys.map((_, at) => `count(distinct dimensions->>$${at + 6}) as different_${at + 1}`);
  return {
    query: `select ${columns.join(",\n  ")}
from analytics_data_points
where ${where}`,
    params: [...params, ...keys],
  };
}

/** A ratio for each value of a dimension. */
export function ratioByQuestion(
  metric: MetricName,
  kind: Extract<Kind, { kind: "ratio" }>,
  key: string,
  of: Dashboard,
): Question {
  const { where, params } = points(metric, of, of.range.from, of.range.to);
  return {
    query: `select dimensions->>$6 as name,
  sum(cast(dimensions->>$7 as decimal(25, 9))) / nullif(sum(cast(dimensions->>$8 as decimal(25, 9))), 0) as value
from analytics_data_points
where ${where}
group by dimensions->>$6`,
    params: [...params, key, kind.numerator, kind.denominator],
  };
}

/** How many points are above zero, and how large the largest and smallest are. */
export function winsQuestion(metric: MetricName, of: Dashboard): Question {
  const { where, params } = points(metric, of, of.range.from, of.range.to);
  return {
    query: `select count(*) as trades, count(*) filter (where metric_value > 0) as wins,
  max(metric_value) as best, min(metric_value) as worst
from analytics_data_points
where ${where}`,
    params,
  };
}

/** How the values of a metric are spread. */
export function spreadQuestion(metric: MetricName, of: Dashboard): Question {
  const { where, params } = points(metric, of, of.range.from, of.range.to);
  return {
    query: `select min(metric_value) as smallest,
  approx_percentile_cont(0.5) within group (order by metric_value) as half,
  approx_percentile_cont(0.9) within group (order by metric_value) as nine_tenths,
  max(metric_value) as largest
from analytics_data_points
where ${where}`,
    params,
  };
}
