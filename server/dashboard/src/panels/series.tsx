// Metrics over days, as lines or stacked bars; a day leads to what is behind it.

import { useCallback, useMemo, useState } from "react";
import { metricId, sameMetric, type Dashboard, type Kind, type MetricName } from "../api/answers";
import { sum, type Exact } from "../api/exact";
import { Chart } from "../charts/chart";
import { timeSeriesOption, type Line, type Look } from "../charts/time-series";
import { day, full } from "../format";
import { Dot } from "../frame/icons";
import { Empty } from "../frame/notice";
import { kindWords, written } from "../metrics";
import { setParams, setView } from "../navigate";
import { dailySql } from "../sql-text";
import { Panel } from "./panel";
import type { Column } from "./table";

export interface Shown {
  name: string;
  /** A CSS custom property. */
  colour: string;
  metric: MetricName;
  kind: Kind;
}

interface DayRow {
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
  /** Running totals in place of each day's own. */
  cumulative?: boolean;
  definition?: string;
}) {
  const { name, shown, dashboard, previous, cumulative } = props;
  const additive = shown.every((s) => s.kind.kind === "sum");
  const canStack = shown.length > 1 && additive && !cumulative;
  const [shape, setShape] = useState<"lines" | "bars">("lines");
  const rows = useMemo(
    () => dayRows(dashboard, previous, shown, cumulative ?? false),
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
        look,
      }),
    [rows, shown, drawn, previous],
  );
  const first = shown[0];
  if (!first || rows.every((r) => r.values.every((v) => v === null))) {
    return (
      <Panel title={name} name={name}>
        {() => (
          <Empty title="No data on these days">
            <p className="soft">Choose a longer time range.</p>
          </Empty>
        )}
      </Panel>
    );
  }
  const pick = (at: number) => {
    const date = rows[at]?.date;
    if (date) setParams({ drill: metricId(first.metric), day: date, key: null, value: null });
  };
  const brush = (from: number, to: number) => {
    const [a, b] = [rows[from]?.date, rows[Math.min(to, rows.length - 1)]?.date];
    if (a && b) setView({ from: a, to: b });
  };
  const definition =
    props.definition ?? shown.map((s) => (shown.length > 1 ? `${s.name}: ${kindWords(s.kind)}` : kindWords(s.kind))).join(" ");
  return (
    <Panel
      title={name}
      name={name}
      note={seriesNote(dashboard, previous, drawn)}
      origin={{ definition, metrics: shown.map((s) => s.metric), sql: dailySql(shown.map((s) => s.metric), dashboard.range) }}
      dashboard={dashboard}
      behind={{ columns: dayColumns(shown, previous !== undefined), rows }}
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
            label={`${name} by day; the same numbers can be shown as a table`}
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

function seriesNote(dashboard: Dashboard, previous: Dashboard | undefined, shape: string): string {
  const parts = [];
  if (dashboard.unfinished_day) parts.push(shape === "bars" ? "Today is pale: so far" : "Today is dashed: so far");
  if (previous && shape === "lines") parts.push(`thin line: ${day(previous.range.from)} – ${day(previous.range.to)}`);
  return parts.join("; ");
}

/** Days with the values of each series, and of the days compared with. */
export function dayRows(
  dashboard: Pick<Dashboard, "series">,
  previous: Pick<Dashboard, "series"> | undefined,
  shown: Shown[],
  cumulative: boolean,
): DayRow[] {
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

/** Each day's value with all before it added. */
export function runningTotals<D extends { value: Exact | null }>(days: D[]): D[] {
  let total: Exact | null = null;
  return days.map((d) => {
    total = sum([total, d.value]);
    return { ...d, value: total };
  });
}

function dayColumns(shown: Shown[], compared: boolean): Column<DayRow>[] {
  const columns: Column<DayRow>[] = [
    { name: "Day", value: (r) => r.date, show: (r) => day(r.date, "long") + (r.finished ? "" : " (so far)") },
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
