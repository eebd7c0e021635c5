// The tenant's keys: which there are, a new one, and the end of one.

import { useState, type FormEvent } from "react";
import type { SignedIn } from "../api/answers";
import { useKeys, useMakeKey, useRevokeKey, useRoles, type KeyItem } from "../api/callers";
import { moment } from "../format";
import { Dialog } from "../frame/dialog";
import { Top } from "../frame/frame";
import { Empty, Failed, Skeleton } from "../frame/notice";
import { Table, type Column } from "../panels/table";

const SCOPES = [
  ["view", "see dashboards"],
  ["read", "ask by SQL"],
  ["export", "take data away"],
  ["ingest", "send data"],
  ["admin", "all of it, and change the tenant"],
] as const;

export default function KeysPage({ who }: { who: SignedIn }) {
  const may = who.scopes.includes("admin");
  return (
    <>
      <Top title="API keys" />
      <div className="page">
        {may ? (
          <Keys />
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

function Keys() {
  const keys = useKeys();
  const revoke = useRevokeKey();
  const [making, setMaking] = useState(false);
  const [ending, setEnding] = useState<KeyItem | null>(null);
  const columns: Column<KeyItem>[] = [
    { name: "Name", value: (k) => k.name, wide: true, show: (k) => k.name || <span className="soft">no name</span> },
    { name: "May", value: (k) => k.role ?? k.scopes.join(", "), show: (k) => k.role ?? k.scopes.join(", ") },
    { name: "State", value: stateOf },
    { name: "Last used", when: true, value: (k) => k.last_used_at ?? null, show: (k) => (k.last_used_at ? moment(k.last_used_at) : "never") },
    { name: "Ends", when: true, value: (k) => k.expires_at ?? null, show: (k) => (k.expires_at ? moment(k.expires_at) : "never by itself") },
    { name: "Made", when: true, value: (k) => k.created_at, show: (k) => moment(k.created_at) },
    {
      name: "Revoke",
      value: () => null,
      show: (k) =>
        stateOf(k) === "works" && (
          <button type="button" className="button plain" aria-label={`Revoke ${k.name || k.id}`} onClick={() => setEnding(k)}>
            Revoke
          </button>
        ),
    },
  ];
  return (
    <section className="panel" aria-label="Keys">
      <header>
        <div className="said">
          <h2>Keys of this tenant</h2>
          <p>A key that is revoked opens nothing within seconds, on every server.</p>
        </div>
        <button type="button" className="button primary" onClick={() => setMaking(true)}>
          Make a key
        </button>
      </header>
      {revoke.error && <Failed error={revoke.error} />}
      {keys.error ? (
        <Failed error={keys.error} retry={() => void keys.refetch()} />
      ) : !keys.data ? (
        <Skeleton height={160} />
      ) : (
        <Table label="Keys" columns={columns} rows={keys.data} free />
      )}
      {making && <MakeKey onClose={() => setMaking(false)} />}
      {ending && (
        <Dialog title={`Revoke ${ending.name || ending.id}?`} onClose={() => setEnding(null)}>
          <p>What uses it is refused from now on. It cannot be brought back; a new key can be made.</p>
          <div className="buttons">
            <button
              type="button"
              className="button danger"
              onClick={() => {
                revoke.mutate(ending.id);
                setEnding(null);
              }}
            >
              Revoke it
            </button>
            <button type="button" className="button" onClick={() => setEnding(null)}>
              Keep it
            </button>
          </div>
        </Dialog>
      )}
    </section>
  );
}

function stateOf(key: KeyItem): string {
  if (key.revoked_at) return "revoked";
  return key.expires_at && new Date(key.expires_at) < new Date() ? "expired" : "works";
}

function MakeKey({ onClose }: { onClose: () => void }) {
  const make = useMakeKey();
  const roles = useRoles();
  const [as, setAs] = useState("scopes");
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const ends = String(form.get("ends") ?? "");
    make.mutate({
      name: String(form.get("name")),
      ...(as === "scopes" ? { scopes: form.getAll("scope").map(String) } : { role: as }),
      ...(ends ? { expires_at: new Date(`${ends}T23:59:59`).toISOString() } : {}),
    });
  };
  if (make.data) return <Made made={make.data.key} onClose={onClose} />;
  return (
    <Dialog title="Make a key" onClose={onClose}>
      <form className="page-part" onSubmit={submit}>
        <label className="field">
          <span>What people call it</span>
          <input name="name" maxLength={128} placeholder="nightly import" />
        </label>
        <label className="field">
          <span>What it may do</span>
          <select value={as} onChange={(e) => setAs(e.target.value)}>
            <option value="scopes">chosen below</option>
            {["viewer", "analyst", "admin"].map((role) => (
              <option key={role} value={role}>
                the role {role}
              </option>
            ))}
            {(roles.data ?? []).map((role) => (
              <option key={role.name} value={role.name}>
                the role {role.name}
              </option>
            ))}
          </select>
        </label>
        {as === "scopes" && (
          <fieldset className="choices">
            <legend>Scopes</legend>
            {SCOPES.map(([scope, words]) => (
              <label key={scope} className="check">
                <input type="checkbox" name="scope" value={scope} defaultChecked={scope === "view" || scope === "read"} />
                {scope} <span className="soft">{words}</span>
              </label>
            ))}
          </fieldset>
        )}
        <label className="field">
          <span>Last day on which it works (nothing: until it is revoked)</span>
          <input type="date" name="ends" />
        </label>
        {make.error && <Failed error={make.error} />}
        <div className="buttons">
          <button type="submit" className="button primary" disabled={make.isPending}>
            {make.isPending ? "Making…" : "Make the key"}
          </button>
          <button type="button" className="button" onClick={onClose}>
            Leave it
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function Made({ made, onClose }: { made: string; onClose: () => void }) {
  const [copied, setCopied] = useState(false);
  return (
    <Dialog title="The new key" onClose={onClose}>
      <p>It is shown this once. Keep it where secrets are kept.</p>
      <pre className="block" data-secret>
        {made}
      </pre>
      <div className="buttons">
        <button type="button" className="button" onClick={() => void navigator.clipboard.writeText(made).then(() => setCopied(true))}>
          {copied ? "Copied" : "Copy"}
        </button>
        <button type="button" className="button primary" onClick={onClose}>
          I have kept it
        </button>
      </div>
    </Dialog>
  );
}
