// The operator's console: all tenants. Its key is a platform key, which is kept
// in this page's memory alone and is gone with a reload.

import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useState, type FormEvent } from "react";
import { Refusal, Server, ServerContext } from "../api/server";
import { Boundary } from "../frame/boundary";
import { Top } from "../frame/frame";
import { Brand } from "../frame/icons";
import { Failed } from "../frame/notice";
import { Link, useAddress, withParams } from "../navigate";
import { AuditTab, QueriesTab } from "../operator/records";
import { PlansTab } from "../operator/plans";
import { TenantsTab } from "../operator/tenants";
import { UsageTab } from "../operator/usage";
import { HealthStates } from "./health";

const TABS = [
  ["tenants", "Tenants"],
  ["plans", "Plans"],
  ["usage", "Usage and storage"],
  ["queries", "Queries and jobs"],
  ["audit", "Records"],
  ["health", "Health"],
] as const;

export default function OperatorPage() {
  const [key, setKey] = useState<string | null>(null);
  const [ended, setEnded] = useState(false);
  const cache = useQueryClient();
  const leave = () => {
    cache.removeQueries({ queryKey: ["operator"] });
    setKey(null);
  };
  useEffect(
    () =>
      cache.getQueryCache().subscribe((event) => {
        const refused = event.query.queryKey[0] === "operator" && event.query.state.error;
        if (event.type !== "updated" || !(refused instanceof Refusal) || !refused.signedOut) return;
        setEnded(true);
        leave();
      }),
    [cache],
  );
  if (key === null) {
    return (
      <OperatorSignIn
        ended={ended}
        onKey={(text) => {
          setEnded(false);
          setKey(text);
        }}
      />
    );
  }
  return <Console operatorKey={key} onLeave={leave} />;
}

function OperatorSignIn({ ended, onKey }: { ended: boolean; onKey: (key: string) => void }) {
  const [key, setKey] = useState("");
  const [error, setError] = useState<Error | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const text = key.trim();
      await new Server(text).ask("/api/admin/plans");
      onKey(text);
    } catch (refused) {
      setError(refused instanceof Error ? refused : new Error(String(refused)));
    }
    setBusy(false);
  };
  return (
    <main className="sign-in" id="main">
      <form onSubmit={(e) => void submit(e)}>
        <Brand />
        <h1>Operator's console</h1>
        {ended && <p className="soft">The key no longer opens the console.</p>}
        <label className="field">
          <span>Platform key</span>
          <input type="password" value={key} autoComplete="off" spellCheck={false} placeholder="tpk_…" autoFocus aria-describedby="operator-help" onChange={(e) => setKey(e.target.value)} />
        </label>
        {error && <Failed error={error} />}
        <button type="submit" className="button primary" disabled={busy || !key.trim()}>
          {busy ? "Opening…" : "Open the console"}
        </button>
        <p className="soft small" id="operator-help">
          Make one with <code>tessera key create --platform --scopes operate</code>. It stays in this page's memory alone: a reload asks for it again.
        </p>
        <p className="small">
          <a href="/">To a tenant's pages</a>
        </p>
      </form>
    </main>
  );
}

function Console({ operatorKey, onLeave }: { operatorKey: string; onLeave: () => void }) {
  const { path, params } = useAddress();
  const server = useMemo(() => new Server(operatorKey), [operatorKey]);
  const tab = TABS.find(([name]) => name === params.get("tab"))?.[0] ?? "tenants";
  return (
    <ServerContext value={server}>
      <div className="frame console">
        <a className="skip" href="#main">
          Skip to the page
        </a>
        <main className="main" id="main" tabIndex={-1}>
          <Top title="Operator's console">
            <nav aria-label="Parts" className="chips">
              {TABS.map(([name, title]) => (
                <Link key={name} className="chip" aria-current={tab === name ? "page" : undefined} href={withParams(path, new URLSearchParams(), { tab: name === "tenants" ? null : name })}>
                  {title}
                </Link>
              ))}
            </nav>
            <button type="button" className="button plain" onClick={onLeave}>
              Close
            </button>
          </Top>
          <div className="page">
            <Boundary key={tab}>
              <Tab name={tab} />
            </Boundary>
          </div>
        </main>
      </div>
    </ServerContext>
  );
}

function Tab({ name }: { name: (typeof TABS)[number][0] }) {
  switch (name) {
    case "tenants":
      return <TenantsTab />;
    case "plans":
      return <PlansTab />;
    case "usage":
      return <UsageTab />;
    case "queries":
      return <QueriesTab />;
    case "audit":
      return <AuditTab />;
    case "health":
      return <HealthStates />;
  }
}
