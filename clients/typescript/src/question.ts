/** The parts of a structured question. */

import type { Json } from "./ingest.js";

export type Aggregate = "count" | "avg" | "min" | "max";
export type Granularity = "all" | "hour" | "day" | "week" | "month" | "quarter" | "year";

/**
 * One number of each row: `metric` (`platform/type/name`, with `*` for any),
 * answered by its kind or by an `aggregate`, or one metric's sum by another's;
 * `as` names its column.
 */
export type Metric =
  | string
  | { metric: string; aggregate?: Aggregate; as?: string }
  | { numerator: string; denominator: string; as?: string };

/** A condition on a dimension. */
export interface Filter {
  dimension: string;
  operator: "in" | "not_in" | "exists" | "missing" | "gt" | "gte" | "lt" | "lte";
  values?: Json[];
}

/** Which groups are listed: the largest, and the others added up beside them. */
export interface Top {
  limit: number;
  by?: string;
  other?: boolean;
}

/** One key of the order of rows: `time`, a dimension or a metric's column. */
export interface Order {
  by: string;
  descending?: boolean;
}

/** A structured question. */
export interface Question {
  metrics: Metric[];
  /** Dimension keys, or `platform`, `metric_type`, `metric_name`; at most four. */
  dimensions?: string[];
  /** Which points take part; all conditions hold together. */
  filters?: Filter[];
  /** `30d` (the default), `12w`, `12m`, `1y`, or two days, both included. */
  time_range?: string | { from: string; to: string };
  /** The zone that days begin in; the tenant's own when left out. */
  time_zone?: string;
  granularity?: Granularity;
  compare?: "none" | "previous" | "year";
  top?: Top;
  order?: Order[];
  /** What stands where a group has no points in a bucket. */
  fill?: "null" | "zero" | "previous" | "none";
  totals?: boolean;
  /** `string` keeps all digits of decimals. */
  decimals?: "number" | "string";
}
