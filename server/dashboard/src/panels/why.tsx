// "Why is this number what it is": definition, kind, source, freshness, and the
// same number by SQL.

import * as Popover from "@radix-ui/react-popover";
import type { Dashboard, MetricName } from "../api/answers";
import { day, moment } from "../format";
import { Icon } from "../frame/icons";
import { Link } from "../navigate";

export interface Origin {
  /** How the number is made. */
  definition: string;
  metrics: MetricName[];
  /** The same by SQL. */
  sql?: string | undefined;
}

export function Why({ name, origin, dashboard }: { name: string; origin: Origin; dashboard: Dashboard }) {
  const { range, previous_range: before, time_zone: zone } = dashboard;
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
              {dashboard.unfinished_day && "; today is counted so far"}
            </dd>
            {before && (
              <>
                <dt>Compared with</dt>
                <dd>
                  {day(before.from, "long")} to {day(before.to, "long")}
                  {dashboard.unfinished_day && ", all of whose days are over"}
                </dd>
              </>
            )}
            <dt>Source</dt>
            <dd>{dashboard.source === "rollup" ? "roll-ups, which equal the raw points exactly" : "the raw points"}</dd>
            <dt>As of</dt>
            <dd>
              {moment(dashboard.as_of)}, version {dashboard.version}
            </dd>
          </dl>
          {origin.sql && (
            <Link className="button" href={`/app/sql?q=${encodeURIComponent(origin.sql)}`}>
              Open as SQL
            </Link>
          )}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
