// What each metric is, and the change of it.

import { useState, type FormEvent } from "react";
import type { Metric, SignedIn } from "../api/answers";
import { useDefineMetric, useMetrics } from "../api/questions";
import type { Schemas } from "../api/server";
import { Dialog } from "../frame/dialog";
import { Top } from "../frame/frame";
import { Dot } from "../frame/icons";
import { Empty, Failed, Skeleton } from "../frame/notice";
import { kindWords, metricTitle } from "../metrics";
import { useLooks } from "../platforms";
import { Table, type Column } from "../panels/table";

export default function MetricsPage({ who }: { who: SignedIn }) {
  const metrics = useMetrics();
  const looks = useLooks();
  const [editing, setEditing] = useState<Metric | null>(null);
  const mayEdit = who.scopes.includes("admin");
  const columns: Column<Metric>[] = [
    { name: "Metric", value: (m) => m.metric_name, show: (m) => <span title={m.metric_name}>{metricTitle(m)}</span> },
    {
      name: "Platform",
      value: (m) => m.platform,
      show: (m) => (
        <span>
          <Dot colour={looks(m.platform).colour} /> {looks(m.platform).title}
        </span>
      ),
    },
    { name: "Family", value: (m) => m.metric_type },
    {
      name: "How its number is made",
      wide: true,
      value: (m) => m.kind,
      show: (m) => (
        <>
          {kindWords(m)} {m.assumed && <strong className="warn">Assumed: nobody has said so.</strong>}
        </>
      ),
    },
    { name: "Definition", number: true, value: (m) => m.definition_version },
  ];
  return (
    <>
      <Top title="Metrics" />
      <div className="page">
        <section className="panel" aria-label="Metrics">
          <p className="soft">
            The kind says which roll-up is right. A change holds at once for all points, old and new.
            {!mayEdit && " Changing one takes a key with the scope admin."}
          </p>
          {metrics.error ? (
            <Failed error={metrics.error} retry={() => void metrics.refetch()} />
          ) : !metrics.data ? (
            <Skeleton height={280} />
          ) : metrics.data.length === 0 ? (
            <Empty title="No metric yet">
              <p className="soft">A metric appears with its first point.</p>
            </Empty>
          ) : (
            <Table label="Metrics" columns={columns} rows={metrics.data} onPick={mayEdit ? setEditing : undefined} free />
          )}
        </section>
        {editing && <Definition metric={editing} onClose={() => setEditing(null)} />}
      </div>
    </>
  );
}

function Definition({ metric, onClose }: { metric: Metric; onClose: () => void }) {
  const define = useDefineMetric();
  const [kind, setKind] = useState<Schemas["Kind"]["kind"]>(metric.kind);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name) ?? "").trim();
    const definition = { ...kindOf(kind, text), sketches: metric.sketches } as Schemas["NewDefinition"];
    define.mutate({ metric, definition }, { onSuccess: onClose });
  };
  return (
    <Dialog title={`What ${metricTitle(metric)} is`} onClose={onClose}>
      <form onSubmit={submit} className="page-part columns">
        <label className="field">
          <span>Kind</span>
          <select value={kind} onChange={(e) => setKind(e.target.value as Schemas["Kind"]["kind"])}>
            <option value="sum">Sum: values add up</option>
            <option value="gauge">Gauge: the last value of each series counts</option>
            <option value="ratio">Ratio: one sum over another</option>
            <option value="distinct">Distinct: different values are counted</option>
          </select>
        </label>
        {kind === "ratio" && (
          <>
            <Text name="numerator" label="Dimension summed on top" value={metric.kind === "ratio" ? metric.numerator : ""} />
            <Text name="denominator" label="Dimension summed below" value={metric.kind === "ratio" ? metric.denominator : ""} />
          </>
        )}
        {kind === "distinct" && (
          <Text name="dimension" label="Dimension that is counted" value={metric.kind === "distinct" ? metric.dimension : ""} />
        )}
        {kind === "gauge" && (
          <>
            <Text
              name="series"
              label="Dimensions that tell series apart, with commas"
              value={metric.kind === "gauge" ? (metric.series ?? []).join(", ") : ""}
            />
            <label className="field">
              <span>Series combine by</span>
              <select name="combine" defaultValue={metric.kind === "gauge" ? metric.combine : "sum"}>
                {["sum", "avg", "min", "max"].map((how) => (
                  <option key={how}>{how}</option>
                ))}
              </select>
            </label>
          </>
        )}
        {define.error && <Failed error={define.error} />}
        <div className="buttons">
          <button type="submit" className="button primary" disabled={define.isPending}>
            Set the definition
          </button>
          <button type="button" className="button" onClick={onClose}>
            Keep it as it is
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function Text({ name, label, value }: { name: string; label: string; value: string }) {
  return (
    <label className="field">
      <span>{label}</span>
      <input name={name} defaultValue={value} required={name !== "series"} />
    </label>
  );
}

function kindOf(kind: Schemas["Kind"]["kind"], text: (name: string) => string): Schemas["Kind"] {
  switch (kind) {
    case "sum":
      return { kind };
    case "ratio":
      return { kind, numerator: text("numerator"), denominator: text("denominator") };
    case "distinct":
      return { kind, dimension: text("dimension") };
    case "gauge":
      return {
        kind,
        combine: text("combine"),
        series: text("series").split(",").map((s) => s.trim()).filter(Boolean),
      };
  }
}
