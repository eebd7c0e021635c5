// The answer of what is explored, as lines, bars and rows.

import type { Kind } from "../api/answers";
import { changePercent, type Exact } from "../api/exact";
import { cellText, columnAt, type QueryAnswer, type QueryCell } from "../api/query";
import { isAhead, isOver } from "../board/buckets";
import { valueName } from "../panels/ranking";
import type { Grain } from "../view";

export interface Group {
  /** The values of the dimensions; empty for the whole. */
  values: (string | null)[];
  name: string;
  /** Of all groups that are not listed. */
  other: boolean;
}

export interface GroupLine extends Group {
  /** Which measure it is of. */
  measure: number;
  points: { date: string; value: Exact | null; finished: boolean }[];
  previous: (Exact | null)[] | undefined;
}

export interface ShownRow extends Group {
  start: string | null;
  finished: boolean;
  values_of: (Exact | null)[];
  previous_of: (Exact | null)[];
  change: (number | null)[];
}

/** Rows as a table has them. */
export function shownRows(answer: QueryAnswer, dimensions: string[], measures: string[]): ShownRow[] {
  const time = columnAt(answer, "time", "time");
  const values = measures.map((name) => columnAt(answer, name, "metric"));
  const before = measures.map((name) => columnAt(answer, `${name}_previous`, "previous"));
  return answer.rows.map((row) => {
    const start = cellText(row, time);
    const ahead = start !== null && isAhead(start, answer.granularity as Grain, answer.as_of, answer.time_zone);
    const values_of = values.map((at) => (ahead ? null : cellText(row, at)));
    const previous_of = before.map((at) => cellText(row, at));
    return {
      ...groupOf(answer, row, dimensions),
      start,
      finished: start === null || isOver(start, answer.granularity as Grain, answer.as_of, answer.time_zone),
      values_of,
      previous_of,
      change: values_of.map((value, at) => changePercent(value, previous_of[at])),
    };
  });
}

function groupOf(answer: QueryAnswer, row: QueryCell[], dimensions: string[]): Group {
  const at = columnAt(answer, "other", "other");
  const other = at !== -1 && row[at] === true;
  const values = dimensions.map((key) => cellText(row, columnAt(answer, key, "dimension")));
  return { values, other, name: other ? "All others" : values.map(valueName).join(", ") };
}

/** A line for each measure, or for each group of the first. */
export function groupLines(rows: ShownRow[], measures: string[], grouped: boolean, compared: boolean): GroupLine[] {
  if (!grouped) {
    return measures.map((name, measure) => ({
      values: [],
      other: false,
      name,
      measure,
      points: rows.map((r) => ({ date: r.start ?? "", value: r.values_of[measure] ?? null, finished: r.finished })),
      previous: compared ? rows.map((r) => r.previous_of[measure] ?? null) : undefined,
    }));
  }
  const dates = [...new Set(rows.map((r) => r.start ?? ""))];
  const groups = new Map<string, ShownRow[]>();
  for (const row of rows) {
    const key = JSON.stringify([row.other, row.values]);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()].flatMap((of) => {
    const first = of[0];
    // A group may have points of another measure alone.
    if (!first || of.every((r) => r.values_of[0] == null)) return [];
    const by = new Map(of.map((r) => [r.start ?? "", r]));
    return {
      values: first.values,
      other: first.other,
      name: first.name,
      measure: 0,
      points: dates.map((date) => ({
        date,
        value: by.get(date)?.values_of[0] ?? null,
        finished: by.get(date)?.finished ?? rows.find((r) => r.start === date)?.finished ?? true,
      })),
      previous: undefined,
    };
  });
}

/** The unit of all measures together. */
export function unitOf(kinds: Kind[]): "number" | "ratio" {
  return kinds.every((kind) => kind.kind === "ratio") ? "ratio" : "number";
}
