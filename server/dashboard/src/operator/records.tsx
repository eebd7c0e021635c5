// Queries of all tenants, the slowest first, those that run, jobs among them;
// and who did what.

import { bytes, full, moment } from "../format";
import { Empty, Failed, Skeleton } from "../frame/notice";
import { useAddress, useNavigate } from "../navigate";
import { Table, type Column } from "../panels/table";
import { useAudit, useChange, useQueries, type QueryEntry } from "./ask";
import type { Schemas } from "../api/server";

const VERDICTS = ["finished", "truncated", "failed", "cancelled", "timed_out", "refused"];
const CLASSES = ["sql", "dashboard", "export", "job", "endpoint"];

export function QueriesTab() {
  const { params } = useAddress();
  const { setParams } = useNavigate();
  const change = useChange();
  const state = params.get("state") === "running" ? "running" : "ended";
  const of = params.get("class");
  const queries = useQueries({
    state,
    tenant: params.get("of") ?? undefined,
    verdict: state === "ended" ? (VERDICTS.find((v) => v === params.get("verdict")) ?? undefined) : undefined,
  });
  const rows = (queries.data ?? []).filter((q) => of === null || q.class === of).toSorted((a, b) => b.ran_ms - a.ran_ms);
  const columns: Column<QueryEntry>[] = [
    { name: "Took", number: true, value: (q) => q.ran_ms, show: (q) => `${full(q.ran_ms)} ms` },
    { name: "Waited", number: true, value: (q) => q.queued_ms ?? null, show: (q) => (q.queued_ms == null ? "—" : `${full(q.queued_ms)} ms`) },
    { name: "Tenant", value: (q) => q.tenant_id },
    { name: "Kind", value: (q) => q.class },
    { name: "State", value: (q) => q.problem ?? q.state, show: (q) => (q.problem ? `${q.state}: ${q.problem}` : q.state) },
    { name: "Scanned", number: true, value: (q) => q.bytes_scanned, show: (q) => bytes(q.bytes_scanned) },
    { name: "Rows", number: true, value: (q) => q.rows, show: (q) => full(q.rows) },
    { name: "Asked", when: true, value: (q) => q.started_at, show: (q) => moment(q.started_at) },
    { name: "Text without its values", value: (q) => q.text, wide: true, show: (q) => <code className="small">{q.text}</code> },
  ];
  if (state === "running") {
    columns.unshift({
      name: "Cancel",
      value: () => null,
      show: (q) => (
        <button type="button" className="button plain" onClick={() => change.mutate({ what: "cancel query", id: q.id })}>
          Cancel
        </button>
      ),
    });
  }
  return (
    <section className="panel" aria-label="Queries">
      <header>
        <div className="said">
          <h2>Queries</h2>
          <p>{state === "running" ? "Those that run on the server that answers." : "The newest 1,000 that ended, the slowest of them first."}</p>
        </div>
        <div className="tools row">
          <div className="segments" role="group" aria-label="Which">
            {(["ended", "running"] as const).map((one) => (
              <button key={one} type="button" aria-pressed={state === one} onClick={() => setParams({ state: one === "running" ? one : null })}>
                {one === "ended" ? "Ended" : "Running"}
              </button>
            ))}
          </div>
          <Choice label="Kind" value={of} choices={CLASSES} onChange={(value) => setParams({ class: value })} />
          {state === "ended" && <Choice label="Verdict" value={params.get("verdict")} choices={VERDICTS} onChange={(value) => setParams({ verdict: value })} />}
          <TenantField />
        </div>
      </header>
      {change.error && <Failed error={change.error} />}
      {queries.error ? (
        <Failed error={queries.error} retry={() => void queries.refetch()} />
      ) : !queries.data ? (
        <Skeleton height={320} />
      ) : rows.length === 0 ? (
        <Empty title={state === "running" ? "Nothing runs" : "No such query"} />
      ) : (
        <Table label="Queries" columns={columns} rows={rows.slice(0, 200)} free />
      )}
    </section>
  );
}

function Choice(props: { label: string; value: string | null; choices: string[]; onChange: (value: string | null) => void }) {
  return (
    <label className="field inline">
      <span>{props.label}</span>
      <select value={props.value ?? ""} onChange={(e) => props.onChange(e.target.value || null)}>
        <option value="">all</option>
        {props.choices.map((choice) => (
          <option key={choice} value={choice}>
            {choice.replaceAll("_", " ")}
          </option>
        ))}
      </select>
    </label>
  );
}

function TenantField() {
  const { params } = useAddress();
  const { setParams } = useNavigate();
  return (
    <form
      className="row"
      onSubmit={(event) => {
        event.preventDefault();
        setParams({ of: String(new FormData(event.currentTarget).get("of") ?? "").trim() || null });
      }}
    >
      <label className="field inline">
        <span>Tenant</span>
        <input name="of" defaultValue={params.get("of") ?? ""} placeholder="all" />
      </label>
      <button type="submit" className="button">
        Show
      </button>
    </form>
  );
}

export function AuditTab() {
  const { params } = useAddress();
  const { setParams } = useNavigate();
  const audit = useAudit({ tenant: params.get("of") ?? undefined, action: params.get("action") ?? undefined });
  const columns: Column<Schemas["AuditEntry"]>[] = [
    { name: "When", when: true, value: (e) => e.at, show: (e) => moment(e.at) },
    { name: "Who", value: (e) => e.who, wide: true },
    { name: "Did", value: (e) => e.action },
    { name: "To", value: (e) => e.target, wide: true },
    { name: "Tenant", value: (e) => e.tenant_id ?? null, show: (e) => e.tenant_id ?? <span className="soft">none</span> },
    { name: "Times", number: true, value: (e) => e.times },
    { name: "Detail", value: (e) => JSON.stringify(e.detail), wide: true, show: (e) => <code className="small">{JSON.stringify(e.detail)}</code> },
  ];
  return (
    <section className="panel" aria-label="Records">
      <header>
        <div className="said">
          <h2>Who did what</h2>
          <p>The newest 200 records.</p>
        </div>
        <div className="tools row">
          <TenantField />
          {params.get("action") && (
            <button type="button" className="button" onClick={() => setParams({ action: null })}>
              All actions
            </button>
          )}
        </div>
      </header>
      {audit.error ? (
        <Failed error={audit.error} retry={() => void audit.refetch()} />
      ) : !audit.data ? (
        <Skeleton height={320} />
      ) : audit.data.length === 0 ? (
        <Empty title="No record of that" />
      ) : (
        <Table label="Records" columns={columns} rows={audit.data} onPick={(e) => setParams({ action: e.action })} free />
      )}
    </section>
  );
}
