// The answers' shapes. Decimals are asked for as text, so that no digit is lost
// on the way; the document describes their default form, numbers.

import type { Exact } from "./exact";
import type { Filter } from "./query";
import type { Schemas } from "./server";
import type { Grain } from "../view";

/** Distributes over unions, so that a kind keeps its own fields. */
type Decimals<T, Names extends PropertyKey> = T extends unknown
  ? Omit<T, Names> & { [N in Names]: Exact | null }
  : never;

export type Kind = Schemas["Kind"];
export type MetricName = Schemas["MetricName"];
export type MetricTotal = Decimals<
  Schemas["MetricTotal"],
  "value" | "previous" | "change" | "change_percent"
>;
export type Day = Decimals<Schemas["Day"], "value"> & {
  /** Its time has not begun. */
  ahead?: boolean;
};
export type MetricSeries = Omit<Schemas["MetricSeries"], "days"> & { days: Day[] };
export type DimensionValue = Decimals<Schemas["DimensionValue"], "value">;
export type DimensionTop = Omit<
  Decimals<Schemas["DimensionTop"], "other" | "without">,
  "values"
> & { values: DimensionValue[] | null };
export type Insight = Schemas["Insight"];
export type InsightSide = Schemas["InsightSide"];
/** Of what every number of an answer is. */
export type Scope = Pick<
  Schemas["Dashboard"],
  "version" | "as_of" | "time_zone" | "range" | "previous_range" | "unfinished_day" | "source"
> & {
  /** How long a bucket of time is; a day when left out. */
  grain?: Grain;
  /** What points must have, beside the range. */
  filters?: Filter[];
};

export type Dashboard = Scope & {
  totals: MetricTotal[];
  series: MetricSeries[];
  top_values: DimensionTop[];
  insights: Insight[];
};

export type Metric = Schemas["Metric"];
export type Platform = Schemas["Platform"];
export type SignedIn = Schemas["SignedIn"];
export type RejectedPoint = Schemas["Point"];

/** A cell of an SQL answer: decimals and times are texts. */
export type Cell = string | number | boolean | null;
export interface SqlAnswer {
  columns: { name: string; type: string }[];
  rows: Cell[][];
  row_count: number;
  complete: boolean;
  version: number;
  as_of: string;
  stats: { files: number; rows_scanned: number; bytes_scanned: number };
}

/** Whether two names are of one metric. */
export function sameMetric(a: MetricName, b: MetricName): boolean {
  return metricId(a) === metricId(b);
}

/** A metric's name as one text, for keys and addresses. */
export function metricId(of: MetricName): string {
  return [of.platform, of.metric_type, of.metric_name].map((part) => encodeURIComponent(part).replaceAll("!", "%21")).join("/");
}

/** The metric that a text of `metricId` names. */
export function metricOf(id: string): MetricName | null {
  try {
    const parts = id.split("/").map(decodeURIComponent);
    const [platform, metric_type, metric_name] = parts;
    if (parts.length !== 3 || !platform || !metric_type || !metric_name) return null;
    return { platform, metric_type, metric_name };
  } catch {
    // Half of a percent sign names nothing.
    return null;
  }
}
