// What panels write into the address: what was drilled into, and what is
// explored.

import { metricId, metricOf, type MetricName } from "../api/answers";
import type { Aggregate, Filter } from "../api/query";
import { filtersOf, filtersText } from "../view";

/** What is behind a number: a bucket of time, values of dimensions, or both. */
export interface Drilled {
  metric: MetricName;
  /** Where the bucket begins. */
  start: string | null;
  filters: Filter[];
}

export function drillParams({ metric, start, filters }: Drilled): Record<string, string | null> {
  return { drill: metricId(metric), at: start, of: filtersText(filters) || null };
}

export const NO_DRILL = { drill: null, at: null, of: null };

export function drilledOf(params: URLSearchParams): Drilled | null {
  const metric = metricOf(params.get("drill") ?? "");
  if (!metric) return null;
  const at = params.get("at");
  return {
    metric,
    start: at !== null && /^\d{4}-\d{2}-\d{2}(T[\d:+Z-]+)?$/.test(at) ? at : null,
    filters: filtersOf(params.get("of") ?? ""),
  };
}

/** A dimension's value as a condition; null stands for the points that lack it. */
export function valueFilter(dimension: string, value: string | null): Filter {
  return value === null
    ? { dimension, operator: "missing", values: [] }
    : { dimension, operator: "in", values: [value] };
}

export interface Measure {
  metric: MetricName;
  /** In place of what its kind makes of it. */
  aggregate: Aggregate | null;
}

export const AGGREGATES: Aggregate[] = ["count", "avg", "min", "max"];

/** What the page that explores shows. */
export interface Exploring {
  measures: Measure[];
  dimensions: string[];
  /** Over time, or over the whole range. */
  overTime: boolean;
  top: number;
  shape: "lines" | "bars";
}

export function exploringOf(params: URLSearchParams): Exploring {
  const measures = (params.get("m") ?? "").split(",").flatMap((text): Measure[] => {
    const [id = "", aggregate] = text.split("!");
    const metric = metricOf(id);
    return metric ? [{ metric, aggregate: AGGREGATES.find((a) => a === aggregate) ?? null }] : [];
  });
  const top = Number.parseInt(params.get("top") ?? "", 10);
  return {
    measures,
    dimensions: (params.get("dim") ?? "").split(",").filter(Boolean).map(decoded),
    overTime: params.get("over") !== "all",
    top: top >= 1 && top <= 100 ? top : 8,
    shape: params.get("as") === "bars" ? "bars" : "lines",
  };
}

export function exploringParams(of: Exploring): Record<string, string | null> {
  const measures = of.measures.map((m) => metricId(m.metric) + (m.aggregate ? `!${m.aggregate}` : ""));
  return {
    m: measures.join(",") || null,
    dim: of.dimensions.map(encodeURIComponent).join(",") || null,
    over: of.overTime ? null : "all",
    top: of.top === 8 ? null : String(of.top),
    as: of.shape === "bars" ? "bars" : null,
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
