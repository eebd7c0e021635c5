// The questions that were asked, in this browser and for each tenant apart.

const KEPT = 50;

export interface Asked {
  query: string;
  at: string;
}

const key = (tenant: string) => `tessera-sql-${tenant}`;

export function asked(tenant: string): Asked[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key(tenant)) ?? "[]");
    return Array.isArray(kept) ? (kept as Asked[]) : [];
  } catch {
    return [];
  }
}

/** The newest first; the same question stands once. */
export function remembered(history: Asked[], query: string, at: string): Asked[] {
  return [{ query, at }, ...history.filter((a) => a.query !== query)].slice(0, KEPT);
}

export function remember(tenant: string, query: string): Asked[] {
  const history = remembered(asked(tenant), query, new Date().toISOString());
  localStorage.setItem(key(tenant), JSON.stringify(history));
  return history;
}

export function forget(tenant: string): void {
  localStorage.removeItem(key(tenant));
}
