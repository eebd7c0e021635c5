// The structured question that panels ask: metrics by dimensions over time.
//
// Panels state what they want in this shape. Until the server answers it at one
// address, `dashboardParams` carries what the dashboard's address can, and
// `beyondDashboard` names the rest, so that no panel asks for it unnoticed.

import type { Exact } from "./exact";
import type { Kind, MetricName } from "./answers";

export type Granularity = "quarter_hour" | "hour" | "day" | "week" | "month" | "total";

export interface Filter {
  /** A dimension's key. */
  dimension: string;
  op: "in" | "not_in";
  values: string[];
}

export interface QueryRequest {
  metrics: MetricName[];
  dimensions: string[];
  filters: Filter[];
  time_range: { last: string } | { from: string; to: string };
  granularity: Granularity;
  time_zone: string | null;
  compare: "none" | "previous" | "year";
  /** Only the largest, the others added up as one. */
  top: { limit: number; by: MetricName } | null;
  order: { by: "time" | "value" | "name"; descending: boolean };
  /** Whether buckets without points are answered as gaps. */
  fill: "gaps" | "none";
  totals: boolean;
}

export interface QueryColumn {
  name: string;
  type: "time" | "text" | "decimal" | "int64" | "boolean";
  metric: MetricName | null;
  kind: Kind | null;
  /** Whether the column is of the period compared with. */
  previous: boolean;
}

export interface QueryAnswer {
  columns: QueryColumn[];
  rows: (Exact | number | boolean | null)[][];
  totals: (Exact | null)[] | null;
  complete: boolean;
  as_of: string;
  version: number;
  source: "rollup" | "raw";
  stats: { files: number; rows_scanned: number; bytes_scanned: number };
}

/** The parameters of the dashboard's address that ask the same. */
export function dashboardParams(
  of: Pick<QueryRequest, "time_range" | "time_zone" | "compare">,
): Record<string, string | undefined> {
  const range =
    "last" in of.time_range
      ? { time_range: of.time_range.last }
      : { from: of.time_range.from, to: of.time_range.to };
  return {
    ...range,
    compare: of.compare === "none" ? undefined : "previous",
    tz: of.time_zone ?? undefined,
    decimals: "string",
  };
}

/** What of a question the dashboard's address cannot carry. */
export function beyondDashboard(of: QueryRequest): string[] {
  const beyond: string[] = [];
  if (of.filters.length > 0) beyond.push("filters");
  if (of.dimensions.length > 1) beyond.push("dimensions");
  if (of.granularity !== "day" && of.granularity !== "total") beyond.push("granularity");
  if (of.compare === "year") beyond.push("compare");
  if (of.top && of.top.limit !== 10) beyond.push("top");
  return beyond;
}
