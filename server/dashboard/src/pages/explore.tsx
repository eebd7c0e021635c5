// Metrics, by dimensions, over time, compared: chart and table together, and
// all of it in the address.

import { lazy, Suspense, useCallback, useMemo } from "react";
import { metricId, metricOf, sameMetric, type Metric, type MetricName, type Scope, type SignedIn } from "../api/answers";
import { useStructured, type QueryAnswer } from "../api/query";
import { useMetrics } from "../api/questions";
import { bucket, daysWithin, GRAIN_WORDS, isOver } from "../board/buckets";
import { keysOf, useTops } from "../board/keys";
import { Chart } from "../charts/chart";
import { timeSeriesOption, type Look } from "../charts/time-series";
import { addsUp, exploreQuestion, exploreSql, measureKind, measureTitle } from "../explore/question";
import { groupLines, shownRows, unitOf, type ShownRow } from "../explore/shown";
import { full, signedPercent, words } from "../format";
import { AsOf } from "../frame/as-of";
import { FilterBar, RangeFilter } from "../frame/filters";
import { Top } from "../frame/frame";
import { Dot, Icon } from "../frame/icons";
import { Empty, Failed, Skeleton } from "../frame/notice";
import { kindWords, metricTitle, written } from "../metrics";
import { Link, useAddress, useNavigate, useView } from "../navigate";
import { AGGREGATES, drillParams, exploringOf, exploringParams, valueFilter, type Exploring, type Measure } from "../panels/address";
import { Panel } from "../panels/panel";
import { Bars } from "../panels/ranking";
import { seriesNote } from "../panels/series";
import { Table, type Column } from "../panels/table";
import { CopyCall } from "../panels/why";
import { useLooks } from "../platforms";
import type { Grain } from "../view";
import { useChoosing } from "./board";

const Drill = lazy(() => import("../panels/drill"));

const MOST_MEASURES = 8;
const MOST_DIMENSIONS = 4;
const COLOURS = 8;

export default function ExplorePage({ who }: { who: SignedIn }) {
  const { params } = useAddress();
  const { setParams } = useNavigate();
  const view = useView();
  const metrics = useMetrics();
  const tops = useTops();
  const choosing = useChoosing();
  const exploring = exploringOf(params);
  const request = exploreQuestion(exploring, view);
  const answer = useStructured(request);
  const change = (part: Partial<Exploring>) => setParams(exploringParams({ ...exploring, ...part }));
  const scope = answer.data && scopeOf(answer.data, view.filters);
  const named = exploring.measures.map((m) => m.metric);
  const keys = keysOf(tops, named.length > 0 ? named : undefined);
  const sql = scope && metrics.data && request ? exploreSql(exploring, metrics.data, scope) : null;
  return (
    <>
      <Top title="Explore">
        <AsOf at={answer.data?.as_of} asking={answer.isFetching} />
        <RangeFilter zone={answer.data?.time_zone ?? who.time_zone} {...choosing} />
      </Top>
      <div className="page">
        <Choices exploring={exploring} metrics={metrics.data ?? []} keys={keys} change={change} />
        <FilterBar platforms={[]} keys={keys} />
        {metrics.error ? (
          <Failed error={metrics.error} retry={() => void metrics.refetch()} />
        ) : !request ? (
          <Start metrics={metrics.data ?? []} onPick={(metric) => change({ measures: [{ metric, aggregate: null }] })} />
        ) : answer.error ? (
          <Failed error={answer.error} retry={answer.error.status === 400 ? undefined : () => void answer.refetch()} />
        ) : !answer.data || !scope || !metrics.data ? (
          <Skeleton height={480} />
        ) : (
          <>
            <Result exploring={exploring} answer={answer.data} scope={scope} metrics={metrics.data} change={change} />
            <div className="buttons">
              {sql && (
                <Link className="button" href={`/app/sql?q=${encodeURIComponent(sql)}`}>
                  As SQL
                </Link>
              )}
              <CopyCall request={request} />
              <span className="soft small">
                {scope.source === "rollup" ? "Answered from roll-ups" : `${full(answer.data.stats.rows_scanned)} rows scanned`}, version {scope.version}
              </span>
            </div>
          </>
        )}
        {scope && params.has("drill") && (
          <Suspense>
            <Drill scope={scope} keys={(of: MetricName) => keysOf(tops, [of])} />
          </Suspense>
        )}
      </div>
    </>
  );
}

/** Of what an answer's numbers are. */
export function scopeOf(answer: QueryAnswer, filters: Scope["filters"]): Scope {
  const grain = answer.granularity === "all" ? "day" : (answer.granularity as Grain);
  const starts = answer.granularity === "all" ? [answer.range.to] : answer.rows.map((row) => String(row[0]));
  const last = starts.toSorted().findLast((start) => !isOver(start, grain, answer.as_of, answer.time_zone));
  return {
    version: answer.version,
    as_of: answer.as_of,
    time_zone: answer.time_zone,
    range: answer.range,
    previous_range: answer.previous_range ?? null,
    source: answer.columns.some((c) => c.source === "raw") ? "raw" : "rollup",
    unfinished_day: last ?? null,
    grain,
    ...(filters ? { filters } : {}),
  };
}

function Start({ metrics, onPick }: { metrics: Metric[]; onPick: (metric: MetricName) => void }) {
  const looks = useLooks();
  return (
    <Empty title="Choose a metric to begin with">
      <div className="chips">
        {metrics.slice(0, 24).map((metric) => (
          <button key={metricId(metric)} type="button" className="chip" onClick={() => onPick(metric)}>
            <Dot colour={looks(metric.platform).colour} />
            {metricTitle(metric)}
          </button>
        ))}
      </div>
    </Empty>
  );
}

function Choices(props: { exploring: Exploring; metrics: Metric[]; keys: string[]; change: (part: Partial<Exploring>) => void }) {
  const { exploring, metrics, keys, change } = props;
  const { measures, dimensions } = exploring;
  const set = (at: number, measure: Measure) => change({ measures: measures.map((m, nth) => (nth === at ? measure : m)) });
  return (
    <section className="panel choices-bar" aria-label="What is shown">
      <div className="row">
        {measures.map((measure, at) => (
          <div key={`${metricId(measure.metric)}${measure.aggregate}${at}`} className="measure" role="group" aria-label={measureTitle(measure)}>
            <MetricSelect metrics={metrics} label="Metric" value={measure.metric} onPick={(metric) => set(at, { ...measure, metric })} />
            <label className="field">
              <span>As</span>
              <select value={measure.aggregate ?? ""} onChange={(e) => set(at, { ...measure, aggregate: AGGREGATES.find((a) => a === e.target.value) ?? null })}>
                <option value="">its kind says</option>
                <option value="count">number of points</option>
                <option value="avg">mean</option>
                <option value="min">smallest</option>
                <option value="max">largest</option>
              </select>
            </label>
            <button type="button" className="button plain icon" aria-label={`Take away ${measureTitle(measure)}`} onClick={() => change({ measures: measures.filter((_, nth) => nth !== at) })}>
              <Icon of="close" />
            </button>
          </div>
        ))}
        {measures.length < MOST_MEASURES && (
          <MetricSelect metrics={metrics} label={measures.length === 0 ? "Metric" : "And"} value={null} onPick={(metric) => change({ measures: [...measures, { metric, aggregate: null }] })} />
        )}
      </div>
      <div className="row">
        {dimensions.map((key) => (
          <span key={key} className="chip filter">
            <span>by {words(key).toLowerCase()}</span>
            <button type="button" aria-label={`No longer by ${key}`} onClick={() => change({ dimensions: dimensions.filter((d) => d !== key) })}>
              <Icon of="close" />
            </button>
          </span>
        ))}
        {dimensions.length < MOST_DIMENSIONS && measures.length > 0 && (
          <DimensionField keys={keys.filter((key) => !dimensions.includes(key))} onPick={(key) => change({ dimensions: [...dimensions, key] })} />
        )}
        <div className="segments" role="group" aria-label="Over">
          <button type="button" aria-pressed={exploring.overTime} onClick={() => change({ overTime: true })}>
            Over time
          </button>
          <button type="button" aria-pressed={!exploring.overTime} onClick={() => change({ overTime: false })}>
            Whole range
          </button>
        </div>
        {dimensions.length > 0 && (
          <label className="field inline">
            <span>Largest</span>
            <select value={exploring.top} onChange={(e) => change({ top: Number(e.target.value) })}>
              {[...new Set([3, 5, 8, 15, 25, 50, exploring.top])].sort((a, b) => a - b).map((n) => (
                <option key={n}>{n}</option>
              ))}
            </select>
          </label>
        )}
      </div>
    </section>
  );
}

function MetricSelect(props: { metrics: Metric[]; label: string; value: MetricName | null; onPick: (metric: MetricName) => void }) {
  const { metrics, value } = props;
  const looks = useLooks();
  const platforms = [...new Set(metrics.map((m) => m.platform))];
  return (
    <label className="field">
      <span>{props.label}</span>
      <select
        value={value ? metricId(value) : ""}
        onChange={(e) => {
          const metric = metricOf(e.target.value);
          if (metric) props.onPick(metric);
        }}
      >
        {!value && <option value="">Add a metric</option>}
        {value && !metrics.some((m) => sameMetric(m, value)) && <option value={metricId(value)}>{metricTitle(value)}</option>}
        {platforms.map((platform) => (
          <optgroup key={platform} label={looks(platform).title}>
            {metrics.filter((m) => m.platform === platform).map((m) => (
              <option key={metricId(m)} value={metricId(m)}>
                {metricTitle(m)}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
    </label>
  );
}

/** One of those that are known, or any other by its name. */
function DimensionField({ keys, onPick }: { keys: string[]; onPick: (key: string) => void }) {
  return (
    <form
      className="row"
      onSubmit={(event) => {
        event.preventDefault();
        const key = String(new FormData(event.currentTarget).get("dimension") ?? "").trim();
        event.currentTarget.reset();
        if (key) onPick(key);
      }}
    >
      <label className="field inline">
        <span>By</span>
        <input name="dimension" list="explore-keys" placeholder="a dimension" autoComplete="off" />
        <datalist id="explore-keys">
          {keys.map((key) => (
            <option key={key} value={key} />
          ))}
        </datalist>
      </label>
      <button type="submit" className="button">
        Add
      </button>
    </form>
  );
}

function Result(props: { exploring: Exploring; answer: QueryAnswer; scope: Scope; metrics: Metric[]; change: (part: Partial<Exploring>) => void }) {
  const { exploring, answer, scope, metrics, change } = props;
  const { measures, dimensions } = exploring;
  const { setParams } = useNavigate();
  const colours = useColours(exploring);
  const rows = useMemo(() => shownRows(answer, dimensions, measures.length), [answer, dimensions.join(), measures.length]);
  const kinds = measures.map((m) => measureKind(m, metrics));
  const titles = measures.map(measureTitle);
  const name = `${titles.join(" and ")}${dimensions.length > 0 ? ` by ${dimensions.map((d) => words(d).toLowerCase()).join(" and ")}` : ""}`;
  const drill = (row: ShownRow) => {
    const first = measures[0];
    if (!first || row.other) return;
    setParams(drillParams({ metric: first.metric, start: row.start, filters: dimensions.map((key, at) => valueFilter(key, row.values[at] ?? null)) }));
  };
  const columns = columnsOf(exploring, kinds, titles, answer);
  return (
    <>
      {measures.length > 0 && (
        <Panel
          title={name}
          name={name}
          note={noteOf(exploring, scope, rows)}
          origin={{
            definition: measures.map((m, at) => `${titles[at]}: ${m.aggregate ? "over the values of all points." : kindWords(kinds[at] ?? { kind: "sum" })}`).join(" "),
            metrics: measures.map((m) => m.metric),
          }}
          scope={scope}
          behind={{ columns, rows }}
          tools={
            exploring.overTime && (dimensions.length > 0 || measures.length > 1) && measures.every((m) => addsUp(m, metrics)) ? (
              <div className="segments" role="group" aria-label="Shape">
                {(["lines", "bars"] as const).map((shape) => (
                  <button key={shape} type="button" aria-pressed={exploring.shape === shape} onClick={() => change({ shape })}>
                    {shape === "lines" ? "Lines" : "Stacked"}
                  </button>
                ))}
              </div>
            ) : undefined
          }
        >
          {(picture) =>
            rows.every((r) => r.values_of.every((v) => v === null)) ? (
              <Empty title="No data on these days">
                <p className="soft">Choose a longer time range, or take a filter or dimension away.</p>
              </Empty>
            ) : exploring.overTime ? (
              <Lines exploring={exploring} rows={rows} titles={titles} kinds={kinds} metrics={metrics} scope={scope} compared={answer.previous_range != null} picture={picture} />
            ) : dimensions.length > 0 ? (
              <Bars
                ranking={{
                  rows: rows.filter((r) => !r.other).map((r) => ({ name: r.name, value: r.values_of[0] ?? null, count: 0, before: r.previous_of[0] ?? null, changePercent: r.change[0] ?? null })),
                  values: answer.groups,
                  other: rows.find((r) => r.other)?.values_of[0] ?? null,
                  compared: answer.previous_range != null,
                }}
                kind={kinds[0] ?? { kind: "sum" }}
                colour={colours(0, "")}
                picture={picture}
                onPick={(bar) => {
                  const row = rows.find((r) => !r.other && r.name === bar.name);
                  if (row) drill(row);
                }}
              />
            ) : (
              <Numbers titles={titles} kinds={kinds} rows={rows} />
            )
          }
        </Panel>
      )}
      <section className="panel" aria-label="Rows">
        <Table label={`${name}, as rows`} columns={columns} rows={rows} onPick={drill} rowClass={(r) => (r.finished ? undefined : "so-far")} />
      </section>
    </>
  );
}

function noteOf(exploring: Exploring, scope: Scope, rows: ShownRow[]): string | undefined {
  const parts = exploring.overTime ? [seriesNote(scope, undefined, exploring.shape, rows[0]?.start ?? undefined)] : [];
  if (exploring.measures.length > 1 && exploring.dimensions.length > 0) parts.push("The chart shows the first metric; the rows have all");
  return parts.filter(Boolean).join(". ") || undefined;
}

/** A platform keeps its colour; others take one by their place. */
function useColours(exploring: Exploring): (at: number, name: string) => string {
  const looks = useLooks();
  return (at, name) => {
    const [dimension] = exploring.dimensions;
    if (dimension === "platform") return looks(name).colour;
    if (exploring.dimensions.length > 0) return `--platform-${(at % COLOURS) + 1}`;
    const measures = exploring.measures.map((m) => m.metric.platform);
    const own = measures[at];
    return own && measures.filter((p) => p === own).length === 1 ? looks(own).colour : `--platform-${(at % COLOURS) + 1}`;
  };
}

function Lines(props: {
  exploring: Exploring;
  rows: ShownRow[];
  titles: string[];
  kinds: ReturnType<typeof measureKind>[];
  metrics: Metric[];
  scope: Scope;
  compared: boolean;
  picture: Parameters<Parameters<typeof Panel>[0]["children"]>[0];
}) {
  const { exploring, rows, titles, kinds, scope, compared } = props;
  const { setParams, setView } = useNavigate();
  const colours = useColours(exploring);
  const grouped = exploring.dimensions.length > 0;
  const stackable = exploring.measures.every((m) => addsUp(m, props.metrics));
  const shape = stackable ? exploring.shape : "lines";
  const lines = useMemo(() => groupLines(rows, titles, grouped, compared && shape === "lines"), [rows, titles.join(), grouped, compared, shape]);
  const unit = unitOf(grouped ? kinds.slice(0, 1) : kinds);
  const option = useCallback(
    (look: Look, resolve: (property: string) => string) =>
      timeSeriesOption({
        lines: lines.map((line, at) => ({
          name: line.name,
          colour: line.other ? look.soft : resolve(colours(at, line.name)),
          points: line.points,
          previous: line.previous,
        })),
        shape,
        unit,
        grain: scope.grain ?? "day",
        look,
      }),
    [lines, shape, unit, scope.grain],
  );
  const starts = lines[0]?.points.map((p) => p.date) ?? [];
  const first = exploring.measures[0];
  return (
    <>
      {lines.length > 1 && (
        <ul className={shape === "bars" ? "legend" : "legend when-narrow"}>
          {lines.map((line, at) => (
            <li key={line.name + String(line.other)}>
              <Dot colour={line.other ? "--ink-soft" : colours(at, line.name)} />
              {line.name}
            </li>
          ))}
        </ul>
      )}
      <Chart
        label={`${titles.join(" and ")} by ${GRAIN_WORDS[scope.grain ?? "day"]}; the rows stand below`}
        option={option}
        tall
        onPick={(at) => {
          const start = starts[at];
          if (first && start) setParams(drillParams({ metric: first.metric, start, filters: [] }));
        }}
        onBrush={(from, to) => {
          const [a, b] = [starts[from], starts[Math.min(to, starts.length - 1)]];
          if (a && b) setView({ from: daysWithin(a, scope).from, to: daysWithin(b, scope).to });
        }}
        picture={props.picture}
      />
    </>
  );
}

function Numbers({ titles, kinds, rows }: { titles: string[]; kinds: ReturnType<typeof measureKind>[]; rows: ShownRow[] }) {
  const row = rows[0];
  return (
    <dl className="stats">
      {titles.map((title, at) => (
        <div key={title}>
          <dt>{title}</dt>
          <dd title={written(kinds[at] ?? { kind: "sum" }, row?.values_of[at]).full}>{written(kinds[at] ?? { kind: "sum" }, row?.values_of[at]).short}</dd>
          {row?.change[at] != null && <dd className="change">{signedPercent(row.change[at] ?? null)}</dd>}
        </div>
      ))}
    </dl>
  );
}

function columnsOf(exploring: Exploring, kinds: ReturnType<typeof measureKind>[], titles: string[], answer: QueryAnswer): Column<ShownRow>[] {
  const columns: Column<ShownRow>[] = [];
  const grain = answer.granularity as Grain;
  if (exploring.overTime) {
    columns.push({
      name: words(GRAIN_WORDS[grain] ?? "day"),
      value: (r) => r.start,
      show: (r) => bucket(r.start ?? "", grain, "long") + (r.finished ? "" : " (so far)"),
    });
  }
  exploring.dimensions.forEach((key, at) =>
    columns.push({ name: words(key), value: (r) => (r.other ? "All others" : (r.values[at] ?? null)), wide: true, show: (r) => (r.other ? "All others" : (r.values[at] ?? "(not given)") || "(empty)") }),
  );
  titles.forEach((title, at) => {
    const kind = kinds[at] ?? { kind: "sum" };
    const show = (value: string | null | undefined) => (kind.kind === "ratio" ? written(kind, value).full : full(value));
    columns.push({ name: title, number: true, value: (r) => r.values_of[at] ?? null, show: (r) => show(r.values_of[at]) });
    if (!answer.previous_range) return;
    columns.push(
      { name: titles.length > 1 ? `${title}, before` : "Before", number: true, value: (r) => r.previous_of[at] ?? null, show: (r) => show(r.previous_of[at]) },
      { name: titles.length > 1 ? `${title}, change` : "Change", number: true, value: (r) => r.change[at] ?? null, show: (r) => signedPercent(r.change[at] ?? null) },
    );
  });
  if (columns.length > 0 && !exploring.overTime && exploring.dimensions.length === 0) {
    columns.unshift({ name: "Range", value: () => `${answer.range.from} – ${answer.range.to}` });
  }
  return columns;
}
