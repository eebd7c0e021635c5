import { describe, expect, it } from "vitest";
import type { Dashboard, MetricTotal } from "../src/api/answers";
import { averageHeadline, headlines, rowsOf } from "../src/metrics";

const total = (platform: string, type: string, name: string, more: object): MetricTotal =>
  ({
    platform,
    metric_type: type,
    metric_name: name,
    kind: "sum",
    assumed: false,
    count: 2,
    value: "10",
    previous_count: 1,
    previous: "4",
    change: "6",
    change_percent: "150",
    source: "rollup",
    ...more,
  }) as MetricTotal;

const TOTALS = [
  total("coreldove", "revenue", "order_revenue", { value: "0.1", previous: "0.2" }),
  total("bizoholic", "revenue", "campaign_revenue", { value: "0.2", previous: "0.3" }),
  total("bizoholic", "conversions", "campaign_conversion", { kind: "ratio", numerator: "l", denominator: "c", value: "0.07" }),
  total("directory", "engagement", "listing_views", { value: "900" }),
  total("thrillring", "engagement", "gaming_session", { value: "60" }),
];
const BOARD = {
  totals: TOTALS,
  series: TOTALS.map(({ platform, metric_type, metric_name }) => ({
    platform,
    metric_type,
    metric_name,
    days: [
      { date: "2026-01-01", count: 1, value: "0.1", finished: true },
      { date: "2026-01-02", count: 0, value: null, finished: false },
    ],
  })),
} as unknown as Dashboard;

describe("headlines", () => {
  const of = (title: string, platforms: string[] = []) =>
    headlines(BOARD, platforms).find((h) => h.title === title);

  it("revenue_is_the_exact_sum_over_platforms", () => {
    expect(of("Revenue")).toMatchObject({ value: "0.3", previous: "0.5", change: "-0.2" });
    expect(of("Revenue")?.line.map((d) => d.value)).toEqual(["0.2", null]);
    expect(of("Revenue", ["coreldove"])?.value).toBe("0.1");
  });

  it("views_and_minutes_are_never_added", () => {
    expect(of("Engagement")?.value).toBe("4");
  });

  it("a_ratio_stands_as_it_is", () => {
    expect(of("Conversion")).toMatchObject({ value: "0.07", kind: { kind: "ratio" } });
  });

  it("an_average_is_the_sum_over_the_points", () => {
    const row = rowsOf(BOARD, ["coreldove"])[0];
    if (!row) throw new Error("no row");
    expect(averageHeadline(row)).toMatchObject({ value: "0.05", previous: "0.20", title: "Order revenue per order" });
  });
});
