// What is explored, as a structured question and as SQL.

import { sameMetric, type Kind, type Metric, type MetricName, type Scope } from "../api/answers";
import { asked, metricText, type Granularity, type QueryRequest } from "../api/query";
import { kindOf } from "../board/compose";
import { metricTitle } from "../metrics";
import type { Exploring, Measure } from "../panels/address";
import { inPlace, overPoints, quoted } from "../sql-text";
import { grainOf, type View } from "../view";

/** A measure's column: a short name that no metric's can collide with. */
export const measureColumn = (at: number) => `m${at}`;

const AGGREGATE_WORDS = { count: "number of points", avg: "mean", min: "smallest", max: "largest" } as const;

export function measureTitle({ metric, aggregate }: Measure): string {
  return aggregate ? `${metricTitle(metric)}, ${AGGREGATE_WORDS[aggregate]}` : metricTitle(metric);
}

export function exploreQuestion(of: Exploring, view: View): QueryRequest | null {
  if (of.measures.length === 0) return null;
  const granularity: Granularity = of.overTime ? grainOf(view) : "all";
  return {
    metrics: of.measures.map(({ metric, aggregate }, at) => ({
      metric: metricText(metric),
      as: measureColumn(at),
      ...(aggregate ? { aggregate } : {}),
    })),
    dimensions: of.dimensions,
    ...asked(view),
    granularity,
    totals: true,
    ...(of.dimensions.length > 0 ? { top: { by: measureColumn(0), limit: of.top, other: true } } : {}),
  };
}

/** The kind of a measure: an aggregate is a number of its own. */
export function measureKind(of: Measure, metrics: Metric[]): Kind {
  const known = metrics.find((m) => sameMetric(m, of.metric));
  return of.aggregate || !known ? { kind: "sum" } : kindOf(known);
}

/** Whether values of several groups add up to the whole. */
export function addsUp(of: Measure, metrics: Metric[]): boolean {
  if (of.aggregate === "count") return true;
  return of.aggregate === null && measureKind(of, metrics).kind === "sum";
}

/** The same over raw points; null where a kind is no expression of SQL. */
export function exploreSql(of: Exploring, metrics: Metric[], scope: Scope): string | null {
  const columns: string[] = [];
  if (of.overTime) columns.push(`date_trunc(${quoted(scope.grain ?? "day")}, recorded_at at time zone ${quoted(scope.time_zone)}) as "time"`);
  for (const key of of.dimensions) columns.push(`dimensions->>${quoted(key)} as "${key.replaceAll('"', '""')}"`);
  const groups = columns.length;
  for (const measure of of.measures) {
    const expression = measureSql(measure, measureKind(measure, metrics));
    if (!expression) return null;
    columns.push(`${expression} as "${measureTitle(measure).replaceAll('"', '""')}"`);
  }
  const places = Array.from({ length: groups }, (_, at) => at + 1).join(", ");
  const query = overPoints(scope, (where) =>
    [`select ${columns.join(",\n  ")}`, "from analytics_data_points", `where ${where}`, ...(groups ? [`group by ${places}`, `order by ${places}`] : [])].join("\n"),
  );
  return inPlace(query);
}

function measureSql({ metric, aggregate }: Measure, kind: Kind): string | null {
  const only = `filter (where ${isMetric(metric)})`;
  switch (aggregate) {
    case "count":
      return `count(*) ${only}`;
    case "avg":
    case "min":
    case "max":
      return `${aggregate}(metric_value) ${only}`;
    case null:
      break;
  }
  const sum = (key: string) => `sum(cast(dimensions->>${quoted(key)} as decimal(25, 9))) ${only}`;
  switch (kind.kind) {
    case "sum":
      return `sum(metric_value) ${only}`;
    case "ratio":
      return `${sum(kind.numerator)} / nullif(${sum(kind.denominator)}, 0)`;
    case "distinct":
      return `count(distinct dimensions->>${quoted(kind.dimension)}) ${only}`;
    case "gauge":
      return null;
  }
}

function isMetric(of: MetricName): string {
  return `platform = ${quoted(of.platform)} and metric_type = ${quoted(of.metric_type)} and metric_name = ${quoted(of.metric_name)}`;
}
