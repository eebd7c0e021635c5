// A metric by the values of a dimension: bars from zero, the rest said.

import type { Dashboard, Kind, MetricName } from "../api/answers";
import { approximate } from "../api/exact";
import { useRanking, type Ranked, type Ranking } from "../board/dimension";
import { full, signedPercent, words } from "../format";
import { Empty, Failed, Skeleton } from "../frame/notice";
import { kindWords, metricTitle, written } from "../metrics";
import { useNavigate, useView } from "../navigate";
import { inPlace, pointsQuestion } from "../sql-text";
import { drillParams, exploringParams, valueFilter } from "./address";
import { Panel, type TakePicture } from "./panel";
import type { Column } from "./table";

export function RankingPanel(props: {
  metric: MetricName & Kind;
  dimension: string;
  dashboard: Dashboard;
  colour: string;
  /** In place of "metric by dimension". */
  name?: string;
  limit?: number;
}) {
  const { metric, dimension, dashboard } = props;
  const view = useView();
  const { setParams, keepView } = useNavigate();
  const limit = props.limit ?? 8;
  const ranking = useRanking(metric, dimension, view, limit);
  const name = props.name ?? `${metricTitle(metric)} by ${words(dimension).toLowerCase()}`;
  const rows = ranking.data?.rows ?? [];
  return (
    <Panel
      title={name}
      name={name}
      origin={{
        definition: kindWords(metric),
        metrics: [metric],
        sql: inPlace(pointsQuestion(metric, dashboard, dashboard.range)),
        request: ranking.request,
      }}
      scope={dashboard}
      explore={keepView("/app/explore", exploringParams({ measures: [{ metric, aggregate: null }], dimensions: [dimension], overTime: false, top: limit, shape: "bars" }))}
      behind={ranking.data && { columns: rankingColumns(metric, dimension, ranking.data.compared), rows }}
    >
      {(picture) => {
        if (ranking.error) return <Failed error={ranking.error} retry={ranking.refetch} />;
        if (!ranking.data) return <Skeleton height={limit * 30} />;
        if (rows.every((r) => r.value === null)) return <Empty title="No values on these days" />;
        return (
          <Bars
            ranking={ranking.data}
            kind={metric}
            colour={props.colour}
            picture={picture}
            onPick={(row) => setParams(drillParams({ metric, start: null, filters: [valueFilter(dimension, row.name)] }))}
          />
        );
      }}
    </Panel>
  );
}

export function Bars(props: {
  ranking: Ranking;
  kind: Kind;
  colour: string;
  picture: TakePicture;
  onPick: (row: Ranked) => void;
}) {
  const { ranking, kind, colour, picture } = props;
  const extent = Math.max(...ranking.rows.map((r) => Math.abs(approximate(r.value) ?? 0)), 0);
  const signs = ranking.rows.some((r) => Number(r.value) < 0);
  const more = ranking.values - ranking.rows.length;
  picture.current = async (caption) => {
    const { barsPicture } = await import("../charts/picture");
    const bars = ranking.rows.map((r) => ({ name: valueName(r.name), value: approximate(r.value) ?? 0, text: written(kind, r.value).short }));
    return barsPicture(bars, colour, document.body, caption);
  };
  return (
    <ol className="bars">
      {ranking.rows.map((row) => (
        <li key={row.name ?? "\u0000"}>
          <button type="button" onClick={() => props.onPick(row)} title={`${valueName(row.name)}: ${written(kind, row.value).full}`}>
            <span className="name">{valueName(row.name)}</span>
            <Bar value={approximate(row.value) ?? 0} extent={extent} signs={signs} colour={colour} />
            <span className="number">{written(kind, row.value).short}</span>
          </button>
        </li>
      ))}
      {more > 0 && (
        <li className="bar-row rest small">
          <span className="name">{full(more)} more</span>
          <span />
          <span className="number">{kind.kind === "sum" && ranking.other !== null ? written(kind, ranking.other).short : ""}</span>
        </li>
      )}
    </ol>
  );
}

/** A dimension's value as one reads it. */
export function valueName(name: string | null): string {
  return name === null ? "(not given)" : name || "(empty)";
}

function Bar({ value, extent, signs, colour }: { value: number; extent: number; signs: boolean; colour: string }) {
  const zero = signs ? 50 : 0;
  const width = extent === 0 ? 0 : (Math.abs(value) / extent) * (signs ? 50 : 100);
  return (
    <svg viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true" color={`var(${colour})`}>
      <rect x={value < 0 ? zero - width : zero} width={width} height="12" fill="currentColor" opacity={value < 0 ? 0.5 : 0.85} />
      {signs && <rect x="49.8" width="0.4" height="12" fill="var(--line-strong)" />}
    </svg>
  );
}

function rankingColumns(metric: MetricName & Kind, dimension: string, compared: boolean): Column<Ranked>[] {
  const show = (value: string | null) => (metric.kind === "sum" ? full(value) : written(metric, value).full);
  const columns: Column<Ranked>[] = [
    { name: words(dimension), value: (r) => r.name, wide: true, show: (r) => valueName(r.name) },
    { name: metricTitle(metric), number: true, value: (r) => r.value, show: (r) => show(r.value) },
    { name: "Points", number: true, value: (r) => r.count, show: (r) => full(r.count) },
  ];
  if (compared) {
    columns.push(
      { name: "Before", number: true, value: (r) => r.before, show: (r) => show(r.before) },
      { name: "Change", number: true, value: (r) => r.changePercent, show: (r) => signedPercent(r.changePercent) },
    );
  }
  return columns;
}
