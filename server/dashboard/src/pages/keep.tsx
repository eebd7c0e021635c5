// For how long points are kept, and the ones that must go.

import { useState, type FormEvent } from "react";
import type { SignedIn } from "../api/answers";
import { useErase, useErasures, useRetention } from "../api/questions";
import type { Schemas } from "../api/server";
import { bytes, full, moment } from "../format";
import { Dialog } from "../frame/dialog";
import { Top } from "../frame/frame";
import { Empty, Failed, Skeleton } from "../frame/notice";
import { metricTitle } from "../metrics";
import { Table, type Column } from "../panels/table";

export default function KeepPage({ who }: { who: SignedIn }) {
  const may = who.scopes.includes("admin");
  return (
    <>
      <Top title="Retention and erasure" />
      <div className="page">
        {may ? (
          <>
            <Retention />
            <Erasures />
          </>
        ) : (
          <Empty title="This page takes a key with the scope admin">
            <p>
              Make one with <code>tessera key create --tenant {who.tenant} --scopes admin</code>, sign out, and sign in with it.
            </p>
          </Empty>
        )}
      </div>
    </>
  );
}

function Retention() {
  const retention = useRetention();
  const [sure, setSure] = useState(false);
  const answer = retention.data;
  const columns: Column<Schemas["Cutoff"]>[] = [
    { name: "Metric", value: (c) => c.metric_name, show: (c) => metricTitle(c) },
    { name: "Platform", value: (c) => c.platform },
    { name: "Kept for", number: true, value: (c) => c.days ?? null, show: (c) => (c.days == null ? "ever" : `${full(c.days)} days`) },
    { name: "Points before this go", value: (c) => c.before ?? null, show: (c) => (c.before ? moment(c.before) : "none") },
  ];
  return (
    <section className="panel" aria-label="Retention">
      <h2>Retention</h2>
      <p className="soft">Points older than their metric is kept for are removed each week. Here you see what would go, and can let it go now.</p>
      <div className="buttons">
        <button type="button" className="button" disabled={retention.isPending} onClick={() => retention.mutate({ dry_run: true })}>
          Count what would go
        </button>
        {answer?.dry_run && answer.rows > 0 && (
          <button type="button" className="button danger" onClick={() => setSure(true)}>
            Remove them now
          </button>
        )}
      </div>
      {retention.error && <Failed error={retention.error} />}
      {answer && (
        <>
          <p role="status">
            {full(answer.rows)} points {answer.dry_run ? "would go" : "are gone"}, {bytes(answer.bytes)} in {full(answer.files_dropped + answer.files_rewritten)} files.
          </p>
          <Table label="What is kept" columns={columns} rows={answer.cutoffs} />
        </>
      )}
      {sure && answer && (
        <Dialog title={`Remove ${full(answer.rows)} points?`} onClose={() => setSure(false)}>
          <p>They cannot be brought back except from a backup.</p>
          <div className="buttons">
            <button
              type="button"
              className="button danger"
              onClick={() => {
                setSure(false);
                retention.mutate({ dry_run: false });
              }}
            >
              Remove {full(answer.rows)} points
            </button>
            <button type="button" className="button" onClick={() => setSure(false)}>
              Keep them
            </button>
          </div>
        </Dialog>
      )}
    </section>
  );
}

function Erasures() {
  const erasures = useErasures();
  const erase = useErase();
  const [asked, setAsked] = useState<{ dimension: string; value: string } | null>(null);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setAsked({ dimension: String(form.get("dimension")).trim(), value: String(form.get("value")) });
  };
  const columns: Column<Schemas["Erasure"]>[] = [
    { name: "Asked for", value: (e) => e.requested_at, show: (e) => moment(e.requested_at) },
    { name: "Dimension", value: (e) => e.dimension ?? "all points" },
    { name: "State", value: (e) => e.state },
    { name: "Points", number: true, value: (e) => e.receipt?.rows ?? null, show: (e) => full(e.receipt?.rows) },
    { name: "Gone since version", number: true, value: (e) => e.receipt?.version_after ?? null, show: (e) => full(e.receipt?.version_after) },
    { name: "Hash of the value", value: (e) => e.subject_hash ?? null, wide: true, show: (e) => <code className="small">{e.subject_hash ?? "—"}</code> },
  ];
  return (
    <section className="panel" aria-label="Erasures">
      <h2>Erasure</h2>
      <p className="soft">Removes all points with one value of a dimension from files, roll-ups and caches, and leaves a receipt without the value.</p>
      <form className="row" onSubmit={submit}>
        <label className="field">
          <span>Dimension</span>
          <input name="dimension" placeholder="customer_id" required />
        </label>
        <label className="field">
          <span>Value</span>
          <input name="value" required />
        </label>
        <button type="submit" className="button danger" disabled={erase.isPending}>
          {erase.isPending ? "Erasing…" : "Erase"}
        </button>
      </form>
      {erase.error && <Failed error={erase.error} />}
      {erasures.error ? (
        <Failed error={erasures.error} retry={() => void erasures.refetch()} />
      ) : !erasures.data ? (
        <Skeleton height={120} />
      ) : erasures.data.length === 0 ? (
        <Empty title="Nothing was erased yet" />
      ) : (
        <Table label="Erasures" columns={columns} rows={[...erasures.data].reverse()} />
      )}
      {asked && (
        <Dialog title={`Erase all points with ${asked.dimension} “${asked.value}”?`} onClose={() => setAsked(null)}>
          <p>They cannot be brought back, and are erased again after a restore. Queries and exports that run now may fail.</p>
          <div className="buttons">
            <button
              type="button"
              className="button danger"
              onClick={() => {
                erase.mutate(asked);
                setAsked(null);
              }}
            >
              Erase them
            </button>
            <button type="button" className="button" onClick={() => setAsked(null)}>
              Keep them
            </button>
          </div>
        </Dialog>
      )}
    </section>
  );
}
