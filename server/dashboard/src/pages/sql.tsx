// Questions in SQL: an editor that knows the tenant's tables, what a query
// would cost, and the answer.

import { useCallback, useEffect, useRef, useState } from "react";
import type { SignedIn, SqlAnswer } from "../api/answers";
import { askSql } from "../api/questions";
import { Refusal, useServer, type Schemas } from "../api/server";
import { bytes, full } from "../format";
import { Icon } from "../frame/icons";
import { Top } from "../frame/frame";
import { Empty, Failed, Skeleton } from "../frame/notice";
import { useAddress, useNavigate } from "../navigate";
import { Answer } from "../sql/answer";
import { Aside } from "../sql/aside";
import type { Editor } from "../sql/editor";
import { useCost } from "../sql/endpoints";
import { asked, forget, remember, type Asked } from "../sql/history";
import { SaveEndpoint } from "../sql/save-endpoint";
import { useTables, type TableShape } from "../sql/schema";

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
  const server = useServer();
  const { params } = useAddress();
  const { setParams } = useNavigate();
  const asking = params.get("q");
  const [state, setState] = useState<State>({ is: "idle" });
  const [history, setHistory] = useState<Asked[]>(() => asked(who.tenant));
  const [saving, setSaving] = useState<string | null>(null);
  const editor = useRef<Editor | null>(null);
  const tables = useTables();
  const cost = useCost();
  const mayAsk = who.scopes.includes("read") || who.scopes.includes("admin");

  const run = useCallback(async () => {
    // The editor may still be on its way: then the text is what it will show.
    const query = (editor.current?.text() ?? asking ?? FIRST).trim();
    if (!query) return;
    const stop = new AbortController();
    const began = performance.now();
    setState({ is: "running", stop });
    setParams({ q: query });
    try {
      const answer = await askSql(server, { query }, stop.signal);
      setState({ is: "done", answer, ms: performance.now() - began, query });
      setHistory(remember(who.tenant, query));
    } catch (error) {
      if (!(error instanceof Refusal)) return setState({ is: "stopped" });
      setState({ is: "refused", error });
      const { line, column } = error.problem;
      if (line) editor.current?.goTo(line, column ?? 1);
    }
  }, [server, setParams, who.tenant, asking]);

  useEffect(() => {
    if (asking !== null && editor.current && asking !== editor.current.text()) editor.current.setText(asking);
  }, [asking]);

  if (!mayAsk) {
    return (
      <>
        <Top title="SQL" />
        <div className="page">
          <Empty title="This page takes a key with the scope read" />
        </div>
      </>
    );
  }
  const text = () => (editor.current?.text() ?? asking ?? FIRST).trim();
  return (
    <>
      <Top title="SQL">
        {who.scopes.includes("admin") && (
          <button type="button" className="button" onClick={() => setSaving(text())}>
            Save as endpoint
          </button>
        )}
        <button type="button" className="button" disabled={cost.isPending} onClick={() => text() && cost.mutate(text())}>
          Cost
        </button>
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
          <div className="page-part">
            <EditorBox first={asking ?? FIRST} tables={tables.data} editor={editor} onRun={() => void run()} />
            {cost.error && <Failed error={cost.error} />}
            {cost.data && <Cost plan={cost.data} onClose={cost.reset} />}
            <Answered state={state} onRetry={() => void run()} />
          </div>
          <Aside
            who={who}
            tables={tables.data}
            error={tables.error}
            history={history}
            busy={state.is === "running"}
            onInsert={(piece) => editor.current?.insert(piece)}
            onAgain={(query) => editor.current?.setText(query)}
            onForget={() => {
              forget(who.tenant);
              setHistory([]);
            }}
          />
        </div>
      </div>
      {saving && <SaveEndpoint query={saving} onClose={() => setSaving(null)} />}
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

/** What a query would read; that it would be refused is said the same way. */
function Cost({ plan, onClose }: { plan: Schemas["SqlPlan"]; onClose: () => void }) {
  if (plan.problem) return <Failed error={new Refusal(plan.problem.status, plan.problem)} />;
  return (
    <section className="panel" aria-label="Cost">
      <header>
        <div className="said">
          <h2>
            Would read {bytes(plan.bytes ?? 0)} in {full(plan.files)} {plan.files === 1 ? "file" : "files"}
          </h2>
          <p>
            {plan.files === 0
              ? "Roll-ups answer it; no data file is read."
              : `${full(plan.rows)} rows are in them. Bytes are those of whole files: a run that needs few columns fetches fewer.`}
          </p>
        </div>
        <button type="button" className="button plain icon" aria-label="Close the cost" onClick={onClose}>
          <Icon of="close" />
        </button>
      </header>
      <details>
        <summary>How it is planned</summary>
        <pre className="block">{plan.plan}</pre>
      </details>
    </section>
  );
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
