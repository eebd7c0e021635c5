// What all tenants used and store, by day and by tenant.

import { useCallback } from "react";
import { Chart } from "../charts/chart";
import { timeSeriesOption, type Look } from "../charts/time-series";
import { bytes, full } from "../format";
import { Empty, Failed, Skeleton } from "../frame/notice";
import { Panel } from "../panels/panel";
import { useAllUsage, type UsageRow } from "./ask";
import { lastDays, summed } from "./tenants";

const SHOWN: { name: keyof UsageRow & ("points" | "sql_queries" | "scanned_bytes" | "cpu_us"); title: string; unit: "number" | "bytes" }[] = [
  { name: "points", title: "Points accepted", unit: "number" },
  { name: "sql_queries", title: "SQL queries", unit: "number" },
  { name: "scanned_bytes", title: "Bytes scanned", unit: "bytes" },
  { name: "cpu_us", title: "CPU of queries, microseconds", unit: "number" },
];

/** Tenants that get a colour; the others are added up. */
const MOST_TENANTS = 6;

export function UsageTab() {
  const { from, to } = lastDays(Date.now());
  const usage = useAllUsage(from, to);
  if (usage.error) return <Failed error={usage.error} retry={() => void usage.refetch()} />;
  if (!usage.data) return <Skeleton height={480} />;
  if (usage.data.length === 0) return <Empty title="Nothing was used in thirty days" />;
  return (
    <>
      <Storage usage={usage.data} />
      <div className="columns half">
        {SHOWN.map((of) => (
          <ByDay key={of.name} {...of} usage={usage.data} />
        ))}
      </div>
    </>
  );
}

function Storage({ usage }: { usage: UsageRow[] }) {
  const tenants = [...new Set(usage.map((r) => r.tenant))]
    .map((tenant) => ({ tenant, stored: summed(usage.filter((r) => r.tenant === tenant)).stored }))
    .sort((a, b) => b.stored - a.stored);
  const all = tenants.reduce((sum, t) => sum + t.stored, 0);
  const most = tenants[0]?.stored ?? 0;
  return (
    <Panel
      title="Storage"
      name="Storage"
      note={`${bytes(all)} of points in all; looked at every hour`}
      behind={{
        columns: [
          { name: "Tenant", value: (t: (typeof tenants)[number]) => t.tenant },
          { name: "Bytes", number: true, value: (t) => t.stored, show: (t) => full(t.stored) },
        ],
        rows: tenants,
      }}
    >
      {() => (
        <ol className="bars">
          {tenants.slice(0, 12).map((t) => (
            <li key={t.tenant} className="bar-row">
              <span className="name" title={t.tenant}>
                {t.tenant}
              </span>
              <svg viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true" color="var(--accent)">
                <rect width={most === 0 ? 0 : (t.stored / most) * 100} height="12" fill="currentColor" opacity="0.85" />
              </svg>
              <span className="number">{bytes(t.stored)}</span>
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}

function ByDay({ name, title, unit, usage }: (typeof SHOWN)[number] & { usage: UsageRow[] }) {
  const today = new Date().toISOString().slice(0, 10);
  const days = [...new Set(usage.map((r) => r.day))].sort();
  const sizes = [...new Set(usage.map((r) => r.tenant))]
    .map((tenant) => ({ tenant, all: usage.filter((r) => r.tenant === tenant).reduce((sum, r) => sum + r[name], 0) }))
    .sort((a, b) => b.all - a.all);
  const shown = sizes.slice(0, MOST_TENANTS).map((s) => s.tenant);
  const others = sizes.length > shown.length;
  const rows = days.map((day) => {
    const of = (tenants: (tenant: string) => boolean) =>
      usage.filter((r) => r.day === day && tenants(r.tenant)).reduce((sum, r) => sum + r[name], 0);
    return { day, values: [...shown.map((tenant) => of((t) => t === tenant)), ...(others ? [of((t) => !shown.includes(t))] : [])] };
  });
  const names = [...shown, ...(others ? ["All others"] : [])];
  const state = JSON.stringify(rows);
  const option = useCallback(
    (look: Look, resolve: (property: string) => string) =>
      timeSeriesOption({
        lines: names.map((tenant, at) => ({
          name: tenant,
          colour: at < shown.length ? resolve(`--platform-${at + 1}`) : look.soft,
          points: rows.map((r) => ({ date: r.day, value: String(r.values[at] ?? 0), finished: r.day < today })),
        })),
        shape: "bars",
        unit,
        look,
      }),
    [state, unit, today],
  );
  return (
    <Panel
      title={title}
      name={title}
      note="By UTC day; today so far is pale"
      behind={{
        columns: [
          { name: "Day", value: (r: (typeof rows)[number]) => r.day },
          ...names.map((tenant, at) => ({ name: tenant, number: true, value: (r: (typeof rows)[number]) => r.values[at] ?? 0, show: (r: (typeof rows)[number]) => full(r.values[at]) })),
        ],
        rows,
      }}
    >
      {(picture) => (
        <>
          <ul className="legend">
            {names.map((tenant, at) => (
              <li key={tenant}>
                <svg width="9" height="9" aria-hidden="true" color={at < shown.length ? `var(--platform-${at + 1})` : "var(--ink-soft)"}>
                  <rect width="9" height="9" rx="2" fill="currentColor" />
                </svg>
                {tenant}
              </li>
            ))}
          </ul>
          <Chart label={`${title} by day; the same numbers can be shown as a table`} option={option} picture={picture} />
        </>
      )}
    </Panel>
  );
}
