// A headline: the number, how it changed, and its line.

import type { Dashboard } from "../api/answers";
import { Sparkline } from "../charts/sparkline";
import { NO_DATA, signed, signedPercent } from "../format";
import { written, type Headline } from "../metrics";
import { metricsSql } from "../sql-text";
import { Why } from "./why";

export function Tile({ of, dashboard, colour = "--accent" }: { of: Headline; dashboard: Dashboard; colour?: string }) {
  const now = written(of.kind, of.value);
  const before = written(of.kind, of.previous);
  const origin = {
    definition: of.definition,
    metrics: of.metrics,
    sql: metricsSql(of.metrics, dashboard),
  };
  return (
    <section className="tile" aria-label={of.title}>
      <header>
        <h2 title={of.title}>{of.title}</h2>
        <Why name={of.title} origin={origin} scope={dashboard} />
      </header>
      <div className="value" title={now.full}>
        {now.short}
      </div>
      {dashboard.previous_range && (
        <div className="change">
          <Change of={of} />
          <span className="soft" title={before.full}>
            from {before.short}
          </span>
        </div>
      )}
      <Sparkline points={of.line} colour={colour} />
    </section>
  );
}

/** Good and bad are said by arrow and sign too. */
export function Change({ of }: { of: Pick<Headline, "kind" | "change" | "changePercent" | "upIsGood"> }) {
  const change = Number(of.change ?? 0);
  if (of.change === null) return <span className="by soft">{NO_DATA}</span>;
  if (change === 0) return <span className="by soft">= 0</span>;
  const tone = change > 0 === of.upIsGood ? "good" : "bad";
  const absolute = of.kind.kind === "ratio" ? `${signed(Number((change * 100).toPrecision(2)))} pp` : signed(of.change);
  return (
    <span className={`by ${tone}`}>
      <span aria-hidden="true">{change > 0 ? "▲ " : "▼ "}</span>
      {of.changePercent === null || of.kind.kind === "ratio" ? (
        <abbr title={of.kind.kind === "ratio" ? "percentage points" : "change"}>{absolute}</abbr>
      ) : (
        <span title={absolute}>{signedPercent(of.changePercent)}</span>
      )}
    </span>
  );
}
