// One platform, made from what its metrics are: no platform has code of its own.

import { metricId, sameMetric, type Dashboard, type DimensionTop, type MetricName, type MetricTotal } from "../api/answers";
import { approximate } from "../api/exact";
import { useAllTops, usePlatforms } from "../api/questions";
import { NO_DATA, full, percent, short, words } from "../format";
import { Boundary } from "../frame/boundary";
import { Empty } from "../frame/notice";
import {
  averageHeadline,
  headline,
  metricTitle,
  pointWord,
  pointsHeadline,
  pointsWord,
  rowsOf,
  type Headline,
  type Row,
} from "../metrics";
import { FactsPanel, type Fact } from "../panels/facts";
import { FunnelPanel } from "../panels/funnel";
import { RankingPanel } from "../panels/ranking";
import { SeriesPanel, runningTotals } from "../panels/series";
import { Tile } from "../panels/tile";
import { ValuesPanel } from "../panels/values";
import { useLooks } from "../platforms";
import { distinctQuestion, spreadQuestion, winsQuestion } from "../sql-text";
import { BoardPage, type Board } from "./board";

/** More values than this and a table serves better than bars. */
const MANY_VALUES = 24;

export default function PlatformPage({ platform }: { platform: string }) {
  const looks = useLooks();
  const platforms = usePlatforms();
  const known = platforms.data?.some((p) => p.name === platform) ?? true;
  return (
    <BoardPage title={looks(platform).title} platform={platform}>
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

function Panels({ platform, dashboard, previous, view }: Board & { platform: string }) {
  const { colour } = useLooks()(platform);
  const tops = useAllTops(platform, view) ?? dashboard.top_values;
  const rows = rowsOf(dashboard, [platform]);
  const totals = rows.map((r) => r.total);
  const revenue = totals.find((t) => t.metric_type === "revenue");
  const { bars, tables } = dimensions(tops, totals);
  return (
    <>
      <div className="tiles">
        {rows.flatMap(tilesOf).map((of) => (
          <Tile key={of.id} of={of} dashboard={dashboard} colour={colour} />
        ))}
      </div>
      <div className="columns half">
        {totals.map((total) => {
          const shown = [{ name: metricTitle(total), colour, metric: total, kind: total }];
          return (
            <Boundary key={metricId(total)}>
              <SeriesPanel name={`${metricTitle(total)} by day`} shown={shown} dashboard={dashboard} previous={previous} />
              {total.metric_type === "performance" && (
                <SeriesPanel
                  name={`${metricTitle(total)}, added up`}
                  shown={shown}
                  dashboard={dashboard}
                  previous={undefined}
                  cumulative
                  definition="Each day's result with all days of the range before it added."
                />
              )}
            </Boundary>
          );
        })}
      </div>
      <div className="columns">
        {totals.map((total) => (
          <Boundary key={metricId(total)}>
            {total.kind === "ratio" && <FunnelPanel ratio={total} revenue={revenue} dashboard={dashboard} colour={colour} />}
            {total.metric_type === "performance" && <WinsPanel total={total} dashboard={dashboard} />}
            {total.metric_type === "engagement" && !countsOnly(total) && <SpreadPanel total={total} dashboard={dashboard} />}
            {total.kind === "sum" && <ReachPanel total={total} tops={tops} dashboard={dashboard} />}
          </Boundary>
        ))}
        {bars.map(({ key, total }) => (
          <Boundary key={`${metricId(total)}#${key}`}>
            <RankingPanel metric={total} dimension={key} dashboard={dashboard} colour={colour} limit={10} />
          </Boundary>
        ))}
      </div>
      {tables.map(({ key, metrics }) => (
        <Boundary key={key}>
          <ValuesPanel dimension={key} metrics={metrics} dashboard={dashboard} colour={colour} />
        </Boundary>
      ))}
    </>
  );
}

/** Whether every point has the value one, so that sum and count are the same. */
function countsOnly(total: MetricTotal): boolean {
  return total.kind === "sum" && Number(total.value) === total.count;
}

function tilesOf(row: Row): Headline[] {
  const tiles = [headline(row)];
  if (row.total.kind !== "sum" || countsOnly(row.total)) return tiles;
  if (row.total.metric_type === "revenue") tiles.push(averageHeadline(row));
  return [...tiles, pointsHeadline(row)];
}

/** Dimensions of few values are bars; of many, tables with every metric beside. */
function dimensions(tops: DimensionTop[], totals: MetricTotal[]) {
  const bars: { key: string; total: MetricTotal }[] = [];
  const tables = new Map<string, MetricTotal[]>();
  for (const top of tops) {
    const total = totals.find((t) => sameMetric(t, top));
    if (!total || !top.values?.length || isOwnId(top.key, total)) continue;
    if ((top.value_count ?? 0) > MANY_VALUES) {
      // The metric that adds up leads: its largest are the ones to look at.
      const metrics = [...(tables.get(top.key) ?? []), total];
      tables.set(top.key, metrics.sort((a, b) => Number(a.kind !== "sum") - Number(b.kind !== "sum")));
    } else {
      bars.push({ key: top.key, total });
    }
  }
  return { bars, tables: [...tables].map(([key, metrics]) => ({ key, metrics })) };
}

/** `order_id` of orders: as many values as points, which says nothing. */
function isOwnId(key: string, metric: MetricName): boolean {
  return key === `${pointWord(metric)}_id`;
}

/** How many different customers, players, listings there were. */
function ReachPanel({ total, tops, dashboard }: { total: MetricTotal; tops: DimensionTop[]; dashboard: Dashboard }) {
  const keys = tops
    .filter((t) => sameMetric(t, total) && t.key.endsWith("_id") && !isOwnId(t.key, total))
    .map((t) => t.key);
  if (keys.length === 0) return null;
  const one = (key: string) => words(key).replace(/ id$/, "").toLowerCase();
  return (
    <FactsPanel
      name={`How many ${keys.map((key) => `${one(key)}s`).join(" and ")}`}
      question={distinctQuestion(total, keys, dashboard)}
      definition={`How many different values of ${keys.join(", ")} the points of ${metricTitle(total).toLowerCase()} have.`}
      metric={total}
      scope={dashboard}
      facts={(row) =>
        keys.flatMap((key, at) => {
          const different = Number(row[at] ?? 0);
          return [
            { name: `Different ${one(key)}s`, value: full(different) },
            { name: `${words(pointsWord(total))} per ${one(key)}`, value: different ? short(total.count / different) : NO_DATA },
          ];
        })
      }
    />
  );
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
      scope={dashboard}
      facts={facts}
    />
  );
}

function SpreadPanel({ total, dashboard }: { total: MetricTotal; dashboard: Dashboard }) {
  return (
    <FactsPanel
      name={`${metricTitle(total)} per ${pointWord(total)}`}
      question={spreadQuestion(total, dashboard)}
      definition="How values of single points are spread; the middle and nine tenths are estimates of the approximate percentile."
      metric={total}
      scope={dashboard}
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
