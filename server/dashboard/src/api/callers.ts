// Keys and roles of a tenant, and what its plan allows.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Asked } from "./questions";
import { useServer, type Refusal, type Schemas } from "./server";

export type KeyItem = Schemas["KeyItem"];
export type UsedLimit = Schemas["UsedLimit"];

export function useKeys(): Asked<KeyItem[]> {
  const server = useServer();
  return useQuery<KeyItem[], Refusal>({
    queryKey: ["keys"],
    queryFn: async ({ signal }) => (await server.ask<Schemas["ApiKeys"]>("/api/analytics/keys", { signal })).keys,
  });
}

export function useMakeKey() {
  const server = useServer();
  const cache = useQueryClient();
  return useMutation<Schemas["MadeKey"], Refusal, Schemas["NewKey"]>({
    mutationFn: (body) => server.ask("/api/analytics/keys", { method: "POST", body }),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["keys"] }),
    // The key is shown once, and is kept nowhere when its dialog has gone.
    gcTime: 0,
  });
}

export function useRevokeKey() {
  const server = useServer();
  const cache = useQueryClient();
  return useMutation<void, Refusal, string>({
    mutationFn: (id) => server.ask(`/api/analytics/keys/${encodeURIComponent(id)}`, { method: "DELETE" }),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["keys"] }),
  });
}

export function useRoles(): Asked<Schemas["RoleItem"][]> {
  const server = useServer();
  return useQuery<Schemas["RoleItem"][], Refusal>({
    queryKey: ["roles"],
    queryFn: async ({ signal }) => (await server.ask<Schemas["Roles"]>("/api/analytics/roles", { signal })).roles,
  });
}

export function useUsage(): Asked<Schemas["Usage"]> {
  const server = useServer();
  return useQuery<Schemas["Usage"], Refusal>({
    queryKey: ["usage"],
    queryFn: ({ signal }) => server.ask("/api/analytics/usage", { signal }),
    refetchInterval: 30_000,
  });
}
