// A metric by the values of a dimension: bars from zero, the rest said.

import { metricId, sameMetric, type Dashboard, type DimensionTop, type DimensionValue, type Kind } from "../api/answers";
import { approximate, changePercent } from "../api/exact";
import { full, signedPercent, words } from "../format";
import { Empty } from "../frame/notice";
import { kindWords, metricTitle, written } from "../metrics";
import { setParams } from "../navigate";
import { inPlace, pointsQuestion } from "../sql-text";
import { Panel } from "./panel";
import type { Column } from "./table";

interface Ranked extends DimensionValue {
  before: string | null;
  changePercent: number | null;
}

export function RankingPanel(props: {
  top: DimensionTop;
  kind: Kind;
  dashboard: Dashboard;
  previous: Dashboard | undefined;
  colour: string;
  /** In place of "metric by dimension". */
  name?: string;
  limit?: number;
}) {
  const { top, kind, dashboard, previous, colour } = props;
  const name = props.name ?? `${metricTitle(top)} by ${words(top.key).toLowerCase()}`;
  const rows = ranked(top, previous);
  const shown = rows.slice(0, props.limit ?? 8);
  const extent = Math.max(...rows.map((r) => Math.abs(approximate(r.value) ?? 0)), 0);
  const signs = rows.some((r) => Number(r.value) < 0);
  const drill = (value: DimensionValue) =>
    setParams({ drill: metricId(top), key: top.key, value: value.name, day: null });
  const hidden = rows.length - shown.length;
  const more = (top.value_count ?? rows.length) - rows.length;
  return (
    <Panel
      title={name}
      name={name}
      origin={{
        definition: kindWords(kind),
        metrics: [top],
        sql: inPlace(pointsQuestion(top, dashboard, dashboard.range, null)),
      }}
      dashboard={dashboard}
      behind={{ columns: rankingColumns(top, kind, previous !== undefined), rows }}
    >
      {() =>
        shown.length === 0 ? (
          <Empty title="No values on these days" />
        ) : (
          <ol className="bars">
            {shown.map((row) => (
              <li key={row.name}>
                <button type="button" onClick={() => drill(row)} title={`${row.name}: ${written(kind, row.value).full}`}>
                  <span className="name">{row.name || "(empty)"}</span>
                  <Bar value={approximate(row.value) ?? 0} extent={extent} signs={signs} colour={colour} />
                  <span className="number">{written(kind, row.value).short}</span>
                </button>
              </li>
            ))}
            {(hidden > 0 || more > 0) && (
              <li className="bar-row rest small">
                <span className="name">{hidden + more} more</span>
                <span />
                <span className="number">{kind.kind === "sum" && hidden === 0 && top.other !== null ? written(kind, top.other).short : ""}</span>
              </li>
            )}
          </ol>
        )
      }
    </Panel>
  );
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

function ranked(top: DimensionTop, previous: Dashboard | undefined): Ranked[] {
  const before = previous?.top_values.find((t) => sameMetric(t, top) && t.key === top.key)?.values;
  return (top.values ?? []).map((row) => {
    const was = before?.find((b) => b.name === row.name)?.value ?? null;
    return { ...row, before: was, changePercent: changePercent(row.value, was) };
  });
}

function rankingColumns(top: DimensionTop, kind: Kind, compared: boolean): Column<Ranked>[] {
  const show = (value: string | null) => (kind.kind === "sum" ? full(value) : written(kind, value).full);
  const columns: Column<Ranked>[] = [
    { name: words(top.key), value: (r) => r.name, wide: true },
    { name: metricTitle(top), number: true, value: (r) => r.value, show: (r) => show(r.value) },
    { name: "Points", number: true, value: (r) => r.count, show: (r) => full(r.count) },
  ];
  if (compared) {
    columns.push({ name: "Change", number: true, value: (r) => r.changePercent, show: (r) => signedPercent(r.changePercent) });
  }
  return columns;
}
