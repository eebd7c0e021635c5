// What moved together across platforms, as sentences with their strength.

import type { Dashboard, Insight, InsightSide } from "../api/answers";
import { percent, short, words } from "../format";
import { Empty } from "../frame/notice";
import { useLooks, type Looks } from "../platforms";
import { Panel } from "./panel";

export function TogetherPanel({ dashboard, platforms }: { dashboard: Dashboard; platforms: string[] }) {
  const looks = useLooks();
  const chosen = (side: InsightSide) => platforms.length === 0 || platforms.includes(side.platform);
  const insights = dashboard.insights.filter((i) => chosen(i.leader) && chosen(i.follower));
  const name = "What moves together";
  return (
    <Panel
      title={name}
      name={name}
      note="Daily sums of two platforms, shifted by up to a week. What moves together need not cause each other."
      behind={{
        columns: [
          { name: "Leads", value: (i: Insight) => sideWords(i.leader, looks) },
          { name: "Follows", value: (i: Insight) => sideWords(i.follower, looks) },
          { name: "Days later", number: true, value: (i: Insight) => i.lag_days },
          { name: "r", number: true, value: (i: Insight) => Number(i.r.toFixed(4)) },
          { name: "Days", number: true, value: (i: Insight) => i.days },
          { name: "p", number: true, value: (i: Insight) => i.p, show: (i: Insight) => short(i.p) },
        ],
        rows: insights,
      }}
    >
      {() =>
        insights.length === 0 ? (
          <Empty title="Nothing moved together beyond chance">
            <p className="soft">Pairs need enough days with both; a longer history finds more.</p>
          </Empty>
        ) : (
          <ol className="sentences">
            {insights.slice(0, 5).map((insight) => (
              <li key={[insight.leader, insight.follower].map((s) => `${s.platform}/${s.metric_type}`).join()}>
                <Meter r={insight.r} />
                <span>{insightSentence(insight, looks)}</span>
                <span className="small soft strength">
                  r = {insight.r.toFixed(2)} over {insight.days} days; by chance {insight.p < 0.0001 ? "less than 0.01 %" : percent(insight.p)}
                </span>
              </li>
            ))}
          </ol>
        )
      }
    </Panel>
  );
}

function sideWords(side: InsightSide, looks: Looks): string {
  return `${looks(side.platform).title} ${words(side.metric_type).toLowerCase()}`;
}

/** The finding in the reader's words for platforms. */
export function insightSentence(of: Insight, looks: Looks): string {
  const follows = of.r > 0 ? "high" : "low";
  const lag =
    of.lag_days === 0 ? "on the same day" : of.lag_days === 1 ? "the day after" : `${of.lag_days} days later`;
  return `When ${sideWords(of.leader, looks)} was high, ${sideWords(of.follower, looks)} was ${follows} ${lag}.`;
}

function Meter({ r }: { r: number }) {
  const strength = Math.abs(r);
  const label = strength >= 0.7 ? "strong" : strength >= 0.5 ? "clear" : "weak";
  return (
    <span className="meter" role="img" aria-label={label}>
      {[0, 0.5, 0.7].map((least) => (
        <i key={least} data-on={strength >= least} />
      ))}
    </span>
  );
}
