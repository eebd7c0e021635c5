// From the lower sum of a ratio to the upper one, and to the revenue beside it.

import type { Dashboard, MetricTotal } from "../api/answers";
import { approximate } from "../api/exact";
import { useSql } from "../api/questions";
import { percent, short, words } from "../format";
import { Empty, Failed, Skeleton } from "../frame/notice";
import { kindWords, metricTitle } from "../metrics";
import { inPlace, ratioQuestion } from "../sql-text";
import { Panel } from "./panel";

interface Step {
  name: string;
  value: string | null;
  /** Of the widest step; null where the unit is another. */
  share: number | null;
  note: string;
}

export function FunnelPanel(props: {
  ratio: MetricTotal & { kind: "ratio"; numerator: string; denominator: string };
  revenue: MetricTotal | undefined;
  dashboard: Dashboard;
  colour: string;
}) {
  const { ratio, revenue, dashboard, colour } = props;
  const question = ratioQuestion(ratio, ratio, dashboard);
  const answer = useSql(question, dashboard.version);
  const name = revenue ? `${words(ratio.denominator)} to revenue` : `${words(ratio.denominator)} to ${words(ratio.numerator).toLowerCase()}`;
  const [below, above] = (answer.data?.rows[0] ?? []) as (string | null)[];
  const steps = answer.data ? stepsOf(ratio, revenue, below ?? null, above ?? null) : [];
  return (
    <Panel
      title={name}
      name={name}
      origin={{ definition: kindWords(ratio), metrics: revenue ? [ratio, revenue] : [ratio], sql: inPlace(question) }}
      scope={dashboard}
      behind={
        answer.data && {
          columns: [
            { name: "Step", value: (s: Step) => s.name },
            { name: "Number", number: true, value: (s: Step) => s.value },
          ],
          rows: steps,
        }
      }
    >
      {() => {
        if (answer.error) return <Failed error={answer.error} retry={() => void answer.refetch()} />;
        if (!answer.data) return <Skeleton height={160} />;
        if (below == null) return <Empty title="No data on these days" />;
        return (
          <ol className="funnel">
            {steps.map((step, at) => (
              <li key={step.name}>
                <span className="soft" title={step.name}>
                  {step.name}
                </span>
                <span className="value">{short(step.value)}</span>
                <Block from={at === 0 ? 1 : (steps[at - 1]?.share ?? null)} to={step.share} colour={colour} />
                <span className="small soft">{step.note}</span>
              </li>
            ))}
          </ol>
        );
      }}
    </Panel>
  );
}

function stepsOf(
  ratio: { numerator: string; denominator: string; value: string | null },
  revenue: MetricTotal | undefined,
  below: string | null,
  above: string | null,
): Step[] {
  const [wide, narrow] = [approximate(below) ?? 0, approximate(above) ?? 0];
  const steps: Step[] = [
    { name: words(ratio.denominator), value: below, share: 1, note: "all of them" },
    {
      name: words(ratio.numerator),
      value: above,
      share: wide === 0 ? 0 : narrow / wide,
      note: `${percent(ratio.value)} of ${words(ratio.denominator).toLowerCase()}`,
    },
  ];
  if (revenue) {
    const each = narrow === 0 ? null : (approximate(revenue.value) ?? 0) / narrow;
    steps.push({
      name: metricTitle(revenue),
      value: revenue.value,
      share: null,
      note: each === null ? "" : `${short(each)} for each of ${words(ratio.numerator).toLowerCase()}`,
    });
  }
  return steps;
}

/** A step's height is its share of the first; another unit has no height. */
function Block({ from, to, colour }: { from: number | null; to: number | null; colour: string }) {
  if (to === null) {
    return (
      <svg viewBox="0 0 100 96" preserveAspectRatio="none" aria-hidden="true">
        <path d="M0 95.5H100" stroke="var(--line-strong)" strokeDasharray="3 3" vectorEffect="non-scaling-stroke" />
      </svg>
    );
  }
  const height = Math.max(1, to * 96);
  const before = (from ?? 1) * 96;
  return (
    <svg viewBox="0 0 100 96" preserveAspectRatio="none" aria-hidden="true" color={`var(${colour})`}>
      <rect y={96 - before} width="100" height={before} fill="currentColor" opacity="0.12" />
      <rect y={96 - height} width="100" height={height} fill="currentColor" opacity="0.85" />
    </svg>
  );
}
