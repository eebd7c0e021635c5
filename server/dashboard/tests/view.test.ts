import { describe, expect, it } from "vitest";
import { DEFAULT_VIEW, rangeWords, viewOf, viewParams, type View } from "../src/view";

const round = (view: View) => {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(viewParams(view))) if (value !== null) params.set(name, value);
  return viewOf(params);
};

describe("the view in the address", () => {
  it("every_view_comes_back_from_its_address", () => {
    const views: View[] = [
      DEFAULT_VIEW,
      { ...DEFAULT_VIEW, last: "12m", compare: "none", zone: "Asia/Kathmandu" },
      { ...DEFAULT_VIEW, compare: "year", grain: "week", filters: [{ dimension: "a:b,c", operator: "not_in", values: ["x;y", "<script>", ""] }, { dimension: "k", operator: "missing", values: [] }] },
      { ...DEFAULT_VIEW, from: "2026-01-01", to: "2026-01-31", platforms: ["coreldove", "quanttrade"] },
    ];
    for (const view of views) expect(round(view)).toEqual(view);
  });

  it("the_default_needs_no_parameter", () => {
    expect(Object.values(viewParams(DEFAULT_VIEW)).every((value) => value === null)).toBe(true);
  });

  it("what_cannot_be_is_the_default", () => {
    const bad = new URLSearchParams("range=<script>&from=2026-02-01&to=2026-01-01&tz=a b&compare=what&by=minute&where=nothing,k:like:x,%25:in:%25");
    expect(viewOf(bad)).toEqual(DEFAULT_VIEW);
  });

  it("a_range_is_said_in_words", () => {
    const words = (change: Partial<View>) => rangeWords({ ...DEFAULT_VIEW, ...change }, (day) => day);
    expect(words({ last: "12w" })).toBe("Last 12 weeks");
    expect(words({ from: "2026-01-01", to: "2026-01-01" })).toBe("2026-01-01");
  });
});
