// The questions of the pages as SQL, for "open as SQL" and for what the
// dashboard does not answer.

import type { Kind, MetricName, Scope } from "./api/answers";
import type { Filter, Operator } from "./api/query";
import type { Question } from "./api/questions";

/** A text as SQL has it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Metrics as a page shows them: by day from the daily numbers, else their points. */
export function metricsSql(metrics: MetricName[], of: Where & Pick<Scope, "grain">): string {
  const [first] = metrics;
  if (first && of.filters?.length) return inPlace(pointsQuestion(first, of, of.range));
  const named = metrics.map(
    (m) =>
      `(platform = ${quoted(m.platform)} and metric_type = ${quoted(m.metric_type)} and metric_name = ${quoted(m.metric_name)})`,
  );
  return `select metric_date, platform, metric_name, value, value_count
from daily_metrics
where metric_date between ${quoted(of.range.from)} and ${quoted(of.range.to)}
  and (${named.join("\n    or ")})
order by metric_date, platform, metric_name`;
}

/** What a page's points have in common. */
export type Where = Pick<Scope, "time_zone" | "range" | "filters">;

/** A question over all points of a page's days and conditions. */
export function overPoints(of: Where, text: (where: string) => string): Question {
  const params: string[] = [];
  const where = within(of, of.range, params);
  return { query: text(where), params };
}

interface Conditions {
  where: string;
  params: string[];
}

/** Points of a metric on these days of this zone, as conditions and values. */
function points(metric: MetricName, of: Where, days: { from: string; to: string } = of.range): Conditions {
  const params = [metric.platform, metric.metric_type, metric.metric_name];
  const where = `platform = $1 and metric_type = $2 and metric_name = $3\n  and ${within(of, days, params)}`;
  return { where, params };
}

/** These days of the page's zone, and its conditions. */
function within(of: Where, days: { from: string; to: string }, params: string[]): string {
  // The zone is no parameter: SQL takes it as a text alone.
  const zone = quoted(of.time_zone);
  const place = (value: string) => `$${params.push(value)}`;
  const conditions = [
    `recorded_at >= (cast(${place(days.from)} as timestamp) at time zone ${zone})`,
    `recorded_at < ((cast(${place(days.to)} as timestamp) + interval '1 day') at time zone ${zone})`,
    ...(of.filters ?? []).map((filter) => condition(filter, params)),
  ];
  return conditions.join("\n  and ");
}

const COLUMNS = new Set(["platform", "metric_type", "metric_name"]);
const COMPARED: Partial<Record<Operator, string>> = { gt: ">", gte: ">=", lt: "<", lte: "<=" };

/** A filter as a condition; its values go to the end of `params`. */
function condition({ dimension, operator, values }: Filter, params: string[]): string {
  const place = (value: string) => `$${params.push(value)}`;
  const field = COLUMNS.has(dimension) ? dimension : `dimensions->>${place(dimension)}`;
  switch (operator) {
    case "exists":
      return `${field} is not null`;
    case "missing":
      return `${field} is null`;
    case "in":
      return `${field} in (${values.map(place).join(", ")})`;
    case "not_in":
      return `(${field} is null or ${field} not in (${values.map(place).join(", ")}))`;
    default:
      return `try_cast(${field} as decimal(25, 9)) ${COMPARED[operator]} cast(${place(values[0] ?? "0")} as decimal(25, 9))`;
  }
}

/** What a question asked for, so that it can be shown: values in place of `$n`. */
export function inPlace({ query, params = [] }: Question): string {
  return query.replaceAll(/\$(\d+)/g, (whole, nth: string) => {
    const value = params[Number(nth) - 1];
    return value === undefined ? whole : typeof value === "string" ? quoted(value) : String(value);
  });
}

/** The newest points behind a number, on these days, or within one hour. */
export function pointsQuestion(metric: MetricName, of: Where, days: { from: string; to: string } | { hour: string }): Question {
  const { where, params } = points(metric, of, "hour" in days ? { from: days.hour.slice(0, 10), to: days.hour.slice(0, 10) } : days);
  const within =
    "hour" in days
      ? `\n  and recorded_at >= timestamptz ${quoted(days.hour)}\n  and recorded_at < timestamptz ${quoted(days.hour)} + interval '1 hour'`
      : "";
  return {
    query: `select recorded_at, metric_value, dimensions, event_id
from analytics_data_points
where ${where}${within}
order by recorded_at desc
limit 200`,
    params,
  };
}

/** Both sums of a ratio. */
export function ratioQuestion(metric: MetricName, kind: Extract<Kind, { kind: "ratio" }>, of: Where): Question {
  const { where, params } = points(metric, of);
  const below = `$${params.push(kind.denominator)}`;
  const above = `$${params.push(kind.numerator)}`;
  return {
    query: `select sum(cast(dimensions->>${below} as decimal(25, 9))) as below,
  sum(cast(dimensions->>${above} as decimal(25, 9))) as above
from analytics_data_points
where ${where}`,
    params,
  };
}

/** How many different values of dimensions there are, a column each. */
export function distinctQuestion(metric: MetricName, keys: string[], of: Where): Question {
  const { where, params } = points(metric, of);
  const columns = keys.map((key, at) => `count(distinct dimensions->>$${params.push(key)}) as different_${at + 1}`);
  return {
    query: `select ${columns.join(",\n  ")}
from analytics_data_points
where ${where}`,
    params,
  };
}

/** How many points are above zero, and how large the largest and smallest are. */
export function winsQuestion(metric: MetricName, of: Where): Question {
  const { where, params } = points(metric, of);
  return {
    query: `select count(*) as trades, count(*) filter (where metric_value > 0) as wins,
  max(metric_value) as best, min(metric_value) as worst
from analytics_data_points
where ${where}`,
    params,
  };
}

/** How the values of a metric are spread. */
export function spreadQuestion(metric: MetricName, of: Where): Question {
  const { where, params } = points(metric, of);
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
