// The tenant's own tables and columns, as its SQL sees them.

import { useQuery } from "@tanstack/react-query";
import { askSql } from "../api/questions";
import type { Asked } from "../api/questions";
import { Refusal } from "../api/request";

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
];

/** Tables that this server does not have are left out. */
export function useTables(): Asked<TableShape[]> {
  return useQuery<TableShape[], Refusal>({
    queryKey: ["tables"],
    queryFn: async ({ signal }) => {
      const shapes = await Promise.all(
        TABLES.map(async (name) => {
          try {
            const { columns } = await askSql({ query: `select * from ${name} limit 0` }, signal);
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

/** Dimension keys, from the columns that hold them. */
export function dimensionKeys(tables: TableShape[]): string[] {
  const points = tables.find((t) => t.name === "analytics_data_points");
  return (points?.columns ?? []).flatMap((c) => (c.name.startsWith("dim_") ? [c.name.slice(4)] : []));
}
