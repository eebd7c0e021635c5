// Rejected points: why, and what to do with each.

import { useState } from "react";
import type { RejectedPoint, SignedIn } from "../api/answers";
import { usePlatforms, useRejected, useRemedy } from "../api/questions";
import { full, moment } from "../format";
import { Dialog } from "../frame/dialog";
import { Top } from "../frame/frame";
import { Empty, Failed, Skeleton } from "../frame/notice";
import { useAddress, useNavigate } from "../navigate";
import { useLooks } from "../platforms";
import { Table, type Column } from "../panels/table";

export default function QualityPage({ who }: { who: SignedIn }) {
  const { params } = useAddress();
  const { setParams } = useNavigate();
  const platform = params.get("of") ?? undefined;
  const field = params.get("field") ?? undefined;
  const filter = { platform, field };
  const rejected = useRejected(filter);
  const platforms = usePlatforms();
  const looks = useLooks();
  const remedy = useRemedy();
  const [open, setOpen] = useState<RejectedPoint | null>(null);
  const mayMend = who.scopes.includes("ingest") || who.scopes.includes("admin");
  const entries = rejected.data?.entries ?? [];
  const columns: Column<RejectedPoint>[] = [
    { name: "Received", when: true, value: (p) => p.received_at, show: (p) => moment(p.received_at) },
    { name: "Field", value: (p) => p.field, show: (p) => <code>{p.field}</code> },
    { name: "What is wrong", value: (p) => p.reason, wide: true },
    { name: "Sent as", value: (p) => p.source },
    { name: "Replayed", number: true, value: (p) => p.attempts },
  ];
  const replayed = remedy.data;
  return (
    <>
      <Top title="Data quality">
        {mayMend && entries.length > 0 && (
          <button type="button" className="button" disabled={remedy.isPending} onClick={() => remedy.mutate({ what: "replay all", filter })}>
            Replay all that are shown
          </button>
        )}
      </Top>
      <div className="page">
        <div className="row">
          <label className="field">
            <span>Platform</span>
            <select value={platform ?? ""} onChange={(e) => setParams({ of: e.target.value || null })}>
              <option value="">All</option>
              {(platforms.data ?? []).map((p) => (
                <option key={p.name} value={p.name}>
                  {looks(p.name).title}
                </option>
              ))}
            </select>
          </label>
          <label className="field">
            <span>Field at fault</span>
            <input
              defaultValue={field ?? ""}
              placeholder="such as value"
              onKeyDown={(e) => e.key === "Enter" && setParams({ field: e.currentTarget.value || null })}
              onBlur={(e) => e.currentTarget.value !== (field ?? "") && setParams({ field: e.currentTarget.value || null })}
            />
          </label>
        </div>
        {remedy.error && <Failed error={remedy.error} />}
        {replayed && (
          <div className="notice" role="status">
            {full(replayed.accepted)} accepted, {full(replayed.duplicates)} known before, {full(replayed.rejected.length)} rejected again.
          </div>
        )}
        <section className="panel" aria-label="Rejected points">
          {rejected.error ? (
            <Failed error={rejected.error} retry={() => void rejected.refetch()} />
          ) : !rejected.data ? (
            <Skeleton height={240} />
          ) : entries.length === 0 ? (
            <Empty title="No rejected points">
              <p className="soft">
                Points that cannot be taken are kept here for seven days with the reason, so that they can be mended and sent
                again.
              </p>
            </Empty>
          ) : (
            <>
              <p className="soft">
                {rejected.data.next_cursor ? "The newest 200" : full(entries.length)} rejected points. Each is kept for seven days.
              </p>
              <Table label="Rejected points" columns={columns} rows={entries} onPick={setOpen} free />
            </>
          )}
        </section>
        {open && <Mend point={open} mayMend={mayMend} remedy={remedy} onClose={() => setOpen(null)} />}
      </div>
    </>
  );
}

function Mend(props: { point: RejectedPoint; mayMend: boolean; remedy: ReturnType<typeof useRemedy>; onClose: () => void }) {
  const { point, remedy, onClose } = props;
  const [text, setText] = useState(() => JSON.stringify(point.point, null, 2));
  const [wrong, setWrong] = useState<string | null>(null);
  const replay = () => {
    try {
      const corrected: unknown = JSON.parse(text);
      setWrong(null);
      remedy.mutate({ what: "replay", id: point.id, corrected }, { onSuccess: onClose });
    } catch (error) {
      setWrong(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <Dialog title="Rejected point" onClose={onClose}>
      <dl className="facts">
        <dt>Field</dt>
        <dd>
          <code>{point.field}</code>
        </dd>
        <dt>What is wrong</dt>
        <dd>{point.reason}</dd>
        <dt>Received</dt>
        <dd>
          {moment(point.received_at)}, as {point.source}, at position {point.index}
        </dd>
        <dt>Kept until</dt>
        <dd>{moment(point.expires_at)}</dd>
      </dl>
      <label className="field">
        <span>The point</span>
        <textarea value={text} onChange={(e) => setText(e.target.value)} spellCheck={false} readOnly={!props.mayMend} />
        {wrong && <span className="wrong">This is not JSON: {wrong}</span>}
      </label>
      {remedy.error && <Failed error={remedy.error} />}
      <div className="buttons">
        <button type="button" className="button primary" disabled={!props.mayMend || remedy.isPending} onClick={replay}>
          Send it as it stands here
        </button>
        <button
          type="button"
          className="button danger"
          disabled={!props.mayMend || remedy.isPending}
          onClick={() => remedy.mutate({ what: "drop", id: point.id }, { onSuccess: onClose })}
        >
          Drop it
        </button>
        {!props.mayMend && <span className="soft">This takes a key with the scope ingest.</span>}
      </div>
    </Dialog>
  );
}
