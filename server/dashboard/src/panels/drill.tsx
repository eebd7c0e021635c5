// From a bar or a day to the points behind it. Which ones stands in the address.

import type { Cell, Dashboard } from "../api/answers";
import { metricOf, sameMetric } from "../api/answers";
import { useSql } from "../api/questions";
import { csv, fileName, save } from "../download";
import { day, full, moment, words } from "../format";
import { Dialog } from "../frame/dialog";
import { Empty, Failed, Skeleton } from "../frame/notice";
import { kindWords, metricTitle, pointsWord, written } from "../metrics";
import { Link, setParams, useAddress } from "../navigate";
import { inPlace, pointsQuestion } from "../sql-text";
import { Table, type Column } from "./table";

export default function Drill({ dashboard }: { dashboard: Dashboard }) {
  const { params } = useAddress();
  const metric = metricOf(params.get("drill") ?? "");
  const date = params.get("day");
  const [key, value] = [params.get("key"), params.get("value")];
  const days = date ? { from: date, to: date } : dashboard.range;
  const of = key !== null && value !== null ? { key, name: value } : null;
  const question = metric ? pointsQuestion(metric, dashboard, days, of) : null;
  const answer = useSql(question, dashboard.version);
  if (!metric || !question) return null;
  const close = () => setParams({ drill: null, day: null, key: null, value: null });
  const total = dashboard.totals.find((t) => sameMetric(t, metric));
  const where = [of ? `${words(of.key)} “${of.name}”` : null, date ? day(date, "long") : null].filter(Boolean).join(", ");
  const title = `${metricTitle(metric)}${where ? `: ${where}` : ""}`;
  const number = numberOf(dashboard, params.get("drill") ?? "", date, of);
  const rows = answer.data?.rows ?? [];
  return (
    <Dialog title={title} onClose={close} sheet>
      {total && (
        <p className="soft">
          {number.value !== null && (
            <>
              <strong>{written(total, number.value).full}</strong> of {full(number.count)} {pointsWord(metric)}.{" "}
            </>
          )}
          {kindWords(total)}
        </p>
      )}
      {answer.error ? (
        <Failed error={answer.error} retry={() => void answer.refetch()} />
      ) : !answer.data ? (
        <Skeleton height={320} />
      ) : rows.length === 0 ? (
        <Empty title="There is no point behind this" />
      ) : (
        <>
          <div className="buttons">
            <Link className="button" href={`/app/sql?q=${encodeURIComponent(inPlace(question))}`}>
              Open as SQL
            </Link>
            <button type="button" className="button" onClick={() => save(fileName(title, "csv"), csv(COLUMNS(dashboard.time_zone), rows))}>
              Download CSV
            </button>
            <span className="soft small">{rows.length === 200 ? "The newest 200 points" : `${rows.length} points`}</span>
          </div>
          <Table label="Points" columns={COLUMNS(dashboard.time_zone)} rows={rows} free />
        </>
      )}
    </Dialog>
  );
}

const text = (cell: Cell | undefined) => (cell === null || cell === undefined ? null : String(cell));

const COLUMNS = (zone: string): Column<Cell[]>[] => [
  { name: "Recorded", value: (r) => text(r[0]), show: (r) => moment(String(r[0]), zone) },
  { name: "Value", number: true, value: (r) => text(r[1]), show: (r) => full(text(r[1])) },
  { name: "Dimensions", wide: true, value: (r) => text(r[2]), show: (r) => <Dimensions text={text(r[2])} /> },
];

/** `{"a": 1}` as "a 1": what people read. */
function Dimensions({ text }: { text: string | null }) {
  let pairs: [string, unknown][] = [];
  try {
    pairs = Object.entries(JSON.parse(text ?? "{}") as Record<string, unknown>);
  } catch {
    return <code>{text}</code>;
  }
  return (
    <>
      {pairs.map(([key, value]) => (
        <span key={key} className="small">
          <span className="soft">{key}</span> {typeof value === "object" ? JSON.stringify(value) : String(value)}
          {"   "}
        </span>
      ))}
    </>
  );
}

function numberOf(
  dashboard: Dashboard,
  id: string,
  date: string | null,
  of: { key: string; name: string } | null,
): { value: string | null; count: number } {
  const metric = metricOf(id);
  if (!metric) return { value: null, count: 0 };
  if (of && date) return { value: null, count: 0 };
  if (of) {
    const top = dashboard.top_values.find((t) => sameMetric(t, metric) && t.key === of.key);
    return top?.values?.find((v) => v.name === of.name) ?? { value: null, count: 0 };
  }
  if (date) {
    const days = dashboard.series.find((s) => sameMetric(s, metric))?.days;
    return days?.find((d) => d.date === date) ?? { value: null, count: 0 };
  }
  return dashboard.totals.find((t) => sameMetric(t, metric)) ?? { value: null, count: 0 };
}
