// Queries that are kept by name, what runs, and what a query would cost.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Asked } from "../api/questions";
import { useServer, type Refusal, type Schemas } from "../api/server";

export type Endpoint = Schemas["SavedQuery"];
export type ParameterType = Schemas["ParameterType"];

export function useEndpoints(): Asked<Endpoint[]> {
  const server = useServer();
  return useQuery<Endpoint[], Refusal>({
    queryKey: ["endpoints"],
    queryFn: async ({ signal }) =>
      (await server.ask<Schemas["SavedQueries"]>("/api/analytics/saved-queries", { signal })).saved_queries,
    staleTime: 60_000,
  });
}

export function useSaveEndpoint() {
  const server = useServer();
  const cache = useQueryClient();
  return useMutation<Endpoint, Refusal, { name: string; body: Schemas["NewSavedQuery"] }>({
    mutationFn: ({ name, body }) =>
      server.ask(`/api/analytics/saved-queries/${encodeURIComponent(name)}`, { method: "PUT", body }),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["endpoints"] }),
  });
}

export function useRemoveEndpoint() {
  const server = useServer();
  const cache = useQueryClient();
  return useMutation<void, Refusal, string>({
    mutationFn: (name) => server.ask(`/api/analytics/saved-queries/${encodeURIComponent(name)}`, { method: "DELETE" }),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["endpoints"] }),
  });
}

const WHILE_BUSY_MS = 2_000;
const WHILE_IDLE_MS = 15_000;

export function useRunning(busy: boolean): Asked<Schemas["QueryEntry"][]> {
  const server = useServer();
  return useQuery<Schemas["QueryEntry"][], Refusal>({
    queryKey: ["running"],
    queryFn: async ({ signal }) =>
      (await server.ask<Schemas["Queries"]>("/api/analytics/queries", { query: { state: "running" }, signal })).queries,
    refetchInterval: busy ? WHILE_BUSY_MS : WHILE_IDLE_MS,
  });
}

export function useCancel() {
  const server = useServer();
  const cache = useQueryClient();
  return useMutation<unknown, Refusal, string>({
    mutationFn: (id) => server.ask(`/api/analytics/queries/${encodeURIComponent(id)}`, { method: "DELETE" }),
    onSettled: () => cache.invalidateQueries({ queryKey: ["running"] }),
  });
}

/** What a query would read, before it reads anything. */
export function useCost() {
  const server = useServer();
  return useMutation<Schemas["SqlPlan"], Refusal, string>({
    mutationFn: (query) => server.ask("/api/analytics/sql", { method: "POST", body: { query, dry_run: true } }),
  });
}

/** Places of a query that a call fills, in the order they first stand. */
export function parameterNames(query: string): string[] {
  const plain = query
    .replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\//g, " ")
    // What stands in a string is no place.
    .replaceAll(/'(?:[^']|'')*'/g, "''");
  const found = plain.matchAll(/\$([A-Za-z_]\w*)|\{\{\s*([A-Za-z_]\w*)\s*\}\}/g);
  return [...new Set([...found].map((match) => match[1] ?? match[2] ?? ""))];
}
