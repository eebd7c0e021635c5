// From a bar or a bucket to the table and the points behind it. Which ones
// stands in the address.

import { useState } from "react";
import { metricId, sameMetric, type Cell, type Kind, type Metric, type MetricName, type Scope } from "../api/answers";
import { asked, metricText, useStructured, type QueryRequest } from "../api/query";
import { useMetrics, useSql } from "../api/questions";
import { bucket, daysWithin, GRAIN_WORDS } from "../board/buckets";
import { kindOf } from "../board/compose";
import { rankingOf, rankingQuestion, type Ranked } from "../board/dimension";
import { csv, fileName, save } from "../download";
import { full, moment, signedPercent, words } from "../format";
import { Dialog } from "../frame/dialog";
import { Empty, Failed, Skeleton } from "../frame/notice";
import { kindWords, metricTitle, pointsWord, written } from "../metrics";
import { Link, useAddress, useNavigate, useView } from "../navigate";
import { inPlace, pointsQuestion } from "../sql-text";
import { filterWords, type View } from "../view";
import { drilledOf, NO_DRILL, type Drilled } from "./address";
import { valueName } from "./ranking";
import { Table, type Column } from "./table";

/** `keys`: the dimensions that a metric has. */
export default function Drill({ scope, keys }: { scope: Scope; keys: (of: MetricName) => string[] }) {
  const { params } = useAddress();
  const { setParams } = useNavigate();
  const view = useView();
  const metrics = useMetrics();
  const drilled = drilledOf(params);
  if (!drilled) return null;
  const known = metrics.data?.find((m) => sameMetric(m, drilled.metric));
  const title = titleOf(drilled, scope);
  return (
    <Dialog title={title} onClose={() => setParams(NO_DRILL)} sheet>
      {known ? (
        <Behind key={JSON.stringify(drilled)} title={title} drilled={drilled} metric={known} scope={scope} view={view} keys={keys(drilled.metric)} />
      ) : metrics.data ? (
        <Empty title="There is no such metric" />
      ) : (
        <Skeleton height={320} />
      )}
    </Dialog>
  );
}

function titleOf({ metric, start, filters }: Drilled, scope: Scope): string {
  const where = [...filters.map(filterWords), ...(start ? [bucket(start, scope.grain, "long")] : [])];
  return `${metricTitle(metric)}${where.length ? `: ${where.join(", ")}` : ""}`;
}

function Behind(props: { title: string; drilled: Drilled; metric: Metric; scope: Scope; view: View; keys: string[] }) {
  const { drilled, metric, scope, view, title } = props;
  const kind = kindOf(metric);
  const days = drilled.start ? daysWithin(drilled.start, scope) : scope.range;
  // No question is of a single hour; its number and parts are left out.
  const hour = drilled.start !== null && scope.grain === "hour";
  const within: View = {
    ...view,
    from: days.from,
    to: days.to,
    compare: drilled.start ? "none" : view.compare,
    filters: [...view.filters, ...drilled.filters],
  };
  const request: QueryRequest | null = hour
    ? null
    : {
        metrics: [
          { metric: metricText(metric), as: "value" },
          { metric: metricText(metric), aggregate: "count", as: "points" },
        ],
        ...asked(within),
        totals: true,
      };
  const number = useStructured(request);
  const total = number.data?.totals?.find((t) => t.name === "value");
  const count = number.data?.totals?.find((t) => t.name === "points")?.value;
  const keys = props.keys.filter((key) => !drilled.filters.some((f) => f.dimension === key));
  return (
    <>
      <p className="soft">
        {total && total.value !== null && (
          <>
            <strong className="ink">{written(kind, total.value).full}</strong> of {full(count)} {pointsWord(metric)}
            {number.data?.previous_range && total.previous !== null && <> ({signedPercent(total.change_percent === null ? null : Number(total.change_percent))} against before)</>}.{" "}
          </>
        )}
        {kindWords(kind)}
        {view.filters.length > 0 && ` Only where ${view.filters.map(filterWords).join(", and ")}.`}
      </p>
      {number.error && <Failed error={number.error} retry={() => void number.refetch()} />}
      {!hour && <Parts metric={metric} kind={kind} view={within} keys={keys} overDays={days.from !== days.to} />}
      <Points title={title} drilled={drilled} scope={{ ...scope, range: days, filters: within.filters } as Scope} />
    </>
  );
}

/** The number by days, or by another dimension. */
function Parts(props: { metric: Metric; kind: Kind; view: View; keys: string[]; overDays: boolean }) {
  const { metric, kind, view, keys, overDays } = props;
  const choices = [...(overDays ? ["day"] : []), ...keys];
  const [chosen, setChosen] = useState(choices[0] ?? "day");
  const request: QueryRequest | null =
    choices.length === 0
      ? null
      : chosen === "day"
        ? {
            metrics: [
              { metric: metricText(metric), as: "value" },
              { metric: metricText(metric), aggregate: "count", as: "points" },
            ],
            ...asked({ ...view, compare: "none" }),
            granularity: "day",
          }
        : rankingQuestion(metric, chosen, view, 20);
  const answer = useStructured(request);
  if (choices.length === 0) return null;
  const rows: Ranked[] = answer.data
    ? rankingOf(answer.data, chosen === "day" ? "time" : chosen).rows.map((row, at) =>
        chosen === "day" ? { ...row, name: String(answer.data.rows[at]?.[0] ?? "") } : row,
      )
    : [];
  const columns: Column<Ranked>[] = [
    {
      name: chosen === "day" ? "Day" : words(chosen),
      value: (r) => r.name,
      wide: true,
      show: (r) => (chosen === "day" ? bucket(r.name ?? "", "day", "long") : valueName(r.name)),
    },
    { name: metricTitle(metric), number: true, value: (r) => r.value, show: (r) => written(kind, r.value).full },
    { name: "Points", number: true, value: (r) => r.count, show: (r) => full(r.count) },
  ];
  if (chosen !== "day" && answer.data?.previous_range) {
    columns.push({ name: "Change", number: true, value: (r) => r.changePercent, show: (r) => signedPercent(r.changePercent) });
  }
  return (
    <section aria-label="Made of" className="page-part">
      <div className="chips" role="group" aria-label="Made of">
        {choices.map((choice) => (
          <button key={choice} type="button" className="chip" aria-pressed={choice === chosen} onClick={() => setChosen(choice)}>
            By {choice === "day" ? GRAIN_WORDS.day : words(choice).toLowerCase()}
          </button>
        ))}
      </div>
      {answer.error ? (
        <Failed error={answer.error} retry={() => void answer.refetch()} />
      ) : !answer.data ? (
        <Skeleton height={160} />
      ) : (
        <Table label={`By ${chosen}`} columns={columns} rows={rows} />
      )}
    </section>
  );
}

function Points({ title, drilled, scope }: { title: string; drilled: Drilled; scope: Scope }) {
  const hour = scope.grain === "hour" && drilled.start ? { hour: drilled.start } : null;
  const question = pointsQuestion(drilled.metric, scope, hour ?? scope.range);
  const answer = useSql(question, scope.version);
  const rows = answer.data?.rows ?? [];
  if (answer.error) return <Failed error={answer.error} retry={() => void answer.refetch()} />;
  if (!answer.data) return <Skeleton height={320} />;
  if (rows.length === 0) return <Empty title="There is no point behind this" />;
  return (
    <>
      <div className="buttons">
        <Link className="button" href={`/app/sql?q=${encodeURIComponent(inPlace(question))}`}>
          Open as SQL
        </Link>
        <button type="button" className="button" onClick={() => save(fileName(title, "csv"), csv(columnsOf(scope.time_zone), rows))}>
          Download CSV
        </button>
        <span className="soft small">{rows.length === 200 ? "The newest 200 points" : `${full(rows.length)} points`}</span>
      </div>
      <Table key={metricId(drilled.metric)} label="Points" columns={columnsOf(scope.time_zone)} rows={rows} free />
    </>
  );
}

const text = (cell: Cell | undefined) => (cell === null || cell === undefined ? null : String(cell));

function columnsOf(zone: string): Column<Cell[]>[] {
  return [
    { name: "Recorded", when: true, value: (r) => text(r[0]), show: (r) => moment(String(r[0]), zone) },
    { name: "Value", number: true, value: (r) => text(r[1]), show: (r) => full(text(r[1])) },
    { name: "Dimensions", wide: true, value: (r) => text(r[2]), show: (r) => <Dimensions text={text(r[2])} /> },
  ];
}

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
