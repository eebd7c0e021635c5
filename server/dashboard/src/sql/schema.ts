// The tenant's own tables and columns, as its SQL sees them.

import { useQuery } from "@tanstack/react-query";
import { askSql } from "../api/questions";
import type { Asked } from "../api/questions";
import { Refusal, useServer } from "../api/server";

export interface TableShape {
  name: string;
  columns: { name: string; type: string }[];
}

const TABLES = [
  "analytics_data_points",
  "daily_metrics",
  "weekly_metrics",
  "monthly_metrics",
  "daily_sketches",
  "metrics",
  "platforms",
  "usage",
  "query_log",
  "audit_log",
];

/** Tables that this server does not have are left out. */
export function useTables(): Asked<TableShape[]> {
  const server = useServer();
  return useQuery<TableShape[], Refusal>({
    queryKey: ["tables"],
    queryFn: async ({ signal }) => {
      const shapes = await Promise.all(
        TABLES.map(async (name) => {
          try {
            const { columns } = await askSql(server, { query: `select * from ${name} limit 0` }, signal);
            return [{ name, columns }];
          } catch (error) {
            if (error instanceof Refusal && error.status === 400) return [];
            throw error;
          }
        }),
      );
      return shapes.flat();
    },
    staleTime: 5 * 60_000,
  });
}

/** A key's largest values, to be put into a query. */
export function useSamples(key: string | null): string[] {
  const server = useServer();
  const answer = useQuery<string[], Refusal>({
    queryKey: ["samples", key],
    queryFn: async ({ signal }) => {
      const query =
        "select dimensions->>$1 as value, count(*) from analytics_data_points where dimensions->>$1 is not null group by 1 order by 2 desc limit 8";
      const { rows } = await askSql(server, { query, params: [key] }, signal);
      return rows.map((row) => String(row[0]));
    },
    enabled: key !== null,
    staleTime: 5 * 60_000,
  });
  return answer.data ?? [];
}

/** Dimension keys, from the columns that hold them. */
export function dimensionKeys(tables: TableShape[]): string[] {
  const points = tables.find((t) => t.name === "analytics_data_points");
  return (points?.columns ?? []).flatMap((c) => (c.name.startsWith("dim_") ? [c.name.slice(4)] : []));
}
