/** Answers. */

import type { Json } from "./ingest.js";

/** Times and days are texts; decimals are texts where `decimals` is `string`. */
export type Cell = Json;

/** A column of an answer. */
export interface Column {
  name: string;
  /** Such as `text`, `int64`, `decimal(25,9)`, `timestamptz`. */
  type: string;
}

/** The answer to a query. */
export interface Answer<Row = Record<string, Cell>> {
  columns: Column[];
  /** The rows, each by the columns' names. */
  rows: Row[];
  /** Whether these are all rows; false when the plan's limit cut them. */
  complete: boolean;
  /** The tenant's version that the answer is of. */
  version: number;
  /** When that version was seen. */
  as_of: string;
  /** What it took. */
  stats: { files: number; rows_scanned: number; bytes_scanned: number };
  /** The query's id, in the query log and for cancelling it. */
  queryId: string | undefined;
}

/** A column of the answer to a structured question. */
export interface QuestionColumn {
  name: string;
  role: "time" | "dimension" | "metric" | "previous" | "other";
  type: "date" | "timestamp" | "text" | "decimal" | "boolean";
  /** How a metric's number is made: `sum`, `ratio`, `gauge`, … */
  kind?: string | null;
  /** Where a metric's numbers come from: `rollup` or `raw`. */
  source?: string | null;
}

/** A metric over the whole range. */
export interface Total {
  name: string;
  value: number | string | null;
  previous?: number | string | null;
  /** The change in per cent of the magnitude of `previous`. */
  change_percent?: number | string | null;
}

/** The answer to a structured question. Rows are never cut. */
export interface QuestionAnswer {
  columns: QuestionColumn[];
  /** The rows, each by the columns' names. */
  rows: Record<string, Cell>[];
  /** Each metric over the whole range; none unless asked for. */
  totals: Total[];
  /** The days that are shown, both ends included. */
  range: { from: string; to: string; days: number };
  previous_range?: { from: string; to: string; days: number } | null;
  time_zone: string;
  granularity: string;
  /** How many groups there are, listed or not. */
  groups: number;
  version: number;
  as_of: string;
}

/** Rows as arrays of cells, by the columns' names. */
export function named(columns: { name: string }[], rows: Cell[][]): Record<string, Cell>[] {
  return rows.map((row) => Object.fromEntries(columns.map(({ name }, place) => [name, row[place] ?? null])));
}
