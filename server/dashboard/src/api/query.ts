// The structured question behind every panel: metrics by dimensions over time.

import { keepPreviousData, useQuery, type UseQueryOptions } from "@tanstack/react-query";
import type { MetricName } from "./answers";
import type { Exact } from "./exact";
import { useServer, type Refusal, type Schemas, type Server } from "./server";
import { grainOf, type View } from "../view";

export type Granularity = Schemas["Granularity"];
export type Operator = Schemas["FilterOperator"];
export type Aggregate = Schemas["Aggregate"];

export interface Filter {
  /** A dimension's key, or `platform`, `metric_type`, `metric_name`. */
  dimension: string;
  operator: Operator;
  values: string[];
}

/** As the document has it, but for what it shows by one of its forms alone. */
export type QueryRequest = Omit<Schemas["QueryRequest"], "filters" | "time_range" | "decimals" | "metrics"> & {
  metrics: (string | Schemas["MetricObject"])[];
  filters?: Filter[];
  time_range: string | { from: string; to: string };
};

export type QueryCell = Exact | number | boolean | null;
export type QueryColumn = Schemas["QueryColumn"];
export interface QueryTotal {
  name: string;
  value: Exact | null;
  previous: Exact | null;
  change_percent: Exact | null;
}
export type QueryAnswer = Omit<Schemas["QueryAnswer"], "rows" | "totals"> & {
  rows: QueryCell[][];
  totals: QueryTotal[] | null;
};

/** How often numbers are asked for again while the page is looked at. */
export const FRESH_MS = 30_000;

/** A metric as a question names it. */
export function metricText(of: MetricName): string {
  return [of.platform, of.metric_type, of.metric_name].join("/");
}

/** What a view says of every question on its page. */
export function asked(view: View): Pick<QueryRequest, "time_range" | "time_zone" | "compare" | "filters"> {
  return {
    time_range: view.from !== null && view.to !== null ? { from: view.from, to: view.to } : view.last,
    time_zone: view.zone,
    compare: view.compare,
    filters: view.filters,
  };
}

/** The same, over time. */
export function askedOverTime(view: View): ReturnType<typeof asked> & { granularity: Granularity } {
  return { ...asked(view), granularity: grainOf(view) };
}

/** How a structured question is asked, kept and asked again. */
export function queryOptions(server: Server, request: QueryRequest | null): UseQueryOptions<QueryAnswer, Refusal> {
  return {
    queryKey: ["query", request],
    queryFn: ({ signal }) =>
      server.ask("/api/analytics/query", { method: "POST", body: { ...request, decimals: "string" }, signal }),
    enabled: request !== null,
    placeholderData: keepPreviousData,
    refetchInterval: FRESH_MS,
  };
}

export function useStructured(request: QueryRequest | null) {
  return useQuery<QueryAnswer, Refusal>(queryOptions(useServer(), request));
}

/** Where a column of this name and role is in each row; -1 when it is not. */
export function columnAt(answer: QueryAnswer, name: string, role?: string): number {
  return answer.columns.findIndex((c) => c.name === name && (role === undefined || c.role === role));
}

/** A cell as an exact decimal or text. */
export function cellText(row: QueryCell[], at: number): Exact | null {
  const cell = at === -1 ? null : row[at];
  return cell === null || cell === undefined ? null : String(cell);
}
