// An answer of SQL: as rows, as a chart, as files.

import * as Tabs from "@radix-ui/react-tabs";
import { useCallback, useState } from "react";
import type { Cell, SqlAnswer } from "../api/answers";
import { Refusal, useServer } from "../api/server";
import { Chart } from "../charts/chart";
import type { Look } from "../charts/time-series";
import { fileName, save, saveUrl } from "../download";
import { bytes, full, moment, short } from "../format";
import { Empty, Failed } from "../frame/notice";
import type { TakePicture } from "../panels/panel";
import { Table, type Column } from "../panels/table";
import { drawingOf, type Drawing } from "./chart";

const FORMATS = [
  ["CSV", "text/csv", "csv"],
  ["Parquet", "application/vnd.apache.parquet", "parquet"],
] as const;

export function Answer({ answer, ms, query }: { answer: SqlAnswer; ms: number; query: string }) {
  const server = useServer();
  const drawing = drawingOf(answer);
  const [failed, setFailed] = useState<Refusal | null>(null);
  const [waiting, setWaiting] = useState(false);
  const download = async (accept: string, extension: string) => {
    setFailed(null);
    setWaiting(true);
    try {
      const response = await server.send("/api/analytics/sql", { method: "POST", body: { query }, accept });
      save(`query-v${answer.version}.${extension}`, await response.blob());
    } catch (error) {
      setFailed(error instanceof Refusal ? error : new Refusal(0, { title: "cut off", detail: "The file broke off.", hint: "try again" }));
    }
    setWaiting(false);
  };
  return (
    <section className="panel" aria-label="Answer">
      <header>
        <div className="said">
          <h2>
            {full(answer.row_count)} {answer.row_count === 1 ? "row" : "rows"}
            {!answer.complete && <span className="warn"> – cut off by a limit, not all rows</span>}
          </h2>
          <p>
            {short(ms)} ms, {full(answer.stats.rows_scanned)} rows and {bytes(answer.stats.bytes_scanned)} scanned; version {answer.version}, as of{" "}
            {moment(answer.as_of)}
          </p>
        </div>
        <div className="tools">
          {FORMATS.map(([name, accept, extension]) => (
            <button key={name} type="button" className="button" disabled={waiting} onClick={() => void download(accept, extension)}>
              {name}
            </button>
          ))}
        </div>
      </header>
      {failed && <Failed error={failed} />}
      {answer.rows.length === 0 ? (
        <Empty title="No row matches" />
      ) : (
        <Tabs.Root defaultValue="table">
          {drawing && (
            <Tabs.List className="segments" aria-label="Shown as">
              <Tabs.Trigger value="table">Table</Tabs.Trigger>
              <Tabs.Trigger value="chart">Chart</Tabs.Trigger>
            </Tabs.List>
          )}
          <Tabs.Content value="table">
            <Rows answer={answer} />
          </Tabs.Content>
          {drawing && (
            <Tabs.Content value="chart">
              <Drawn drawing={drawing} />
            </Tabs.Content>
          )}
        </Tabs.Root>
      )}
    </section>
  );
}

/** The page shows as many; files have all. */
const SHOWN_ROWS = 1_000;

function Rows({ answer }: { answer: SqlAnswer }) {
  const columns = answer.columns.map((column, at): Column<Cell[]> => {
    const number = /^(int|float|decimal|uint)/.test(column.type);
    const value = (row: Cell[]) => {
      const cell = row[at];
      return cell === undefined || cell === null ? null : typeof cell === "boolean" ? String(cell) : cell;
    };
    return { name: column.name, number, value, show: (row) => shownCell(value(row)) };
  });
  return (
    <>
      <Table label="Rows" columns={columns} rows={answer.rows.slice(0, SHOWN_ROWS)} />
      {answer.rows.length > SHOWN_ROWS && (
        <p className="soft small">The first {full(SHOWN_ROWS)} rows are shown; a download has all.</p>
      )}
    </>
  );
}

function shownCell(value: string | number | null) {
  return value === null ? <span className="soft">null</span> : value;
}

function Drawn({ drawing }: { drawing: Drawing }) {
  const [shape, setShape] = useState(drawing.shape);
  const picture: TakePicture = { current: null };
  const names = drawing.series.map((s) => s.name).join(", ");
  const option = useCallback(
    (look: Look, resolve: (property: string) => string) => ({
      animation: false,
      grid: { left: 4, right: 16, top: 16, bottom: 4, containLabel: true },
      tooltip: { trigger: "axis", renderMode: "richText", confine: true, backgroundColor: look.surface, borderColor: look.line, textStyle: { color: look.ink, fontSize: 12 } },
      xAxis: { type: "category", data: drawing.labels, axisLabel: { color: look.soft, hideOverlap: true, width: 90, overflow: "truncate" }, axisTick: { show: false }, axisLine: { lineStyle: { color: look.line } } },
      yAxis: { type: "value", axisLabel: { color: look.soft, formatter: (v: number) => short(v) }, splitLine: { lineStyle: { color: look.line } } },
      series: drawing.series.map((series, at) => ({
        type: shape === "lines" ? "line" : "bar",
        name: series.name,
        color: resolve(`--platform-${(at % 8) + 1}`),
        showSymbol: drawing.labels.length < 3,
        data: series.values.map((v) => (v === null ? null : Number(v))),
      })),
    }),
    [drawing, shape],
  );
  const take = async () => {
    const url = await picture.current?.({ title: names, note: "" });
    if (url) saveUrl(fileName(`chart of ${names}`, "png"), url);
  };
  return (
    <div className="page-part">
      <div className="row">
        <div className="segments" role="group" aria-label="Shape">
          {(["lines", "bars"] as const).map((one) => (
            <button key={one} type="button" aria-pressed={shape === one} onClick={() => setShape(one)}>
              {one === "lines" ? "Lines" : "Bars"}
            </button>
          ))}
        </div>
        <button type="button" className="button" onClick={() => void take()}>
          Picture
        </button>
      </div>
      <ul className="legend">
        {drawing.series.map((s, at) => (
          <li key={s.name}>
            <svg width="9" height="9" aria-hidden="true" color={`var(--platform-${(at % 8) + 1})`}>
              <rect width="9" height="9" rx="2" fill="currentColor" />
            </svg>
            {s.name}
          </li>
        ))}
      </ul>
      <Chart label={`Chart of ${names}`} option={option} tall picture={picture} />
    </div>
  );
}
