// What a metric is, in words: its name, its kind, and whether more is better.

import type { Dashboard, Kind, MetricName, MetricSeries, MetricTotal } from "./api/answers";
import type { Exact } from "./api/exact";
import { changePercent, difference, sum } from "./api/exact";
import { full, percent, short, words } from "./format";

/** Names that read better than the data's own. */
const NAMES: Record<string, string> = {
  campaign_revenue: "Campaign revenue",
  campaign_conversion: "Conversion",
  order_revenue: "Order revenue",
  customer_activity: "Customer visits",
  listing_views: "Listing views",
  gaming_session: "Minutes played",
  trade_pnl: "Trading result",
};

export function metricTitle(of: MetricName): string {
  return NAMES[of.metric_name] ?? words(of.metric_name);
}

/** What one point of a metric is called. */
const POINTS: Record<string, string> = {
  campaign_revenue: "campaign reports",
  campaign_conversion: "campaign reports",
  order_revenue: "orders",
  customer_activity: "visits",
  listing_views: "reports",
  gaming_session: "sessions",
  trade_pnl: "trades",
};

export function pointsWord(of: MetricName): string {
  return POINTS[of.metric_name] ?? "points";
}

/** What a single one is called: `orders` is `order`. */
export function pointWord(of: MetricName): string {
  return pointsWord(of).replace(/s$/, "");
}

/** How the metric's number is made. */
export function kindWords(kind: Kind): string {
  switch (kind.kind) {
    case "sum":
      return "Sum: the values of all points added up.";
    case "gauge":
      return kind.series?.length
        ? `Gauge: the last value of each ${kind.series.map(words).join(", ")}, combined by ${kind.combine ?? "sum"}.`
        : "Gauge: the last value counts.";
    case "ratio":
      return `Ratio: the sum of ${kind.numerator} divided by the sum of ${kind.denominator}; never an average of rates.`;
    case "distinct":
      return `Distinct: how many different ${words(kind.dimension).toLowerCase()} there are.`;
  }
}

export interface Written {
  short: string;
  full: string;
}

/** The metric's number, for headlines and for reading off. */
export function written(kind: Pick<Kind, "kind">, value: Exact | number | null | undefined): Written {
  return kind.kind === "ratio"
    ? { short: percent(value), full: percent(value, 7) }
    : { short: short(value), full: full(value) };
}

/** Values that can be added over buckets and values. */
export function isAdditive(kind: Pick<Kind, "kind">): boolean {
  return kind.kind === "sum";
}

/** A headline: one number, what it was, and its line. */
export interface Headline {
  id: string;
  title: string;
  kind: Kind;
  value: Exact | null;
  previous: Exact | null;
  change: Exact | null;
  changePercent: number | null;
  /** By day: null is a gap. */
  line: { date: string; value: Exact | null; finished: boolean }[];
  /** What it is made of. */
  metrics: MetricName[];
  /** How it is made, in words. */
  definition: string;
  upIsGood: boolean;
}

const SUM: Kind = { kind: "sum" };

/** The number of a metric's points. */
export function pointsHeadline({ total, series }: Row): Headline {
  return {
    ...added("points", words(pointsWord(total)), `The number of ${pointsWord(total)}.`, [{ total, series }], "count"),
    id: `${headline({ total, series }).id}#points`,
  };
}

/** What one point has on average; of metrics that add up. */
export function averageHeadline({ total, series }: Row): Headline {
  const mean = (value: Exact | null | undefined, count: number | null | undefined) =>
    value == null || !count ? null : (Number(value) / count).toFixed(2);
  const [now, before] = [mean(total.value, total.count), mean(total.previous, total.previous_count)];
  return {
    ...headline({ total, series }),
    id: `${headline({ total, series }).id}#average`,
    title: `${metricTitle(total)} per ${pointWord(total)}`,
    kind: SUM,
    value: now,
    previous: before,
    change: difference(now, before),
    changePercent: changePercent(now, before),
    line: (series?.days ?? []).map((d) => ({ ...d, value: mean(d.value, d.count) })),
    definition: `${metricTitle(total)} divided by the number of ${pointsWord(total)}, rounded to two decimals.`,
  };
}

export type Row = { total: MetricTotal; series: MetricSeries | undefined };

/** The headline of one metric. */
export function headline(of: Row): Headline {
  const { total, series } = of;
  return {
    id: [total.platform, total.metric_type, total.metric_name].join("/"),
    title: metricTitle(total),
    kind: total,
    value: total.value,
    previous: total.previous,
    change: total.change,
    changePercent: total.change_percent === null ? null : Number(total.change_percent),
    line: series?.days ?? [],
    metrics: [total],
    definition: kindWords(total),
    upIsGood: true,
  };
}

/** The sum of metrics that can be added, or of their points. */
function added(id: string, title: string, definition: string, rows: Row[], of: "value" | "count"): Headline {
  const now = of === "value" ? sum(rows.map((r) => r.total.value)) : count(rows, "count");
  const before =
    of === "value" ? sum(rows.map((r) => r.total.previous)) : count(rows, "previous_count");
  const days = rows[0]?.series?.days ?? [];
  return {
    id,
    title,
    kind: SUM,
    value: now,
    previous: before,
    change: difference(now, before),
    changePercent: changePercent(now, before),
    line: days.map(({ date, finished, ahead }, at) => ({
      date,
      finished,
      value: ahead
        ? null
        : of === "value"
          ? sum(rows.map((r) => r.series?.days[at]?.value))
          : String(rows.reduce((all, r) => all + (r.series?.days[at]?.count ?? 0), 0)),
    })),
    metrics: rows.map((r) => r.total),
    definition,
    upIsGood: true,
  };
}

function count(rows: Row[], which: "count" | "previous_count"): Exact | null {
  const counts = rows.map((r) => r.total[which]).filter((n) => n !== null && n !== undefined);
  return counts.length ? String(counts.reduce((all, n) => all + n, 0)) : null;
}

/** The rows of a dashboard, of these platforms. */
export function rowsOf(dashboard: Dashboard, platforms: string[]): Row[] {
  return dashboard.totals
    .filter((t) => platforms.length === 0 || platforms.includes(t.platform))
    .map((total) => ({
      total,
      series: dashboard.series.find(
        (s) =>
          s.platform === total.platform &&
          s.metric_type === total.metric_type &&
          s.metric_name === total.metric_name,
      ),
    }));
}

/** The overview's headlines; what a tenant does not send has none. */
export function headlines(dashboard: Dashboard, platforms: string[]): Headline[] {
  const rows = rowsOf(dashboard, platforms);
  const of = (type: string) => rows.filter((r) => r.total.metric_type === type);
  const shown: Headline[] = [];
  const revenue = of("revenue").filter((r) => isAdditive(r.total));
  if (revenue.length) {
    const definition = `The sum of ${revenue.map((r) => metricTitle(r.total).toLowerCase()).join(" and ")}.`;
    shown.push(added("revenue", "Revenue", definition, revenue, "value"));
  }
  const orders = rows.filter((r) => r.total.metric_name === "order_revenue");
  if (orders.length) {
    shown.push(added("orders", "Orders", "The number of orders.", orders, "count"));
  }
  for (const ratio of rows.filter((r) => r.total.kind === "ratio").slice(0, 1)) {
    shown.push(headline(ratio));
  }
  const engagement = of("engagement");
  if (engagement.length) {
    const names = engagement.map((r) => metricTitle(r.total).toLowerCase()).join(", ");
    const definition = `The number of points of ${names}. Their values (views, minutes) are different things and are not added.`;
    shown.push(added("engagement", "Engagement", definition, engagement, "count"));
  }
  const result = of("performance").filter((r) => isAdditive(r.total));
  if (result.length) {
    shown.push(added("result", "Trading result", "The sum of profit and loss.", result, "value"));
  }
  return shown.length ? shown : rows.slice(0, 5).map(headline);
}
