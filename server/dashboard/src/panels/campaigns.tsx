// The values of one dimension in a table, with the ratio that carries it too.

import { metricId, sameMetric, type Dashboard, type DimensionTop, type MetricTotal } from "../api/answers";
import { changePercent } from "../api/exact";
import { full, percent, signedPercent, words } from "../format";
import { Failed } from "../frame/notice";
import { kindWords, metricTitle } from "../metrics";
import { setParams } from "../navigate";
import { useSql } from "../api/questions";
import { ratioByQuestion } from "../sql-text";
import { Panel } from "./panel";
import { Table, type Column } from "./table";

interface Row {
  name: string;
  value: string | null;
  count: number;
  changePercent: number | null;
}

export function ValuesPanel(props: {
  dimension: string;
  tops: DimensionTop[];
  totals: MetricTotal[];
  dashboard: Dashboard;
  previous: Dashboard | undefined;
}) {
  const { dimension, tops, totals, dashboard, previous } = props;
  const lead = tops[0];
  const ratio = totals.find((t) => t.kind === "ratio" && tops.some((top) => sameMetric(top, t)));
  const ratios = useSql(
    lead && ratio?.kind === "ratio" ? ratioByQuestion(ratio, ratio, dimension, dashboard) : null,
    dashboard.version,
  );
  if (!lead) return null;
  const rows = rowsOf(lead, previous);
  const name = `${words(dimension).replace(/ id$/, "")}s`;
  const columns: Column<Row>[] = [{ name: words(dimension), value: (r) => r.name, wide: true }];
  columns.push({ name: metricTitle(lead), number: true, value: (r) => r.value, show: (r) => full(r.value) });
  if (rows.some((r) => r.changePercent !== null)) {
    columns.push({ name: "Change", number: true, value: (r) => r.changePercent, show: (r) => <Tone percent={r.changePercent} /> });
  }
  if (ratio) {
    // The ranking of the ratio has other values: here each value has its own.
    const of = new Map(ratios.data?.rows.map(([name, value]) => [String(name), value as string | null]));
    columns.push({
      name: metricTitle(ratio),
      number: true,
      value: (r) => of.get(r.name) ?? null,
      show: (r) => percent(of.get(r.name)),
    });
  }
  columns.push({ name: "Points", number: true, value: (r) => r.count, show: (r) => full(r.count) });
  const count = lead.value_count ?? rows.length;
  return (
    <Panel
      title={name}
      name={name}
      note={count > rows.length ? `The ${rows.length} largest of ${full(count)} by ${metricTitle(lead).toLowerCase()}` : undefined}
      origin={{
        definition: tops
          .map((t) => {
            const total = totals.find((of) => sameMetric(of, t));
            return total ? `${metricTitle(t)}: ${kindWords(total)}` : "";
          })
          .join(" "),
        metrics: tops,
      }}
      dashboard={dashboard}
      behind={{ columns, rows }}
    >
      {() => (
        <>
          {ratios.error && <Failed error={ratios.error} retry={() => void ratios.refetch()} />}
          <Table
            label={name}
            columns={columns}
            rows={rows}
            onPick={(row) => setParams({ drill: metricId(lead), key: dimension, value: row.name, day: null })}
          />
        </>
      )}
    </Panel>
  );
}

function Tone({ percent }: { percent: number | null }) {
  const tone = percent === null || percent === 0 ? "soft" : percent > 0 ? "good" : "bad";
  const arrow = percent === null || percent === 0 ? "" : percent > 0 ? "▲ " : "▼ ";
  return (
    <span className={tone}>
      <span aria-hidden="true">{arrow}</span>
      {signedPercent(percent)}
    </span>
  );
}

function rowsOf(lead: DimensionTop, previous: Dashboard | undefined): Row[] {
  const before = previous?.top_values.find((t) => sameMetric(t, lead) && t.key === lead.key)?.values;
  return (lead.values ?? []).map(({ name, value, count }) => {
    const was = before?.find((b) => b.name === name)?.value;
    return { name, value, count, changePercent: changePercent(value, was) };
  });
}
