// The questions that pages ask, each with its key in the cache.

import {
  keepPreviousData,
  useMutation,
  useQuery,
  useQueryClient,
  type UseQueryResult,
} from "@tanstack/react-query";
import type {
  Dashboard,
  Metric,
  MetricName,
  Platform,
  RejectedPoint,
  SignedIn,
  SqlAnswer,
} from "./answers";
import { FRESH_MS } from "./query";
import { useServer, type Refusal, type Schemas, type Server } from "./server";
import type { View } from "../view";

export type Asked<T> = UseQueryResult<T, Refusal>;

/** Who is signed in. */
export function useSignedIn(): Asked<SignedIn> {
  const server = useServer();
  return useQuery<SignedIn, Refusal>({
    queryKey: ["session"],
    queryFn: ({ signal }) => server.ask("/api/session", { signal }),
    staleTime: 60_000,
  });
}

export function useSignIn() {
  const server = useServer();
  const cache = useQueryClient();
  return useMutation<SignedIn, Refusal, string>({
    mutationFn: (key) => server.ask("/api/session", { method: "POST", body: { key } }),
    onSuccess: (who) => {
      // Nothing that another tenant's key answered may be shown to this one.
      cache.removeQueries({ predicate: (query) => query.queryKey[0] !== "session" });
      cache.setQueryData(["session"], who);
    },
  });
}

export function useSignOut() {
  const server = useServer();
  return useMutation<void, Refusal, void>({
    mutationFn: () => server.ask("/api/session", { method: "DELETE" }),
    onSuccess: () => window.location.assign("/"),
  });
}

/** The parameters of the dashboard's address for a view. */
function dashboardParams(view: View): Record<string, string | undefined> {
  const range = view.from !== null && view.to !== null ? { from: view.from, to: view.to } : { time_range: view.last };
  return { ...range, compare: view.compare === "none" ? undefined : "previous", tz: view.zone ?? undefined, decimals: "string" };
}

/** The dashboard of all platforms: it says which dimensions there are, and what moves together. */
export function useDashboard(view: View): Asked<Dashboard> {
  const server = useServer();
  const query = dashboardParams(view);
  return useQuery<Dashboard, Refusal>({
    queryKey: ["dashboard", query],
    queryFn: ({ signal }) => server.ask("/api/analytics/dashboard", { query, signal }),
    placeholderData: keepPreviousData,
    refetchInterval: FRESH_MS,
  });
}

/** A platform's dimensions, those too that only raw points know. */
export function useAllTops(platform: string, view: View): Dashboard["top_values"] | undefined {
  const server = useServer();
  const query = { ...dashboardParams({ ...view, compare: "none" }), top: "all" };
  const answer = useQuery<Dashboard, Refusal>({
    queryKey: ["tops", platform, query],
    queryFn: ({ signal }) =>
      server.ask(`/api/analytics/platforms/${encodeURIComponent(platform)}/dashboard`, { query, signal }),
    staleTime: 60_000,
  });
  return answer.data?.top_values;
}

export interface Question {
  query: string;
  params?: (string | number | boolean | null)[];
}

/** An answer of SQL; decimals as text. */
export function askSql(server: Server, question: Question, signal?: AbortSignal): Promise<SqlAnswer> {
  return server.ask("/api/analytics/sql", {
    method: "POST",
    query: { decimals: "string" },
    body: question,
    signal,
  });
}

/** An answer of SQL that is kept until the tenant's version moves on. */
export function useSql(question: Question | null, version: number | undefined): Asked<SqlAnswer> {
  const server = useServer();
  return useQuery<SqlAnswer, Refusal>({
    queryKey: ["sql", question, version],
    queryFn: ({ signal }) => askSql(server, question ?? { query: "" }, signal),
    enabled: question !== null && version !== undefined,
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function usePlatforms(): Asked<Platform[]> {
  const server = useServer();
  return useQuery<Platform[], Refusal>({
    queryKey: ["platforms"],
    queryFn: async ({ signal }) =>
      (await server.ask<Schemas["Platforms"]>("/api/analytics/platforms", { signal })).platforms,
    staleTime: 5 * 60_000,
  });
}

export function useMetrics(): Asked<Metric[]> {
  const server = useServer();
  return useQuery<Metric[], Refusal>({
    queryKey: ["metrics"],
    queryFn: async ({ signal }) =>
      (await server.ask<Schemas["Metrics"]>("/api/analytics/metrics", { signal })).metrics,
    staleTime: 60_000,
  });
}

export function useDefineMetric() {
  const server = useServer();
  const cache = useQueryClient();
  return useMutation<
    Schemas["DefinitionSet"],
    Refusal,
    { metric: MetricName; definition: Schemas["NewDefinition"] }
  >({
    mutationFn: ({ metric, definition }) => {
      const path = [metric.platform, metric.metric_type, metric.metric_name];
      return server.ask(`/api/analytics/metrics/${path.map(encodeURIComponent).join("/")}`, {
        method: "PUT",
        body: definition,
      });
    },
    onSuccess: () => cache.invalidateQueries(),
  });
}

export interface RejectedFilter {
  field?: string | undefined;
  platform?: string | undefined;
}

export function useRejected(
  filter: RejectedFilter,
): Asked<{ entries: RejectedPoint[]; next_cursor?: string }> {
  const server = useServer();
  return useQuery<{ entries: RejectedPoint[]; next_cursor?: string }, Refusal>({
    queryKey: ["quarantine", filter],
    queryFn: ({ signal }) =>
      server.ask("/api/analytics/quarantine", { query: { ...filter, limit: 200 }, signal }),
  });
}

/** What to do with rejected points. */
export type Remedy =
  | { what: "replay"; id: string; corrected?: unknown }
  | { what: "replay all"; filter: RejectedFilter }
  | { what: "drop"; id: string };

export function useRemedy() {
  const server = useServer();
  const cache = useQueryClient();
  return useMutation<Schemas["Replayed"] | undefined, Refusal, Remedy>({
    mutationFn: (remedy) => {
      const path = "/api/analytics/quarantine";
      switch (remedy.what) {
        case "replay":
          return server.ask(`${path}/${remedy.id}/replay`, { method: "POST", body: remedy.corrected });
        case "replay all":
          return server.ask(`${path}/replay`, { method: "POST", body: { filter: remedy.filter } });
        case "drop":
          return server.ask(`${path}/${remedy.id}`, { method: "DELETE" });
      }
    },
    onSettled: () => cache.invalidateQueries({ queryKey: ["quarantine"] }),
  });
}

export function useErasures(): Asked<Schemas["Erasure"][]> {
  const server = useServer();
  return useQuery<Schemas["Erasure"][], Refusal>({
    queryKey: ["erasures"],
    queryFn: async ({ signal }) =>
      (await server.ask<Schemas["Erasures"]>("/api/analytics/erasures", { signal })).erasures,
  });
}

export function useErase() {
  const server = useServer();
  const cache = useQueryClient();
  return useMutation<Schemas["Erasure"], Refusal, { dimension: string; value: string }>({
    mutationFn: (body) => server.ask("/api/analytics/erasures", { method: "POST", body }),
    onSuccess: () => cache.invalidateQueries(),
  });
}

export function useRetention() {
  const server = useServer();
  const cache = useQueryClient();
  return useMutation<Schemas["RetentionAnswer"], Refusal, { dry_run: boolean }>({
    mutationFn: (body) => server.ask("/api/analytics/retention", { method: "POST", body }),
    onSuccess: (answer) => (answer.dry_run ? undefined : cache.invalidateQueries()),
  });
}

/** Whether the server can serve; asked every ten seconds. */
export function useHealth(path: "/health/live" | "/health/ready"): Asked<Schemas["Health"]> {
  const server = useServer();
  return useQuery<Schemas["Health"], Refusal>({
    queryKey: ["health", path],
    queryFn: ({ signal }) => server.ask(path, { signal }),
    refetchInterval: 10_000,
    retry: false,
  });
}
