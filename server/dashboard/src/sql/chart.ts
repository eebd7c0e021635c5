// Whether an answer can be drawn, and how: by its first time or name, and its
// numbers.

import type { Cell, SqlAnswer } from "../api/answers";

export interface Drawing {
  shape: "lines" | "bars";
  labels: string[];
  series: { name: string; values: (string | null)[] }[];
}

/** More bars than this tell nothing. */
const MOST_BARS = 60;
const MOST_SERIES = 6;

const isNumber = (type: string) => /^(int|float|decimal|uint)/.test(type);
const isTime = (type: string) => /^(date|timestamp)/.test(type);
const text = (cell: Cell | undefined) => (cell === null || cell === undefined ? null : String(cell));

/** `null` when there is nothing to draw by, or too much. */
export function drawingOf(answer: SqlAnswer): Drawing | null {
  const { columns, rows } = answer;
  const time = columns.findIndex((c) => isTime(c.type));
  const by = time !== -1 ? time : columns.findIndex((c) => !isNumber(c.type));
  const numbers = columns.flatMap((c, at) => (isNumber(c.type) ? [at] : [])).slice(0, MOST_SERIES);
  if (by === -1 || numbers.length === 0 || rows.length < 2) return null;
  if (time === -1 && rows.length > MOST_BARS) return null;
  const ordered =
    time === -1 ? rows : [...rows].sort((a, b) => String(a[by]).localeCompare(String(b[by])));
  return {
    shape: time === -1 ? "bars" : "lines",
    labels: ordered.map((r) => text(r[by]) ?? ""),
    series: numbers.map((at) => ({
      name: columns[at]?.name ?? "",
      values: ordered.map((r) => text(r[at])),
    })),
  };
}
