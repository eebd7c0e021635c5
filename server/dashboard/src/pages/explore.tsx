// Metrics, by dimensions, over time, compared: chart and table together, and
// all of it in the address.

import { lazy, Suspense, useMemo } from "react";
import { metricId, metricOf, sameMetric, type Metric, type MetricName, type Scope, type SignedIn } from "../api/answers";
import { useStructured, type QueryAnswer } from "../api/query";
import { useMetrics } from "../api/questions";
import { isOver } from "../board/buckets";
import { keysOf, useTops } from "../board/keys";
import { AnswerView, rowColumns, type Measured } from "../explore/answer-view";
import { addsUp, exploreQuestion, exploreSql, measureColumn, measureKind, measureTitle } from "../explore/question";
import { shownRows, type ShownRow } from "../explore/shown";
import { full, words } from "../format";
import { AsOf } from "../frame/as-of";
import { FilterBar, RangeFilter } from "../frame/filters";
import { Top } from "../frame/frame";
import { Dot, Icon } from "../frame/icons";
import { Empty, Failed, Skeleton } from "../frame/notice";
import { kindWords, metricTitle } from "../metrics";
import { Link, useAddress, useNavigate, useView } from "../navigate";
import { AGGREGATES, drillParams, exploringOf, exploringParams, valueFilter, type Exploring, type Measure } from "../panels/address";
import { Panel } from "../panels/panel";
import { seriesNote } from "../panels/series";
import { Table } from "../panels/table";
import { CopyCall } from "../panels/why";
import { useLooks } from "../platforms";
import type { Grain } from "../view";
import { useChoosing } from "./board";

const Drill = lazy(() => import("../panels/drill"));

const MOST_MEASURES = 8;
const MOST_DIMENSIONS = 4;

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
  const last = starts.toSorted().find((start) => !isOver(start, grain, answer.as_of, answer.time_zone));
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
  const { dimensions } = exploring;
  const { setParams, setView } = useNavigate();
  const looks = useLooks();
  const platforms = exploring.measures.map((m) => m.metric.platform);
  const measures = exploring.measures.map((of, at): Measured => {
    const alone = platforms.filter((p) => p === of.metric.platform).length === 1;
    return {
      column: measureColumn(at),
      title: measureTitle(of),
      kind: measureKind(of, metrics),
      adds: addsUp(of, metrics),
      ...(alone ? { colour: looks(of.metric.platform).colour } : {}),
    };
  });
  const rows = useMemo(() => shownRows(answer, dimensions, measures.map((m) => m.column)), [answer, dimensions.join(), measures.length]);
  const titles = measures.map((m) => m.title);
  const name = `${titles.join(" and ")}${dimensions.length > 0 ? ` by ${dimensions.map((d) => words(d).toLowerCase()).join(" and ")}` : ""}`;
  const drill = (row: ShownRow) => {
    const first = exploring.measures[0];
    if (!first || row.other) return;
    const filters = row.values.map((value, at) => valueFilter(dimensions[at] ?? "", value));
    setParams(drillParams({ metric: first.metric, start: row.start, filters }));
  };
  const columns = rowColumns(answer, dimensions, measures);
  const stackable = exploring.overTime && (dimensions.length > 0 || measures.length > 1) && measures.every((m) => m.adds);
  return (
    <>
      <Panel
        title={name}
        name={name}
        note={noteOf(exploring, scope, rows)}
        origin={{
          definition: measures.map((m, at) => `${m.title}: ${exploring.measures[at]?.aggregate ? "over the values of all points." : kindWords(m.kind)}`).join(" "),
          metrics: exploring.measures.map((m) => m.metric),
        }}
        scope={scope}
        behind={{ columns, rows }}
        tools={
          stackable ? (
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
        {(picture) => (
          <AnswerView
            answer={answer}
            dimensions={dimensions}
            measures={measures}
            chart={exploring.overTime ? (exploring.shape === "bars" ? "stacked" : "line") : "bars"}
            scope={scope}
            label={titles.join(" and ")}
            picture={picture}
            onPick={drill}
            onDays={(from, to) => setView({ from, to })}
          />
        )}
      </Panel>
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
