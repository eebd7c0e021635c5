// Data in bulk, as one file of one version.

import { useState, type FormEvent } from "react";
import type { SignedIn } from "../api/answers";
import { Refusal, useServer, type Schemas } from "../api/server";
import { save } from "../download";
import { bytes } from "../format";
import { Top } from "../frame/frame";
import { Failed } from "../frame/notice";

const TABLES: [Schemas["ExportTable"], string][] = [
  ["analytics_data_points", "All data points"],
  ["daily_metrics", "Each metric by day"],
  ["weekly_metrics", "Each metric by week"],
  ["monthly_metrics", "Each metric by month"],
  ["metrics", "What each metric is"],
  ["platforms", "The platforms"],
  ["usage", "Usage by day"],
];

export default function ExportsPage({ who }: { who: SignedIn }) {
  const server = useServer();
  const [source, setSource] = useState<string>("daily_metrics");
  const [format, setFormat] = useState<Schemas["ExportFormat"]>("csv");
  const [query, setQuery] = useState("select * from daily_metrics where platform = 'coreldove'");
  const [state, setState] = useState<{ busy: boolean; error: Refusal | null; done: string | null }>({ busy: false, error: null, done: null });
  const may = who.scopes.includes("export") || who.scopes.includes("admin");
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setState({ busy: true, error: null, done: null });
    const body = { format, source: source === "sql" ? { sql: query } : { table: source } };
    try {
      const response = await server.send("/api/analytics/exports", { method: "POST", body });
      const name = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "")?.[1];
      const file = await response.blob();
      save(name ?? `export.${format}`, file);
      setState({ busy: false, error: null, done: `${name ?? "The file"} has arrived whole, ${bytes(file.size)}.` });
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal(0, { title: "cut off", detail: "The file broke off.", hint: "try again" });
      setState({ busy: false, error: refusal, done: null });
    }
  };
  return (
    <>
      <Top title="Exports" />
      <div className="page">
        <section className="panel" aria-label="New export">
          <h2>Take data away</h2>
          <p className="soft">One file, with all rows of one version: what is committed while it is written is not in it.</p>
          <form onSubmit={(e) => void submit(e)} className="columns">
            <label className="field">
              <span>What</span>
              <select value={source} onChange={(e) => setSource(e.target.value)}>
                {TABLES.map(([name, text]) => (
                  <option key={name} value={name}>
                    {text}
                  </option>
                ))}
                <option value="sql">The rows of a query</option>
              </select>
            </label>
            <label className="field">
              <span>Format</span>
              <select value={format} onChange={(e) => setFormat(e.target.value as Schemas["ExportFormat"])}>
                <option value="csv">CSV, for spreadsheets</option>
                <option value="parquet">Parquet, with exact types</option>
              </select>
            </label>
            {source === "sql" && (
              <label className="field" style={{ gridColumn: "1 / -1" }}>
                <span>Query</span>
                <textarea value={query} onChange={(e) => setQuery(e.target.value)} spellCheck={false} />
              </label>
            )}
            <div className="buttons" style={{ gridColumn: "1 / -1" }}>
              <button type="submit" className="button primary" disabled={!may || state.busy}>
                {state.busy ? "Exporting…" : "Export"}
              </button>
              {!may && <span className="soft">This takes a key with the scope export.</span>}
            </div>
          </form>
          {state.error && <Failed error={state.error} />}
          {state.done && (
            <div className="notice" role="status">
              {state.done}
            </div>
          )}
        </section>
      </div>
    </>
  );
}
