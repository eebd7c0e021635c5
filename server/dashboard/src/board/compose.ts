// The numbers of a page, made of the answers to its structured questions.

import { sameMetric, type Dashboard, type DimensionTop, type Insight, type Kind, type Metric, type MetricName } from "../api/answers";
import { difference } from "../api/exact";
import {
  askedOverTime,
  cellText,
  columnAt,
  metricText,
  type QueryAnswer,
  type QueryRequest,
} from "../api/query";
import type { Grain, View } from "../view";
import { isAhead, isOver } from "./buckets";

/** Each metric is asked for by value and count, and a question has 16 at most. */
export const METRICS_PER_QUESTION = 8;

export interface Board {
  dashboard: Dashboard;
  /** The same of the period compared with. */
  previous: Dashboard | undefined;
  view: View;
}

/** The questions that give these metrics over time, with their totals. */
export function boardQuestions(metrics: MetricName[], view: View): QueryRequest[] {
  const questions: QueryRequest[] = [];
  for (let at = 0; at < metrics.length; at += METRICS_PER_QUESTION) {
    const some = metrics.slice(at, at + METRICS_PER_QUESTION);
    questions.push({
      metrics: some.flatMap((of, nth) => [
        { metric: metricText(of), as: `value_${nth}` },
        { metric: metricText(of), aggregate: "count" as const, as: `points_${nth}` },
      ]),
      ...askedOverTime(view),
      totals: true,
    });
  }
  return questions;
}

/** What the questions of `boardQuestions` were answered, as one. */
export function composed(
  metrics: Metric[],
  view: View,
  answers: QueryAnswer[],
  known: { tops: DimensionTop[]; insights: Insight[] },
): Board | null {
  const first = answers[0];
  if (!first) return null;
  // Of the answer: while another is awaited, the page shows the one before.
  const grain = first.granularity as Grain;
  const { version, as_of, time_zone, range } = first;
  const before = first.previous_range ?? null;
  const buckets = first.rows.map((row) => cellText(row, 0) ?? "");
  const unfinished = buckets.find((start) => !isOver(start, grain, as_of, time_zone));
  const raw = answers.some((a) => a.columns.some((c) => c.source === "raw"));
  const scope = {
    version,
    as_of,
    time_zone,
    range,
    source: raw ? ("raw" as const) : ("rollup" as const),
    grain,
    filters: view.filters,
  };
  const dashboard: Dashboard = {
    ...scope,
    previous_range: before,
    unfinished_day: unfinished ?? null,
    totals: [],
    series: [],
    top_values: known.tops.filter((t) => metrics.some((m) => sameMetric(m, t))),
    insights: known.insights,
  };
  const previous: Dashboard = {
    ...scope,
    range: before ?? range,
    previous_range: null,
    unfinished_day: null,
    totals: [],
    series: [],
    top_values: [],
    insights: [],
  };
  metrics.forEach((metric, at) => {
    const answer = answers[Math.floor(at / METRICS_PER_QUESTION)];
    if (!answer) return;
    const nth = at % METRICS_PER_QUESTION;
    const total = answer.totals?.find((t) => t.name === `value_${nth}`);
    const points = answer.totals?.find((t) => t.name === `points_${nth}`);
    const [value, count] = [columnAt(answer, `value_${nth}`), columnAt(answer, `points_${nth}`)];
    const [was, counted] = [columnAt(answer, `value_${nth}_previous`), columnAt(answer, `points_${nth}_previous`)];
    const name = { platform: metric.platform, metric_type: metric.metric_type, metric_name: metric.metric_name };
    const days = (of: number, counts: number) =>
      answer.rows.map((row) => {
        const date = cellText(row, 0) ?? "";
        const ahead = isAhead(date, grain, as_of, time_zone) && of === value;
        return {
          date,
          count: Number(cellText(row, counts) ?? 0),
          value: ahead ? null : cellText(row, of),
          finished: isOver(date, grain, as_of, time_zone),
          ...(ahead ? { ahead } : {}),
        };
      });
    dashboard.series.push({ ...name, days: days(value, count) });
    if (before) previous.series.push({ ...name, days: days(was, counted) });
    dashboard.totals.push({
      ...name,
      ...kindOf(metric),
      assumed: metric.assumed,
      source: answer.columns[value]?.source === "raw" ? "raw" : "rollup",
      count: Number(points?.value ?? 0),
      value: total?.value ?? null,
      previous_count: before ? Number(points?.previous ?? 0) : null,
      previous: total?.previous ?? null,
      change: difference(total?.value, total?.previous),
      change_percent: total?.change_percent ?? null,
    });
  });
  return { dashboard, previous: before ? previous : undefined, view };
}

/** A definition's kind, and nothing else of it. */
export function kindOf(metric: Metric): Kind {
  switch (metric.kind) {
    case "sum":
      return { kind: metric.kind };
    case "gauge":
      return { kind: metric.kind, ...(metric.combine ? { combine: metric.combine } : {}), ...(metric.series ? { series: metric.series } : {}) };
    case "ratio":
      return { kind: metric.kind, numerator: metric.numerator, denominator: metric.denominator };
    case "distinct":
      return { kind: metric.kind, dimension: metric.dimension };
  }
}
