// Metrics over time, as lines or stacked bars; a bucket leads to what is behind it.

import { useCallback, useMemo, useState } from "react";
import { metricId, sameMetric, type Dashboard, type Kind, type MetricName, type Scope } from "../api/answers";
import { sum, type Exact } from "../api/exact";
import { askedOverTime, metricText } from "../api/query";
import { bucket, cutAtStart, daysWithin, GRAIN_WORDS } from "../board/buckets";
import { Chart } from "../charts/chart";
import { timeSeriesOption, type Line, type Look } from "../charts/time-series";
import { day, dayRange, full } from "../format";
import { Dot } from "../frame/icons";
import { Empty } from "../frame/notice";
import { kindWords, written } from "../metrics";
import { useNavigate, useView } from "../navigate";
import { metricsSql } from "../sql-text";
import { drillParams, exploringParams } from "./address";
import { Panel } from "./panel";
import type { Column } from "./table";

export interface Shown {
  name: string;
  /** A CSS custom property. */
  colour: string;
  metric: MetricName;
  kind: Kind;
}

interface BucketRow {
  date: string;
  finished: boolean;
  values: (Exact | null)[];
  previous: (Exact | null)[];
}

export function SeriesPanel(props: {
  name: string;
  shown: Shown[];
  dashboard: Dashboard;
  previous: Dashboard | undefined;
  tall?: boolean;
  /** Running totals in place of each bucket's own. */
  cumulative?: boolean;
  definition?: string;
}) {
  const { name, shown, dashboard, previous, cumulative } = props;
  const { setParams, setView, keepView } = useNavigate();
  const view = useView();
  const grain = dashboard.grain ?? "day";
  const additive = shown.every((s) => s.kind.kind === "sum");
  const canStack = shown.length > 1 && additive && !cumulative;
  const [shape, setShape] = useState<"lines" | "bars">("lines");
  const rows = useMemo(
    () => bucketRows(dashboard, previous, shown, cumulative ?? false),
    [dashboard, previous, shown, cumulative],
  );
  const drawn = canStack ? shape : "lines";
  const option = useCallback(
    (look: Look, resolve: (property: string) => string) =>
      timeSeriesOption({
        lines: shown.map((s, at): Line => ({
          name: s.name,
          colour: resolve(s.colour),
          points: rows.map((r) => ({ date: r.date, finished: r.finished, value: r.values[at] ?? null })),
          ...(previous && drawn === "lines" ? { previous: rows.map((r) => r.previous[at] ?? null) } : {}),
        })),
        shape: drawn,
        unit: shown.every((s) => s.kind.kind === "ratio") ? "ratio" : "number",
        grain,
        look,
      }),
    [rows, shown, drawn, previous, grain],
  );
  const first = shown[0];
  if (!first || rows.every((r) => r.values.every((v) => v === null))) {
    return (
      <Panel title={name} name={name}>
        {() => (
          <Empty title="No data on these days">
            <p className="soft">Choose a longer time range{view.filters.length > 0 ? ", or take a filter away" : ""}.</p>
          </Empty>
        )}
      </Panel>
    );
  }
  const pick = (at: number) => {
    const start = rows[at]?.date;
    if (start) setParams(drillParams({ metric: first.metric, start, filters: [] }));
  };
  const brush = (from: number, to: number) => {
    const [a, b] = [rows[from]?.date, rows[Math.min(to, rows.length - 1)]?.date];
    if (a && b) setView({ from: daysWithin(a, dashboard).from, to: daysWithin(b, dashboard).to });
  };
  const definition =
    props.definition ?? shown.map((s) => (shown.length > 1 ? `${s.name}: ${kindWords(s.kind)}` : kindWords(s.kind))).join(" ");
  const metrics = shown.map((s) => s.metric);
  return (
    <Panel
      title={name}
      name={name}
      note={seriesNote(dashboard, previous, drawn, rows[0]?.date)}
      origin={{
        definition,
        metrics,
        sql: metricsSql(metrics, dashboard),
        request: { metrics: metrics.map(metricText), ...askedOverTime(view), totals: true },
      }}
      scope={dashboard}
      explore={keepView("/app/explore", exploringParams({ measures: metrics.map((metric) => ({ metric, aggregate: null })), dimensions: [], overTime: true, top: 8, shape: drawn }))}
      behind={{ columns: bucketColumns(shown, previous !== undefined, dashboard), rows }}
      tools={
        canStack && (
          <div className="segments" role="group" aria-label="Shape">
            {(["lines", "bars"] as const).map((one) => (
              <button key={one} type="button" aria-pressed={shape === one} onClick={() => setShape(one)}>
                {one === "lines" ? "Lines" : "Stacked"}
              </button>
            ))}
          </div>
        )
      }
    >
      {(picture) => (
        <>
          {shown.length > 1 && (
            <ul className={drawn === "bars" ? "legend" : "legend when-narrow"}>
              {shown.map((s) => (
                <li key={metricId(s.metric)}>
                  <Dot colour={s.colour} />
                  {s.name}
                </li>
              ))}
            </ul>
          )}
          <Chart
            label={`${name} by ${GRAIN_WORDS[grain]}; the same numbers can be shown as a table`}
            option={option}
            tall={props.tall ?? false}
            onPick={pick}
            onBrush={brush}
            picture={picture}
          />
        </>
      )}
    </Panel>
  );
}

/** What of a chart's edges is not whole, and what the thin line is. */
export function seriesNote(scope: Scope, previous: Scope | undefined, shape: string, first: string | undefined): string {
  const parts = [];
  const last = scope.unfinished_day;
  if (last) {
    const grain = scope.grain ?? "day";
    const said = grain === "day" ? "Today" : `This ${GRAIN_WORDS[grain]}`;
    parts.push(shape === "bars" ? `${said} is pale: so far` : `${said} is dashed: so far`);
  }
  if (cutAtStart(first, scope)) parts.push(`the first ${GRAIN_WORDS[scope.grain ?? "day"]} begins ${day(scope.range.from)}`);
  if (previous && shape === "lines") parts.push(`thin line: ${dayRange(previous.range.from, previous.range.to)}`);
  const text = parts.join("; ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Buckets with the values of each series, and of the period compared with. */
export function bucketRows(
  dashboard: Pick<Dashboard, "series">,
  previous: Pick<Dashboard, "series"> | undefined,
  shown: Shown[],
  cumulative: boolean,
): BucketRow[] {
  const of = (board: Pick<Dashboard, "series"> | undefined, metric: MetricName) => {
    const days = board?.series.find((s) => sameMetric(s, metric))?.days ?? [];
    return cumulative ? runningTotals(days) : days;
  };
  const now = shown.map((s) => of(dashboard, s.metric));
  const before = shown.map((s) => of(previous, s.metric));
  const days = now.find((d) => d.length > 0) ?? [];
  return days.map((d, at) => ({
    date: d.date,
    finished: d.finished,
    values: now.map((values) => values[at]?.value ?? null),
    previous: before.map((values) => values[at]?.value ?? null),
  }));
}

/** Each bucket's value with all before it added. */
export function runningTotals<D extends { value: Exact | null; ahead?: boolean }>(days: D[]): D[] {
  let total: Exact | null = null;
  return days.map((d) => {
    if (d.ahead) return d;
    total = sum([total, d.value]);
    return { ...d, value: total };
  });
}

function bucketColumns(shown: Shown[], compared: boolean, scope: Scope): Column<BucketRow>[] {
  const grain = scope.grain ?? "day";
  const name = GRAIN_WORDS[grain];
  const columns: Column<BucketRow>[] = [
    {
      name: name.charAt(0).toUpperCase() + name.slice(1),
      value: (r) => r.date,
      show: (r) => bucket(r.date, grain, "long") + (r.finished ? "" : " (so far)"),
    },
  ];
  shown.forEach((s, at) => {
    const value = (of: Exact | null | undefined) => (s.kind.kind === "ratio" ? written(s.kind, of).full : full(of));
    columns.push({ name: s.name, number: true, value: (r) => r.values[at] ?? null, show: (r) => value(r.values[at]) });
    if (compared) {
      columns.push({
        name: shown.length > 1 ? `${s.name}, before` : "Before",
        number: true,
        value: (r) => r.previous[at] ?? null,
        show: (r) => value(r.previous[at]),
      });
    }
  });
  return columns;
}
