// One platform, made from what its metrics are: no platform has code of its own.

import type { Dashboard, DimensionTop, MetricTotal } from "../api/answers";
import { metricId, sameMetric } from "../api/answers";
import { approximate } from "../api/exact";
import { usePlatforms } from "../api/questions";
import { full, percent, short, words } from "../format";
import { Boundary } from "../frame/boundary";
import { Empty } from "../frame/notice";
import { headline, metricTitle, pointsWord, rowsOf } from "../metrics";
import { ValuesPanel } from "../panels/campaigns";
import { FactsPanel, type Fact } from "../panels/facts";
import { FunnelPanel } from "../panels/funnel";
import { RankingPanel } from "../panels/ranking";
import { SeriesPanel, runningTotals } from "../panels/series";
import { Tile } from "../panels/tile";
import { useLooks } from "../platforms";
import { spreadQuestion, winsQuestion } from "../sql-text";
import { BoardPage, type Board } from "./board";

/** More values than this and a table serves better than bars. */
const MANY_VALUES = 24;

export default function PlatformPage({ platform }: { platform: string }) {
  const looks = useLooks();
  const platforms = usePlatforms();
  const known = platforms.data?.some((p) => p.name === platform) ?? true;
  return (
    <BoardPage title={looks(platform).title} withPlatforms={false}>
      {(board) => {
        const rows = rowsOf(board.dashboard, [platform]);
        if (rows.length > 0) return <Panels platform={platform} {...board} />;
        return (
          <Empty title={known ? "This platform has sent nothing yet" : "There is no such platform"}>
            <p className="soft">
              {known ? "Its page fills with the first points or events." : "The platforms that are registered stand at the left."}
            </p>
          </Empty>
        );
      }}
    </BoardPage>
  );
}

function Panels({ platform, dashboard, previous }: Board & { platform: string }) {
  const { colour } = useLooks()(platform);
  const rows = rowsOf(dashboard, [platform]);
  const totals = rows.map((r) => r.total);
  const revenue = totals.find((t) => t.metric_type === "revenue");
  const { bars, tables } = dimensions(dashboard, totals);
  return (
    <>
      <div className="tiles">
        {rows.map((row) => (
          <Tile key={metricId(row.total)} of={headline(row)} dashboard={dashboard} colour={colour} />
        ))}
        {rows.filter((r) => r.total.kind !== "ratio").map((row) => (
          <Tile
            key={`${metricId(row.total)}#points`}
            of={{
              ...headline(row),
              id: "points",
              title: words(pointsWord(row.total)),
              kind: { kind: "sum" },
              value: String(row.total.count),
              previous: row.total.previous_count == null ? null : String(row.total.previous_count),
              change: row.total.previous_count == null ? null : String(row.total.count - row.total.previous_count),
              changePercent: row.total.previous_count ? (row.total.count / row.total.previous_count - 1) * 100 : null,
              line: (row.series?.days ?? []).map((d) => ({ ...d, value: String(d.count) })),
              definition: `The number of ${pointsWord(row.total)}.`,
            }}
            dashboard={dashboard}
            colour={colour}
          />
        ))}
      </div>
      <div className="columns">
        {totals.map((total) => {
          const shown = [{ name: metricTitle(total), colour, metric: total, kind: total }];
          const result = total.metric_type === "performance";
          return (
            <Boundary key={metricId(total)}>
              <SeriesPanel name={`${metricTitle(total)} by day`} shown={shown} dashboard={dashboard} previous={previous} />
              {result && (
                <SeriesPanel
                  name={`${metricTitle(total)}, added up`}
                  shown={shown}
                  dashboard={dashboard}
                  previous={undefined}
                  cumulative
                  definition="Each day's result with all days of the range before it added."
                />
              )}
              {result && <WinsPanel total={total} dashboard={dashboard} />}
              {total.metric_type === "engagement" && total.kind === "sum" && <SpreadPanel total={total} dashboard={dashboard} />}
              {total.kind === "ratio" && <FunnelPanel ratio={total} revenue={revenue} dashboard={dashboard} colour={colour} />}
            </Boundary>
          );
        })}
        {bars.map(({ top, total }) => (
          <Boundary key={`${metricId(top)}#${top.key}`}>
            <RankingPanel top={top} kind={total} dashboard={dashboard} previous={previous} colour={colour} limit={10} />
          </Boundary>
        ))}
      </div>
      {tables.map(({ key, tops }) => (
        <Boundary key={key}>
          <ValuesPanel dimension={key} tops={tops} totals={totals} dashboard={dashboard} previous={previous} />
        </Boundary>
      ))}
    </>
  );
}

/** Dimensions of few values are bars; of many, tables with every metric beside. */
function dimensions(dashboard: Dashboard, totals: MetricTotal[]) {
  const bars: { top: DimensionTop; total: MetricTotal }[] = [];
  const tables = new Map<string, DimensionTop[]>();
  for (const top of dashboard.top_values) {
    const total = totals.find((t) => sameMetric(t, top));
    if (!total || !top.values?.length) continue;
    if ((top.value_count ?? 0) > MANY_VALUES) {
      // The metric that adds up leads: its largest are the ones to look at.
      const tops = [...(tables.get(top.key) ?? []), top];
      const rank = (t: DimensionTop) => (totals.find((of) => sameMetric(of, t))?.kind === "sum" ? 0 : 1);
      tables.set(top.key, tops.sort((a, b) => rank(a) - rank(b)));
    } else {
      bars.push({ top, total });
    }
  }
  return { bars, tables: [...tables].map(([key, tops]) => ({ key, tops })) };
}

function WinsPanel({ total, dashboard }: { total: MetricTotal; dashboard: Dashboard }) {
  const days = dashboard.series.find((s) => sameMetric(s, total))?.days ?? [];
  const facts = ([trades, wins, best, worst]: (string | number | boolean | null)[]): Fact[] => [
    { name: "Win rate", value: Number(trades) ? percent(Number(wins) / Number(trades), 1) : "—" },
    { name: "Largest fall", value: short(largestFall(runningTotals(days).map((d) => approximate(d.value)))) },
    { name: "Best", value: short(best as string | null) },
    { name: "Worst", value: short(worst as string | null) },
  ];
  return (
    <FactsPanel
      name={`${words(pointsWord(total))} in numbers`}
      question={winsQuestion(total, dashboard)}
      definition="Win rate: points above zero among all. Largest fall: from a high of the running total by day to the lowest after it."
      metric={total}
      dashboard={dashboard}
      facts={facts}
    />
  );
}

function SpreadPanel({ total, dashboard }: { total: MetricTotal; dashboard: Dashboard }) {
  return (
    <FactsPanel
      name={`One of the ${pointsWord(total)}`}
      question={spreadQuestion(total, dashboard)}
      definition="How values of single points are spread; the middle and nine tenths are estimates of the approximate percentile."
      metric={total}
      dashboard={dashboard}
      facts={([least, half, most, largest]) => [
        { name: "Smallest", value: full(least as string | null) },
        { name: "Half are below", value: short(half as string | null) },
        { name: "Nine in ten are below", value: short(most as string | null) },
        { name: "Largest", value: full(largest as string | null) },
      ]}
    />
  );
}

/** From a high to the lowest after it; zero when it only rose. */
export function largestFall(totals: (number | null)[]): number {
  let high = 0;
  let fall = 0;
  for (const total of totals) {
    if (total === null) continue;
    high = Math.max(high, total);
    fall = Math.min(fall, total - high);
  }
  return fall;
}
