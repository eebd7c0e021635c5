// All tenants: what each stores and asks, its plan, and its own limits.

import { useState, type FormEvent } from "react";
import { bytes, full, moment } from "../format";
import { Dialog } from "../frame/dialog";
import { Empty, Failed, Skeleton } from "../frame/notice";
import { useAddress, useNavigate } from "../navigate";
import { Table, type Column } from "../panels/table";
import { useAllUsage, useChange, useLimits, usePlans, useTenants, type TenantItem, type UsageRow } from "./ask";
import { LimitsForm } from "./limits";

const DAY_MS = 86_400_000;

/** The last thirty UTC days. */
export function lastDays(now: number): { from: string; to: string } {
  const text = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  return { from: text(now - 29 * DAY_MS), to: text(now) };
}

export interface Summed {
  points: number;
  questions: number;
  scanned: number;
  cpu_us: number;
  stored: number;
}

/** What a tenant used in the days, and stored at the last of them. */
export function summed(rows: UsageRow[]): Summed {
  const all = (of: (row: UsageRow) => number) => rows.reduce((sum, row) => sum + of(row), 0);
  const last = rows.reduce<UsageRow | null>((a, b) => (a === null || b.day > a.day ? b : a), null);
  return {
    points: all((r) => r.points + r.imported),
    questions: all((r) => r.sql_queries + r.dashboards + r.exports),
    scanned: all((r) => r.scanned_bytes),
    cpu_us: all((r) => r.cpu_us),
    stored: last?.stored_bytes ?? 0,
  };
}

export function TenantsTab() {
  const tenants = useTenants();
  const usage = useAllUsage(...(Object.values(lastDays(Date.now())) as [string, string]));
  const { params } = useAddress();
  const { setParams } = useNavigate();
  const [making, setMaking] = useState(false);
  const [finding, setFinding] = useState("");
  if (tenants.error) return <Failed error={tenants.error} retry={() => void tenants.refetch()} />;
  if (!tenants.data) return <Skeleton height={320} />;
  const open = tenants.data.find((t) => t.tenant_id === params.get("tenant"));
  const of = new Map(tenants.data.map((t) => [t.tenant_id, summed((usage.data ?? []).filter((r) => r.tenant === t.tenant_id))]));
  const used = (t: TenantItem) => of.get(t.tenant_id) ?? summed([]);
  const columns: Column<TenantItem>[] = [
    { name: "Tenant", value: (t) => t.tenant_id, wide: true },
    { name: "Plan", value: (t) => t.plan },
    { name: "Stored", number: true, value: (t) => used(t).stored, show: (t) => bytes(used(t).stored) },
    { name: "Points, 30 days", number: true, value: (t) => used(t).points, show: (t) => full(used(t).points) },
    { name: "Questions", number: true, value: (t) => used(t).questions, show: (t) => full(used(t).questions) },
    { name: "Scanned", number: true, value: (t) => used(t).scanned, show: (t) => bytes(used(t).scanned) },
    { name: "CPU", number: true, value: (t) => used(t).cpu_us, show: (t) => `${full(Math.round(used(t).cpu_us / 1e4) / 100)} s` },
    { name: "Since", when: true, value: (t) => t.created_at, show: (t) => moment(t.created_at) },
  ];
  const rows = tenants.data.filter((t) => t.tenant_id.includes(finding.trim()));
  return (
    <section className="panel" aria-label="Tenants">
      <header>
        <div className="said">
          <h2>{full(tenants.data.length)} tenants</h2>
          <p>Numbers are of the last thirty UTC days; stored bytes of the last of them.</p>
        </div>
        <div className="tools">
          <label className="field inline">
            <span>Find</span>
            <input value={finding} onChange={(e) => setFinding(e.target.value)} />
          </label>
          <button type="button" className="button primary" onClick={() => setMaking(true)}>
            Make a tenant
          </button>
        </div>
      </header>
      {usage.error && <Failed error={usage.error} retry={() => void usage.refetch()} />}
      {rows.length === 0 ? <Empty title="No tenant has such a name" /> : <Table label="Tenants" columns={columns} rows={rows} onPick={(t) => setParams({ tenant: t.tenant_id })} free />}
      {open && <OneTenant tenant={open} onClose={() => setParams({ tenant: null })} />}
      {making && <MakeTenant onClose={() => setMaking(false)} />}
    </section>
  );
}

function OneTenant({ tenant, onClose }: { tenant: TenantItem; onClose: () => void }) {
  const plans = usePlans();
  const limits = useLimits(tenant.tenant_id);
  const change = useChange();
  const error = plans.error ?? limits.error ?? change.error;
  return (
    <Dialog title={tenant.tenant_id} onClose={onClose} sheet>
      {error && <Failed error={error} />}
      {!plans.data || !limits.data ? (
        !error && <Skeleton height={240} />
      ) : (
        <>
          <label className="field">
            <span>Plan</span>
            <select
              value={tenant.plan}
              disabled={change.isPending}
              onChange={(e) => change.mutate({ what: "change tenant", tenant: tenant.tenant_id, body: { plan: e.target.value } })}
            >
              {plans.data.plans.map((p) => (
                <option key={p.plan}>{p.plan}</option>
              ))}
            </select>
          </label>
          <h3>Limits of its own</h3>
          <p className="soft">An empty field is the plan's number. A change holds on every server within five seconds.</p>
          <LimitsForm
            limits={plans.data.limits}
            now={limits.data.limits}
            own={limits.data.overrides}
            busy={change.isPending}
            onSave={(body) => change.mutate({ what: "limit tenant", tenant: tenant.tenant_id, body })}
          />
        </>
      )}
    </Dialog>
  );
}

function MakeTenant({ onClose }: { onClose: () => void }) {
  const plans = usePlans();
  const change = useChange();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const zone = String(form.get("zone"));
    const body = { tenant_id: String(form.get("id")).trim(), plan: String(form.get("plan")), ...(zone ? { time_zone: zone } : {}) };
    change.mutate({ what: "make tenant", body }, { onSuccess: onClose });
  };
  return (
    <Dialog title="Make a tenant" onClose={onClose}>
      <form className="page-part" onSubmit={submit}>
        <label className="field">
          <span>Its id</span>
          <input name="id" required autoComplete="off" />
        </label>
        <label className="field">
          <span>Plan</span>
          <select name="plan" defaultValue="free">
            {(plans.data?.plans ?? []).map((p) => (
              <option key={p.plan}>{p.plan}</option>
            ))}
          </select>
        </label>
        <label className="field">
          <span>Its days begin at midnight in</span>
          <select name="zone" defaultValue="UTC">
            {["UTC", ...Intl.supportedValuesOf("timeZone").filter((z) => z !== "UTC")].map((zone) => (
              <option key={zone}>{zone}</option>
            ))}
          </select>
        </label>
        {change.error && <Failed error={change.error} />}
        <div className="buttons">
          <button type="submit" className="button primary" disabled={change.isPending}>
            {change.isPending ? "Making…" : "Make the tenant"}
          </button>
          <button type="button" className="button" onClick={onClose}>
            Leave it
          </button>
        </div>
      </form>
    </Dialog>
  );
}
