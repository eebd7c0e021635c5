// The values of one dimension in a table: each metric that carries it, with the
// change and a line of the first.

import { useMemo } from "react";
import { type Dashboard, type MetricTotal } from "../api/answers";
import { changePercent, type Exact } from "../api/exact";
import { asked, askedOverTime, cellText, columnAt, metricText, useStructured, type QueryAnswer, type QueryRequest } from "../api/query";
import { isOver } from "../board/buckets";
import { Sparkline, type SparkPoint } from "../charts/sparkline";
import { full, percent, signedPercent, words } from "../format";
import { Empty, Failed, Skeleton } from "../frame/notice";
import { kindWords, metricTitle } from "../metrics";
import { useNavigate, useView } from "../navigate";
import type { Grain } from "../view";
import { drillParams, exploringParams, valueFilter } from "./address";
import { Panel } from "./panel";
import { valueName } from "./ranking";
import { Table, type Column } from "./table";

interface Row {
  name: string | null;
  values: (Exact | null)[];
  count: number;
  changePercent: number | null;
}

/** As many as a table can be read of. */
const ROWS = 25;

/** `metrics`: those that carry the dimension, the one that ranks first. */
export function ValuesPanel(props: { dimension: string; metrics: MetricTotal[]; dashboard: Dashboard; colour: string }) {
  const { dimension, metrics, dashboard, colour } = props;
  const view = useView();
  const { setParams, keepView } = useNavigate();
  const lead = metrics[0];
  const request: QueryRequest | null = lead
    ? {
        metrics: [
          ...metrics.map((of, at) => ({ metric: metricText(of), as: `value_${at}` })),
          { metric: metricText(lead), aggregate: "count", as: "points" },
        ],
        dimensions: [dimension],
        ...asked(view),
        top: { by: "value_0", limit: ROWS, other: false },
      }
    : null;
  const answer = useStructured(request);
  const rows = answer.data ? rowsOf(answer.data, dimension, metrics.length) : [];
  const names = rows.flatMap((r) => (r.name === null ? [] : [r.name]));
  const lines = useLines(lead, dimension, names, view);
  if (!lead) return null;
  const name = `${words(dimension).replace(/ id$/, "")}s`;
  const columns: Column<Row>[] = [{ name: words(dimension), value: (r) => r.name, wide: true, show: (r) => valueName(r.name) }];
  metrics.forEach((of, at) => {
    const show = (value: Exact | null | undefined) => (of.kind === "ratio" ? percent(value) : full(value));
    columns.push({ name: metricTitle(of), number: true, value: (r) => r.values[at] ?? null, show: (r) => show(r.values[at]) });
    if (at > 0) return;
    if (answer.data?.previous_range) {
      columns.push({ name: "Change", number: true, value: (r) => r.changePercent, show: (r) => <Tone percent={r.changePercent} /> });
    }
    columns.push({
      name: "Over time",
      value: () => null,
      show: (r) => <div className="line-cell">{<Sparkline points={lines.get(r.name ?? "") ?? []} colour={colour} />}</div>,
    });
  });
  columns.push({ name: "Points", number: true, value: (r) => r.count, show: (r) => full(r.count) });
  const count = answer.data?.groups ?? rows.length;
  return (
    <Panel
      title={name}
      name={name}
      note={count > rows.length ? `The ${rows.length} largest of ${full(count)} by ${metricTitle(lead).toLowerCase()}` : undefined}
      origin={{ definition: metrics.map((of) => `${metricTitle(of)}: ${kindWords(of)}`).join(" "), metrics, request: request ?? undefined }}
      scope={dashboard}
      explore={keepView("/app/explore", exploringParams({ measures: metrics.map((metric) => ({ metric, aggregate: null })), dimensions: [dimension], overTime: false, top: ROWS, shape: "bars" }))}
      behind={{ columns: columns.filter((c) => c.name !== "Over time"), rows }}
    >
      {() => {
        if (answer.error) return <Failed error={answer.error} retry={() => void answer.refetch()} />;
        if (!answer.data) return <Skeleton height={320} />;
        if (rows.length === 0) return <Empty title="No values on these days" />;
        return (
          <Table
            label={name}
            columns={columns}
            rows={rows}
            onPick={(row) => setParams(drillParams({ metric: lead, start: null, filters: [valueFilter(dimension, row.name)] }))}
          />
        );
      }}
    </Panel>
  );
}

/** The first metric over time, of the values that are listed. */
function useLines(lead: MetricTotal | undefined, dimension: string, names: string[], view: ReturnType<typeof useView>): Map<string, SparkPoint[]> {
  const answer = useStructured(
    lead && names.length > 0
      ? {
          metrics: [{ metric: metricText(lead), as: "value" }],
          dimensions: [dimension],
          ...askedOverTime(view),
          compare: "none",
          filters: [...view.filters, { dimension, operator: "in", values: names }],
        }
      : null,
  );
  return useMemo(() => linesOf(answer.data, dimension), [answer.data, dimension]);
}

/** Lines by the dimension's value. */
export function linesOf(answer: QueryAnswer | undefined, dimension: string): Map<string, SparkPoint[]> {
  const lines = new Map<string, SparkPoint[]>();
  if (!answer) return lines;
  const [time, key, value] = [columnAt(answer, "time"), columnAt(answer, dimension, "dimension"), columnAt(answer, "value")];
  for (const row of answer.rows) {
    const start = cellText(row, time) ?? "";
    const name = cellText(row, key) ?? "";
    const point = { value: cellText(row, value), finished: isOver(start, answer.granularity as Grain, answer.as_of, answer.time_zone) };
    lines.set(name, [...(lines.get(name) ?? []), point]);
  }
  return lines;
}

/** A change with its direction. */
export function Tone({ percent }: { percent: number | null }) {
  const tone = percent === null || percent === 0 ? "soft" : percent > 0 ? "good" : "bad";
  const arrow = percent === null || percent === 0 ? "" : percent > 0 ? "▲ " : "▼ ";
  return (
    <span className={tone}>
      <span aria-hidden="true">{arrow}</span>
      {signedPercent(percent)}
    </span>
  );
}

function rowsOf(answer: QueryAnswer, dimension: string, metrics: number): Row[] {
  const at = columnAt(answer, dimension, "dimension");
  const values = Array.from({ length: metrics }, (_, nth) => columnAt(answer, `value_${nth}`, "metric"));
  const before = columnAt(answer, "value_0_previous", "previous");
  const points = columnAt(answer, "points", "metric");
  return answer.rows.map((row) => {
    const of = values.map((column) => cellText(row, column));
    return {
      name: cellText(row, at),
      values: of,
      count: Number(cellText(row, points) ?? 0),
      changePercent: changePercent(of[0], cellText(row, before)),
    };
  });
}
