// What the plan allows and how much of it is used.

import { useCallback } from "react";
import type { SignedIn } from "../api/answers";
import { useUsage, type UsedLimit } from "../api/callers";
import { useSql } from "../api/questions";
import { Chart } from "../charts/chart";
import { timeSeriesOption, type Look } from "../charts/time-series";
import { bytes, full, moment, percent, words } from "../format";
import { Top } from "../frame/frame";
import { Empty, Failed, Skeleton } from "../frame/notice";
import { Panel } from "../panels/panel";

const SPANS: Record<string, string> = {
  day: "each UTC day",
  held: "held at once",
  each: "each time",
  server: "on each server",
};

export default function UsagePage({ who }: { who: SignedIn }) {
  const usage = useUsage();
  return (
    <>
      <Top title="Plan and usage" />
      <div className="page">
        {usage.error ? (
          <Failed error={usage.error} retry={() => void usage.refetch()} />
        ) : !usage.data ? (
          <Skeleton height={480} />
        ) : (
          <section className="panel" aria-label="Limits">
            <h2>
              {who.tenant} has the plan {usage.data.plan}
            </h2>
            <Limits limits={usage.data.limits} />
          </section>
        )}
        <ByDay />
      </div>
    </>
  );
}

function Limits({ limits }: { limits: UsedLimit[] }) {
  const counted = limits.filter((l) => l.used != null && l.allowed != null);
  const others = limits.filter((l) => !counted.includes(l));
  return (
    <>
      <ul className="meters">
        {counted.map((limit) => (
          <li key={limit.name}>
            <Meter limit={limit} />
          </li>
        ))}
      </ul>
      <details>
        <summary>Other limits</summary>
        <dl className="facts">
          {others.map((limit) => (
            <div key={limit.name} style={{ display: "contents" }}>
              <dt>{words(limit.name)}</dt>
              <dd>
                {limit.allowed == null ? "no limit" : amount(limit.name, limit.allowed)} <span className="soft">{limit.of}</span>
              </dd>
            </div>
          ))}
        </dl>
      </details>
    </>
  );
}

/** Bytes and milliseconds as people say them. */
export function amount(name: string, value: number): string {
  if (name.includes("bytes")) return bytes(value);
  if (name.endsWith("_ms")) return `${full(value / 1000)} s`;
  return full(value);
}

/** From here on a limit is worth a look. */
const NEAR = 0.8;

function Meter({ limit }: { limit: UsedLimit }) {
  const [used, allowed] = [limit.used ?? 0, limit.allowed ?? 0];
  const share = allowed === 0 ? 1 : used / allowed;
  const state = share >= 1 ? "used up" : share >= NEAR ? "nearly used up" : "";
  const colour = share >= 1 ? "var(--bad)" : share >= NEAR ? "var(--warn)" : "var(--accent)";
  return (
    <>
      <span className="name">
        {words(limit.name)} <span className="soft small">{SPANS[limit.span] ?? limit.span}</span>
      </span>
      <svg viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label={`${percent(share, 1)} used`} color={colour}>
        <rect width="100" height="8" rx="1" fill="var(--line)" />
        <rect width={Math.min(100, share * 100)} height="8" rx="1" fill="currentColor" />
      </svg>
      <span className="number">
        {amount(limit.name, used)} of {amount(limit.name, allowed)}
      </span>
      <span className="soft small note">
        {[state, limit.of, limit.resets_at ? `counts anew ${moment(limit.resets_at)}` : ""].filter(Boolean).join("; ")}
      </span>
    </>
  );
}

const COLUMNS = [
  ["points", "Points accepted"],
  ["sql_queries", "SQL queries"],
  ["dashboards", "Dashboards"],
  ["scanned_bytes", "Bytes scanned"],
] as const;

/** Days of which usage is shown. */
const DAYS = 30;

function ByDay() {
  const query = `select day, ${COLUMNS.map(([name]) => name).join(", ")} from usage order by day desc limit ${DAYS}`;
  const answer = useSql({ query }, 0);
  if (answer.error) return <Failed error={answer.error} retry={() => void answer.refetch()} />;
  if (!answer.data) return <Skeleton height={240} />;
  if (answer.data.rows.length === 0) return <Empty title="Nothing was used yet" />;
  const rows = answer.data.rows.toReversed();
  return (
    <div className="columns half">
      {COLUMNS.map(([name, title], at) => (
        <Used key={name} title={title} rows={rows.map((row) => ({ date: String(row[0]), value: String(row[at + 1] ?? "0") }))} isBytes={name === "scanned_bytes"} />
      ))}
    </div>
  );
}

function Used({ title, rows, isBytes }: { title: string; rows: { date: string; value: string }[]; isBytes: boolean }) {
  const today = new Date().toISOString().slice(0, 10);
  const option = useCallback(
    (look: Look, resolve: (property: string) => string) =>
      timeSeriesOption({
        lines: [{ name: title, colour: resolve("--accent"), points: rows.map((r) => ({ ...r, finished: r.date < today })) }],
        shape: "bars",
        unit: isBytes ? "bytes" : "number",
        look,
      }),
    [rows, title, today, isBytes],
  );
  return (
    <Panel
      title={title}
      name={title}
      note="By UTC day; today so far is pale"
      behind={{
        columns: [
          { name: "Day", value: (r: { date: string; value: string }) => r.date },
          { name: title, number: true, value: (r) => r.value, show: (r) => (isBytes ? bytes(Number(r.value)) : full(r.value)) },
        ],
        rows,
      }}
    >
      {(picture) => <Chart label={`${title} by day; the same numbers can be shown as a table`} option={option} picture={picture} />}
    </Panel>
  );
}
