// What each plan allows.

import { useState } from "react";
import { Dialog } from "../frame/dialog";
import { Failed, Skeleton } from "../frame/notice";
import { words } from "../format";
import { amount } from "../pages/usage";
import { Table, type Column } from "../panels/table";
import { useChange, usePlans, type LimitView } from "./ask";
import { LimitsForm } from "./limits";

export function PlansTab() {
  const plans = usePlans();
  const change = useChange();
  const [open, setOpen] = useState<string | null>(null);
  if (plans.error) return <Failed error={plans.error} retry={() => void plans.refetch()} />;
  if (!plans.data) return <Skeleton height={320} />;
  const columns: Column<LimitView>[] = [
    { name: "Limit", value: (l) => l.name, show: (l) => <span title={l.of}>{words(l.name)}</span> },
    ...plans.data.plans.map(
      (plan): Column<LimitView> => ({
        name: plan.plan,
        number: true,
        value: (l) => plan.limits[l.name] ?? null,
        show: (l) => {
          const value = plan.limits[l.name];
          return value == null ? "no limit" : amount(l.name, value);
        },
      }),
    ),
    { name: "Counted", value: (l) => l.of, wide: true },
  ];
  const plan = plans.data.plans.find((p) => p.plan === open);
  return (
    <section className="panel" aria-label="Plans">
      <header>
        <div className="said">
          <h2>Plans</h2>
          <p>A change holds for every tenant of the plan that has no number of its own, within five seconds.</p>
        </div>
        <div className="tools">
          {plans.data.plans.map((p) => (
            <button key={p.plan} type="button" className="button" onClick={() => setOpen(p.plan)}>
              Change {p.plan}
            </button>
          ))}
        </div>
      </header>
      <Table label="Plans" columns={columns} rows={plans.data.limits} free />
      {plan && (
        <Dialog title={`The plan ${plan.plan}`} onClose={() => setOpen(null)} sheet>
          {change.error && <Failed error={change.error} />}
          <LimitsForm
            limits={plans.data.limits}
            now={plan.limits}
            own={null}
            busy={change.isPending}
            onSave={(body) => change.mutate({ what: "change plan", plan: plan.plan, body })}
          />
        </Dialog>
      )}
    </section>
  );
}
