// What the operator asks: all tenants, their plans, queries and records.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Asked } from "../api/questions";
import { useServer, type Refusal, type Schemas } from "../api/server";

export type TenantItem = Schemas["TenantItem"];
export type UsageRow = Schemas["UsageRow"];
export type QueryEntry = Schemas["QueryEntry"];
export type LimitView = Schemas["LimitView"];

/** Pages of tenants that are read at most. */
const MOST_PAGES = 20;

export function useTenants(): Asked<TenantItem[]> {
  const server = useServer();
  return useQuery<TenantItem[], Refusal>({
    queryKey: ["operator", "tenants"],
    queryFn: async ({ signal }) => {
      const all: TenantItem[] = [];
      let after: string | undefined;
      for (let page = 0; page < MOST_PAGES; page += 1) {
        const answer = await server.ask<Schemas["Tenants"]>("/api/admin/tenants", { query: { after }, signal });
        all.push(...answer.tenants);
        if (!answer.next) break;
        after = answer.next;
      }
      return all;
    },
  });
}

export function usePlans(): Asked<Schemas["PlanList"]> {
  const server = useServer();
  return useQuery<Schemas["PlanList"], Refusal>({
    queryKey: ["operator", "plans"],
    queryFn: ({ signal }) => server.ask("/api/admin/plans", { signal }),
  });
}

export function useLimits(tenant: string): Asked<Schemas["TenantLimitsView"]> {
  const server = useServer();
  return useQuery<Schemas["TenantLimitsView"], Refusal>({
    queryKey: ["operator", "limits", tenant],
    queryFn: ({ signal }) => server.ask(`/api/admin/tenants/${encodeURIComponent(tenant)}/limits`, { signal }),
  });
}

export function useAllUsage(from: string, to: string): Asked<UsageRow[]> {
  const server = useServer();
  return useQuery<UsageRow[], Refusal>({
    queryKey: ["operator", "usage", from, to],
    queryFn: async ({ signal }) =>
      (await server.ask<Schemas["UsageList"]>("/api/admin/usage", { query: { from, to }, accept: "application/json", signal })).usage,
    refetchInterval: 60_000,
  });
}

export interface QueryFilter {
  state: "ended" | "running";
  tenant: string | undefined;
  verdict: string | undefined;
}

export function useQueries(filter: QueryFilter): Asked<QueryEntry[]> {
  const server = useServer();
  return useQuery<QueryEntry[], Refusal>({
    queryKey: ["operator", "queries", filter],
    queryFn: async ({ signal }) => {
      const query = { ...filter, limit: 1000 };
      return (await server.ask<Schemas["Queries"]>("/api/admin/queries", { query, signal })).queries;
    },
    refetchInterval: filter.state === "running" ? 3_000 : 30_000,
  });
}

export function useAudit(filter: { tenant: string | undefined; action: string | undefined }): Asked<Schemas["AuditEntry"][]> {
  const server = useServer();
  return useQuery<Schemas["AuditEntry"][], Refusal>({
    queryKey: ["operator", "audit", filter],
    queryFn: async ({ signal }) =>
      (await server.ask<Schemas["AuditLog"]>("/api/admin/audit", { query: { ...filter, limit: 200 }, signal })).entries,
  });
}

/** What the operator changes. */
export type Change =
  | { what: "make tenant"; body: Schemas["NewTenant"] }
  | { what: "change tenant"; tenant: string; body: Schemas["TenantChange"] }
  | { what: "limit tenant"; tenant: string; body: Schemas["LimitChanges"] }
  | { what: "change plan"; plan: string; body: Schemas["LimitChanges"] }
  | { what: "cancel query"; id: string };

export function useChange() {
  const server = useServer();
  const cache = useQueryClient();
  return useMutation<unknown, Refusal, Change>({
    mutationFn: (change) => {
      const tenant = "tenant" in change ? `/api/admin/tenants/${encodeURIComponent(change.tenant)}` : "";
      switch (change.what) {
        case "make tenant":
          return server.ask("/api/admin/tenants", { method: "POST", body: change.body });
        case "change tenant":
          return server.ask(tenant, { method: "PATCH", body: change.body });
        case "limit tenant":
          return server.ask(`${tenant}/limits`, { method: "PUT", body: change.body });
        case "change plan":
          return server.ask(`/api/admin/plans/${encodeURIComponent(change.plan)}`, { method: "PUT", body: change.body });
        case "cancel query":
          return server.ask(`/api/admin/queries/${encodeURIComponent(change.id)}`, { method: "DELETE" });
      }
    },
    onSuccess: () => cache.invalidateQueries({ queryKey: ["operator"] }),
  });
}
