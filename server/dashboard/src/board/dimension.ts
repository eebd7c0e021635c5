// A metric by the values of one dimension.

import type { MetricName } from "../api/answers";
import { changePercent, type Exact } from "../api/exact";
import { asked, cellText, columnAt, metricText, useStructured, type QueryAnswer, type QueryRequest } from "../api/query";
import type { Refusal } from "../api/server";
import type { View } from "../view";

export interface Ranked {
  /** Null: the points that do not have the dimension. */
  name: string | null;
  value: Exact | null;
  count: number;
  before: Exact | null;
  changePercent: number | null;
}

export interface Ranking {
  rows: Ranked[];
  /** How many values there are, listed or not. */
  values: number;
  /** What the others come to; null where that is no number. */
  other: Exact | null;
  compared: boolean;
}

export interface AskedRanking {
  data: Ranking | undefined;
  error: Refusal | null;
  refetch: () => void;
  request: QueryRequest;
}

export function rankingQuestion(metric: MetricName, dimension: string, view: View, limit: number): QueryRequest {
  return {
    metrics: [
      { metric: metricText(metric), as: "value" },
      { metric: metricText(metric), aggregate: "count", as: "points" },
    ],
    dimensions: [dimension],
    ...asked(view),
    top: { by: "value", limit, other: true },
  };
}

export function rankingOf(answer: QueryAnswer, dimension: string): Ranking {
  const at = columnAt(answer, dimension, "dimension");
  const [value, points, before] = [
    columnAt(answer, "value", "metric"),
    columnAt(answer, "points", "metric"),
    columnAt(answer, "value_previous", "previous"),
  ];
  const other = columnAt(answer, "other", "other");
  const isOther = (row: (typeof answer.rows)[number]) => other !== -1 && row[other] === true;
  const rows = answer.rows
    .filter((row) => !isOther(row))
    .map((row): Ranked => {
      const [now, was] = [cellText(row, value), cellText(row, before)];
      return {
        name: cellText(row, at),
        value: now,
        count: Number(cellText(row, points) ?? 0),
        before: was,
        changePercent: changePercent(now, was),
      };
    });
  const rest = answer.rows.find(isOther);
  return {
    rows,
    values: answer.groups,
    other: rest ? cellText(rest, value) : null,
    compared: answer.previous_range != null,
  };
}

export function useRanking(metric: MetricName, dimension: string, view: View, limit: number): AskedRanking {
  const request = rankingQuestion(metric, dimension, view, limit);
  const answer = useStructured(request);
  const data = answer.data && rankingOf(answer.data, dimension);
  return { data, error: answer.error, refetch: () => void answer.refetch(), request };
}
