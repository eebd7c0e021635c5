// An answer drawn: over time, by values, or as its numbers.

import { useCallback, useMemo } from "react";
import type { Kind, Scope } from "../api/answers";
import type { QueryAnswer } from "../api/query";
import { bucket, daysWithin, GRAIN_WORDS } from "../board/buckets";
import { Chart } from "../charts/chart";
import { timeSeriesOption, type Look } from "../charts/time-series";
import { full, signedPercent, words } from "../format";
import { Dot } from "../frame/icons";
import { Empty } from "../frame/notice";
import { written } from "../metrics";
import type { TakePicture } from "../panels/panel";
import { Bars } from "../panels/ranking";
import type { Column } from "../panels/table";
import { useLooks } from "../platforms";
import type { Grain } from "../view";
import { groupLines, shownRows, unitOf, type ShownRow } from "./shown";

export type ChartKind = "line" | "bars" | "stacked";

/** A measure of an answer, as it is said and drawn. */
export interface Measured {
  /** Its column. */
  column: string;
  title: string;
  kind: Kind;
  /** A CSS custom property; by its place when left out. */
  colour?: string | undefined;
  /** Whether groups of it add up to the whole. */
  adds: boolean;
}

const COLOURS = 8;

export interface Viewed {
  answer: QueryAnswer;
  dimensions: string[];
  measures: Measured[];
  chart: ChartKind;
  scope: Scope;
  /** What the numbers are of, for those who do not see the picture. */
  label: string;
  picture: TakePicture;
  onPick?: ((row: ShownRow) => void) | undefined;
  onDays?: ((from: string, to: string) => void) | undefined;
}

export function AnswerView(props: Viewed) {
  const { answer, dimensions, measures } = props;
  const names = measures.map((m) => m.column);
  const rows = useMemo(() => shownRows(answer, dimensions, names), [answer, dimensions.join(), names.join()]);
  if (rows.every((r) => r.values_of.every((v) => v === null))) {
    return (
      <Empty title="No data on these days">
        <p className="soft">Choose a longer time range, or take a filter or dimension away.</p>
      </Empty>
    );
  }
  const overTime = answer.granularity !== "all";
  if (!overTime && dimensions.length === 0) return <Numbers {...props} rows={rows} />;
  if (overTime) return <OverTime {...props} rows={rows} />;
  return <ByValue {...props} rows={rows} />;
}

/** The colours of groups and measures: a platform keeps its own. */
export function useColours(dimensions: string[], measures: Measured[]): (at: number, values: (string | null)[]) => string {
  const looks = useLooks();
  return (at, values) => {
    const platform = dimensions.indexOf("platform");
    const own = platform === -1 ? null : values[platform];
    if (own) return looks(own).colour;
    const colour = dimensions.length === 0 ? measures[at]?.colour : undefined;
    return colour ?? `--platform-${(at % COLOURS) + 1}`;
  };
}

function OverTime({ rows, answer, dimensions, measures, chart, scope, label, picture, onPick, onDays }: Viewed & { rows: ShownRow[] }) {
  const looks = useLooks();
  const colours = useColours(dimensions, measures);
  const grouped = dimensions.length > 0;
  const shape = chart !== "line" && measures.every((m) => m.adds) ? "bars" : "lines";
  const titles = measures.map((m) => m.title);
  const compared = answer.previous_range != null && shape === "lines";
  const lines = useMemo(() => {
    const made = groupLines(rows, titles, grouped, compared);
    // Platforms have names of their own.
    return made.map((line) => (dimensions.length === 1 && dimensions[0] === "platform" && !line.other ? { ...line, name: looks(line.name).title } : line));
  }, [rows, titles.join(), grouped, compared, dimensions.join(), looks]);
  const unit = unitOf(grouped ? measures.slice(0, 1).map((m) => m.kind) : measures.map((m) => m.kind));
  const grain = scope.grain ?? "day";
  const option = useCallback(
    (look: Look, resolve: (property: string) => string) =>
      timeSeriesOption({
        lines: lines.map((line, at) => ({
          name: line.name,
          colour: line.other ? look.soft : resolve(colours(at, line.values)),
          points: line.points,
          previous: line.previous,
        })),
        shape,
        unit,
        grain,
        look,
      }),
    [lines, shape, unit, grain],
  );
  const starts = lines[0]?.points.map((p) => p.date) ?? [];
  return (
    <>
      {lines.length > 1 && (
        <ul className={shape === "lines" ? "legend when-narrow" : "legend"}>
          {lines.map((line, at) => (
            <li key={line.name + String(line.other)}>
              <Dot colour={line.other ? "--ink-soft" : colours(at, line.values)} />
              {line.name}
            </li>
          ))}
        </ul>
      )}
      <Chart
        label={`${label} by ${GRAIN_WORDS[grain]}; the same numbers can be shown as a table`}
        option={option}
        tall
        onPick={
          onPick &&
          ((at) => {
            const start = starts[at];
            if (start) onPick({ values: [], name: "", other: false, start, finished: true, values_of: [], previous_of: [], change: [] });
          })
        }
        onBrush={
          onDays &&
          ((from, to) => {
            const [a, b] = [starts[from], starts[Math.min(to, starts.length - 1)]];
            if (a && b) onDays(daysWithin(a, scope).from, daysWithin(b, scope).to);
          })
        }
        picture={picture}
      />
    </>
  );
}

function ByValue({ rows, answer, dimensions, measures, picture, onPick }: Viewed & { rows: ShownRow[] }) {
  const colours = useColours(dimensions, measures);
  const first = measures[0];
  if (!first) return null;
  const listed = rows.filter((r) => !r.other);
  return (
    <Bars
      ranking={{
        rows: listed.map((r) => ({ name: r.name, value: r.values_of[0] ?? null, count: 0, before: r.previous_of[0] ?? null, changePercent: r.change[0] ?? null })),
        values: answer.groups,
        other: rows.find((r) => r.other)?.values_of[0] ?? null,
        compared: answer.previous_range != null,
      }}
      kind={first.kind}
      colour={first.colour ?? colours(0, [])}
      picture={picture}
      onPick={(bar) => {
        const row = listed.find((r) => r.name === bar.name);
        if (row) onPick?.(row);
      }}
    />
  );
}

function Numbers({ rows, answer, measures }: Viewed & { rows: ShownRow[] }) {
  // Over time or by values, the number is that of the whole.
  const one = answer.totals ?? null;
  const row = rows[0];
  return (
    <dl className="stats">
      {measures.map((of, at) => {
        const total = one?.find((t) => t.name === of.column);
        const value = total ? total.value : row?.values_of[at];
        const change = total ? (total.change_percent === null ? null : Number(total.change_percent)) : row?.change[at];
        return (
          <div key={of.column}>
            <dt>{of.title}</dt>
            <dd title={written(of.kind, value).full}>{written(of.kind, value).short}</dd>
            {change != null && <dd className="change">{signedPercent(change)}</dd>}
          </div>
        );
      })}
    </dl>
  );
}

/** The same as rows. */
export function rowColumns(answer: QueryAnswer, dimensions: string[], measures: Measured[]): Column<ShownRow>[] {
  const columns: Column<ShownRow>[] = [];
  const grain = answer.granularity as Grain;
  if (answer.granularity !== "all") {
    columns.push({
      name: words(GRAIN_WORDS[grain] ?? answer.granularity),
      value: (r) => r.start,
      show: (r) => bucket(r.start ?? "", grain, "long") + (r.finished ? "" : " (so far)"),
    });
  }
  dimensions.forEach((key, at) =>
    columns.push({
      name: words(key),
      value: (r) => (r.other ? "All others" : (r.values[at] ?? null)),
      wide: true,
      show: (r) => (r.other ? "All others" : (r.values[at] ?? "(not given)") || "(empty)"),
    }),
  );
  measures.forEach((of, at) => {
    const show = (value: string | null | undefined) => (of.kind.kind === "ratio" ? written(of.kind, value).full : full(value));
    columns.push({ name: of.title, number: true, value: (r) => r.values_of[at] ?? null, show: (r) => show(r.values_of[at]) });
    if (!answer.previous_range) return;
    const several = measures.length > 1;
    columns.push(
      { name: several ? `${of.title}, before` : "Before", number: true, value: (r) => r.previous_of[at] ?? null, show: (r) => show(r.previous_of[at]) },
      { name: several ? `${of.title}, change` : "Change", number: true, value: (r) => r.change[at] ?? null, show: (r) => signedPercent(r.change[at] ?? null) },
    );
  });
  if (answer.granularity === "all" && dimensions.length === 0) {
    columns.unshift({ name: "Range", value: () => `${answer.range.from} – ${answer.range.to}` });
  }
  return columns;
}
