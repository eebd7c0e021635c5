// The values of one dimension, with every metric that carries it side by side.

import { sameMetric, type Dashboard, type DimensionTop, type MetricTotal } from "../api/answers";
import { changePercent } from "../api/exact";
import { full, signedPercent, words } from "../format";
import { kindWords, metricTitle, written } from "../metrics";
import { setParams } from "../navigate";
import { metricId } from "../api/answers";
import { Panel } from "./panel";
import { Table, type Column } from "./table";

interface Row {
  name: string;
  cells: ({ value: string | null; count: number; before: string | null } | null)[];
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
  if (!lead) return null;
  const rows = rowsOf(lead, tops, previous);
  const name = `${words(dimension).replace(/ id$/, "")}s`;
  const columns: Column<Row>[] = [{ name: words(dimension), value: (r) => r.name, wide: true }];
  tops.forEach((top, at) => {
    const total = totals.find((t) => sameMetric(t, top));
    if (!total) return;
    const value = (r: Row) => r.cells[at]?.value ?? null;
    columns.push({
      name: metricTitle(top),
      number: true,
      value,
      show: (r) => (total.kind === "ratio" ? written(total, value(r)).short : full(value(r))),
    });
    if (previous) {
      const change = (r: Row) => changePercent(value(r), r.cells[at]?.before);
      columns.push({
        name: tops.length > 1 ? `${metricTitle(top)} change` : "Change",
        number: true,
        value: change,
        show: (r) => <Tone percent={change(r)} />,
      });
    }
  });
  columns.push({ name: "Points", number: true, value: (r) => r.cells[0]?.count ?? null, show: (r) => full(r.cells[0]?.count) });
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
        <Table
          label={name}
          columns={columns}
          rows={rows}
          onPick={(row) => setParams({ drill: metricId(lead), key: dimension, value: row.name, day: null })}
        />
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

function rowsOf(lead: DimensionTop, tops: DimensionTop[], previous: Dashboard | undefined): Row[] {
  return (lead.values ?? []).map(({ name }) => ({
    name,
    cells: tops.map((top) => {
      const now = top.values?.find((v) => v.name === name);
      const before = previous?.top_values
        .find((t) => sameMetric(t, top) && t.key === top.key)
        ?.values?.find((v) => v.name === name);
      return now ? { value: now.value, count: now.count, before: before?.value ?? null } : null;
    }),
  }));
}
