// Questions in SQL: an editor that knows the tenant's tables, and the answer.

import * as Tabs from "@radix-ui/react-tabs";
import { useCallback, useEffect, useRef, useState } from "react";
import type { Cell, SignedIn, SqlAnswer } from "../api/answers";
import { askSql } from "../api/questions";
import { Refusal, send } from "../api/request";
import { Chart } from "../charts/chart";
import type { Look } from "../charts/time-series";
import { save } from "../download";
import { bytes, full, moment, short } from "../format";
import { Icon } from "../frame/icons";
import { Top } from "../frame/frame";
import { Empty, Failed, Skeleton } from "../frame/notice";
import { setParams, useAddress } from "../navigate";
import { Table, type Column } from "../panels/table";
import { drawingOf, type Drawing } from "../sql/chart";
import type { Editor } from "../sql/editor";
import { asked, forget, remember, type Asked } from "../sql/history";
import { dimensionKeys, useTables, type TableShape } from "../sql/schema";

const FIRST = `select metric_date, sum(value) as revenue
from daily_metrics
where metric_type = 'revenue'
group by metric_date
order by metric_date desc
limit 30`;

type State =
  | { is: "idle" }
  | { is: "running"; stop: AbortController }
  | { is: "done"; answer: SqlAnswer; ms: number; query: string }
  | { is: "refused"; error: Refusal }
  | { is: "stopped" };

export default function SqlPage({ who }: { who: SignedIn }) {
  const { params } = useAddress();
  const asking = params.get("q");
  const [state, setState] = useState<State>({ is: "idle" });
  const [history, setHistory] = useState<Asked[]>(() => asked(who.tenant));
  const editor = useRef<Editor | null>(null);
  const tables = useTables();

  const run = useCallback(async () => {
    const query = editor.current?.text().trim();
    if (!query) return;
    const stop = new AbortController();
    const began = performance.now();
    setState({ is: "running", stop });
    setParams({ q: query });
    try {
      const answer = await askSql({ query }, stop.signal);
      setState({ is: "done", answer, ms: performance.now() - began, query });
      setHistory(remember(who.tenant, query));
    } catch (error) {
      if (!(error instanceof Refusal)) return setState({ is: "stopped" });
      setState({ is: "refused", error });
      const { line, column } = error.problem;
      if (line) editor.current?.goTo(line, column ?? 1);
    }
  }, [who.tenant]);

  useEffect(() => {
    if (asking !== null && editor.current && asking !== editor.current.text()) editor.current.setText(asking);
  }, [asking]);

  return (
    <>
      <Top title="SQL">
        {state.is === "running" ? (
          <button type="button" className="button" onClick={() => state.stop.abort()}>
            <Icon of="stop" />
            Stop
          </button>
        ) : (
          <button type="button" className="button primary" onClick={() => void run()}>
            <Icon of="play" />
            Run <span className="small">Ctrl Enter</span>
          </button>
        )}
      </Top>
      <div className="page">
        <div className="sql">
          <div className="page-part columns" style={{ gridTemplateColumns: "minmax(0, 1fr)" }}>
            <EditorBox first={asking ?? FIRST} tables={tables.data} editor={editor} onRun={() => void run()} />
            <Answered state={state} onRetry={() => void run()} />
          </div>
          <Aside
            tables={tables.data}
            error={tables.error}
            history={history}
            onInsert={(text) => editor.current?.insert(text)}
            onAgain={(query) => editor.current?.setText(query)}
            onForget={() => {
              forget(who.tenant);
              setHistory([]);
            }}
          />
        </div>
      </div>
    </>
  );
}

function EditorBox(props: {
  first: string;
  tables: TableShape[] | undefined;
  editor: { current: Editor | null };
  onRun: () => void;
}) {
  const host = useRef<HTMLDivElement>(null);
  const [ready, setReady] = useState(false);
  const run = useRef(props.onRun);
  run.current = props.onRun;
  const { editor, first, tables } = props;
  const text = useRef(first);
  useEffect(() => {
    let gone = false;
    void import("../sql/editor").then(({ makeEditor }) => {
      if (gone || !host.current) return;
      editor.current = makeEditor(host.current, text.current, "SQL query", () => run.current());
      setReady(true);
    });
    return () => {
      gone = true;
      editor.current?.destroy();
      editor.current = null;
    };
  }, [editor]);
  useEffect(() => {
    if (!ready || !tables) return;
    const columns = (table: TableShape) =>
      table.columns.map((c) => ({ label: c.name, detail: c.type, type: "property" }));
    editor.current?.setSchema(Object.fromEntries(tables.map((t) => [t.name, columns(t)])));
  }, [ready, tables, editor]);
  return <div className="editor" ref={host} />;
}

function Answered({ state, onRetry }: { state: State; onRetry: () => void }) {
  switch (state.is) {
    case "idle":
      return (
        <Empty title="Nothing asked yet">
          <p className="soft">One SELECT over your own tables; the dialect is PostgreSQL's.</p>
        </Empty>
      );
    case "running":
      return <Skeleton height={240} />;
    case "stopped":
      return <Empty title="Stopped" />;
    case "refused":
      return <Failed error={state.error} retry={state.error.status === 400 ? undefined : onRetry} />;
    case "done":
      return <Answer {...state} />;
  }
}

const FORMATS = [
  ["CSV", "text/csv", "csv"],
  ["Parquet", "application/vnd.apache.parquet", "parquet"],
] as const;

function Answer({ answer, ms, query }: { answer: SqlAnswer; ms: number; query: string }) {
  const drawing = drawingOf(answer);
  const [failed, setFailed] = useState<Refusal | null>(null);
  const download = async (accept: string, extension: string) => {
    setFailed(null);
    try {
      const response = await send("/api/analytics/sql", { method: "POST", body: { query }, accept });
      save(`query-v${answer.version}.${extension}`, await response.blob());
    } catch (error) {
      if (error instanceof Refusal) setFailed(error);
    }
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
            <button key={name} type="button" className="button" onClick={() => void download(accept, extension)}>
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
  const option = useCallback(
    (look: Look, resolve: (property: string) => string) => ({
      animation: false,
      grid: { left: 4, right: 16, top: 32, bottom: 4, containLabel: true },
      tooltip: { trigger: "axis", renderMode: "richText", confine: true, backgroundColor: look.surface, borderColor: look.line, textStyle: { color: look.ink, fontSize: 12 } },
      xAxis: { type: "category", data: drawing.labels, axisLabel: { color: look.soft, hideOverlap: true, width: 90, overflow: "truncate" }, axisTick: { show: false }, axisLine: { lineStyle: { color: look.line } } },
      yAxis: { type: "value", axisLabel: { color: look.soft, formatter: (v: number) => short(v) }, splitLine: { lineStyle: { color: look.line } } },
      series: drawing.series.map((series, at) => ({
        type: drawing.shape === "lines" ? "line" : "bar",
        name: series.name,
        color: resolve(`--platform-${(at % 8) + 1}`),
        showSymbol: drawing.labels.length < 3,
        data: series.values.map((v) => (v === null ? null : Number(v))),
      })),
    }),
    [drawing],
  );
  return (
    <>
      <p className="soft small">{drawing.series.map((s) => s.name).join(", ")}</p>
      <Chart label={`Chart of ${drawing.series.map((s) => s.name).join(", ")}`} option={option} tall />
    </>
  );
}

function Aside(props: {
  tables: TableShape[] | undefined;
  error: Refusal | null;
  history: Asked[];
  onInsert: (text: string) => void;
  onAgain: (query: string) => void;
  onForget: () => void;
}) {
  const keys = dimensionKeys(props.tables ?? []);
  return (
    <aside className="panel schema" aria-label="Tables and history" tabIndex={0}>
      <h2>Tables</h2>
      {props.error && <Failed error={props.error} />}
      {!props.tables && !props.error && <Skeleton height={160} />}
      {(props.tables ?? []).map((table) => (
        <details key={table.name}>
          <summary className="mono">{table.name}</summary>
          <ul>
            {table.columns
              .filter((c) => !/^(dim|num)_/.test(c.name))
              .map((c) => (
                <Insertable key={c.name} text={c.name} note={c.type} onInsert={props.onInsert} />
              ))}
          </ul>
        </details>
      ))}
      {keys.length > 0 && (
        <details>
          <summary>Dimension keys</summary>
          <ul>
            {keys.map((key) => (
              <Insertable key={key} text={`dimensions->>'${key}'`} note="" onInsert={props.onInsert} />
            ))}
          </ul>
        </details>
      )}
      <h2>History</h2>
      {props.history.length === 0 ? (
        <p className="soft small">What you run is kept in this browser alone.</p>
      ) : (
        <>
          <ul>
            {props.history.slice(0, 12).map((entry) => (
              <li key={entry.at + entry.query}>
                <button type="button" title={moment(entry.at)} onClick={() => props.onAgain(entry.query)}>
                  {entry.query.length > 90 ? `${entry.query.slice(0, 90)}…` : entry.query}
                </button>
              </li>
            ))}
          </ul>
          <button type="button" className="button" onClick={props.onForget}>
            Forget them
          </button>
        </>
      )}
    </aside>
  );
}

function Insertable({ text, note, onInsert }: { text: string; note: string; onInsert: (text: string) => void }) {
  return (
    <li>
      <button type="button" onClick={() => onInsert(text)}>
        {text}
      </button>
      <span className="soft small">{note}</span>
    </li>
  );
}
