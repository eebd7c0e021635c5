// The dimensions that a tenant's metrics have, and their largest values.

import { sameMetric, type DimensionTop, type MetricName } from "../api/answers";
import { asked, cellText, columnAt, metricText, useStructured } from "../api/query";
import { useDashboard } from "../api/questions";
import { useView } from "../navigate";

/** How many values are offered. */
const OFFERED = 30;

/** Each metric's dimensions, those that have values on the page's days. */
export function useTops(): DimensionTop[] {
  const view = useView();
  return useDashboard({ ...view, filters: [], compare: "none" }).data?.top_values ?? [];
}

/** The different keys, of some metrics or all. */
export function keysOf(tops: DimensionTop[], metrics?: MetricName[]): string[] {
  const some = metrics ? tops.filter((t) => metrics.some((m) => sameMetric(m, t))) : tops;
  return [...new Set(some.map((t) => t.key))].sort();
}

/** The largest values of a dimension, by the points of a metric that has it. */
export function useDimensionValues(dimension: string): string[] {
  const view = useView();
  const of = useTops().find((t) => t.key === dimension);
  const answer = useStructured(
    of
      ? {
          metrics: [{ metric: metricText(of), aggregate: "count", as: "points" }],
          dimensions: [dimension],
          ...asked({ ...view, filters: [], compare: "none" }),
          top: { limit: OFFERED, other: false },
        }
      : null,
  );
  const { data } = answer;
  if (!data || !data.columns.some((c) => c.name === dimension)) return [];
  return data.rows.flatMap((row) => cellText(row, columnAt(data, dimension)) ?? []);
}
