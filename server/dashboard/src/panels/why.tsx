// "Why is this number what it is": definition, kind, source, freshness, and the
// same number by SQL and by the API.

import * as Popover from "@radix-ui/react-popover";
import { useState } from "react";
import type { MetricName, Scope } from "../api/answers";
import type { QueryRequest } from "../api/query";
import { bucket } from "../board/buckets";
import { day, moment } from "../format";
import { Icon } from "../frame/icons";
import { Link } from "../navigate";
import { filterWords } from "../view";

export interface Origin {
  /** How the number is made. */
  definition: string;
  metrics: MetricName[];
  /** The same by SQL. */
  sql?: string | undefined;
  /** The question that was asked. */
  request?: QueryRequest | undefined;
}

export function Why({ name, origin, scope }: { name: string; origin: Origin; scope: Scope }) {
  const { range, previous_range: before, time_zone: zone, filters = [] } = scope;
  return (
    <Popover.Root>
      <Popover.Trigger className="button plain icon" aria-label={`What ${name} is`}>
        <Icon of="info" />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content className="popover" align="end" sideOffset={4} collisionPadding={12} aria-label={`What ${name} is`}>
          <h3>{name}</h3>
          <p>{origin.definition}</p>
          <dl className="facts small">
            <dt>Metrics</dt>
            <dd>
              {origin.metrics.map((m) => (
                <div key={[m.platform, m.metric_type, m.metric_name].join("/")} className="mono">
                  {m.platform} / {m.metric_type} / {m.metric_name}
                </div>
              ))}
            </dd>
            <dt>Days</dt>
            <dd>
              {day(range.from, "long")} to {day(range.to, "long")}, beginning at midnight in {zone}
              {scope.unfinished_day && `; ${bucket(scope.unfinished_day, scope.grain, "long")} is counted so far`}
            </dd>
            {filters.length > 0 && (
              <>
                <dt>Only where</dt>
                <dd>{filters.map(filterWords).join(", and ")}</dd>
              </>
            )}
            {before && (
              <>
                <dt>Compared with</dt>
                <dd>
                  {day(before.from, "long")} to {day(before.to, "long")}
                  {scope.unfinished_day && ", all of which is over"}
                </dd>
              </>
            )}
            <dt>Source</dt>
            <dd>{scope.source === "rollup" ? "roll-ups, which equal the raw points exactly" : "the raw points"}</dd>
            <dt>As of</dt>
            <dd>
              {moment(scope.as_of)}, version {scope.version}
            </dd>
          </dl>
          <div className="buttons">
            {origin.sql && (
              <Link className="button" href={`/app/sql?q=${encodeURIComponent(origin.sql)}`}>
                Open as SQL
              </Link>
            )}
            {origin.request && <CopyCall request={origin.request} />}
          </div>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

/** The question as a line for a terminal; a quote in a value stays in its string. */
export function curlOf(request: QueryRequest, origin: string): string {
  const body = JSON.stringify(request).replaceAll("'", "'\\''");
  return `curl -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\
  ${origin}/api/analytics/query -d '${body}'`;
}

export function CopyCall({ request }: { request: QueryRequest }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(curlOf(request, window.location.origin));
    setDone(true);
  };
  return (
    <button type="button" className="button" onClick={() => void copy()}>
      {done ? "Copied" : "Copy as API call"}
    </button>
  );
}
