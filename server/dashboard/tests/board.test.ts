import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Metric } from "../src/api/answers";
import type { QueryAnswer } from "../src/api/query";
import { bucket, cutAtStart, daysWithin, isOver, lastDay } from "../src/board/buckets";
import { boardQuestions, composed } from "../src/board/compose";
import { rankingOf } from "../src/board/dimension";
import { fairly } from "../src/board/use-board";
import { exploreQuestion, exploreSql } from "../src/explore/question";
import { groupLines, shownRows } from "../src/explore/shown";
import { drilledOf, drillParams, exploringOf, exploringParams } from "../src/panels/address";
import { FUNCTIONS } from "../src/sql/functions";
import { parameterNames } from "../src/sql/endpoints";
import { DEFAULT_VIEW } from "../src/view";

const metric = (platform: string, name: string): Metric =>
  ({ platform, metric_type: "revenue", metric_name: name, kind: "sum", assumed: false, definition_version: 1, sketches: { distinct: [], quantiles: false } }) as Metric;

const answer = (more: Partial<QueryAnswer>): QueryAnswer => ({
  version: 3,
  as_of: "2026-11-25T10:00:00Z",
  time_zone: "UTC",
  range: { from: "2026-11-24", to: "2026-11-25", days: 2 },
  previous_range: { from: "2026-11-22", to: "2026-11-23", days: 2 },
  granularity: "day",
  columns: [],
  rows: [],
  totals: null,
  groups: 1,
  complete: true,
  stats: { rows_scanned: 0 },
  ...more,
});

const column = (name: string, role: string) => ({ name, role, type: "decimal", ...(role === "metric" ? { kind: "sum", source: "rollup" } : {}) });

describe("a board of structured answers", () => {
  const TWO = answer({
    columns: [column("time", "time"), column("value_0", "metric"), column("points_0", "metric"), column("value_0_previous", "previous"), column("points_0_previous", "previous")],
    rows: [
      ["2026-11-24", "9007199254740993.1", "2", "1", "1"],
      ["2026-11-25", null, "0", "2", "1"],
    ],
    totals: [
      { name: "value_0", value: "9007199254740993.1", previous: "3", change_percent: "1" },
      { name: "points_0", value: "2", previous: "2", change_percent: "0" },
    ],
  });

  it("keeps_values_exact_gaps_as_gaps_and_today_unfinished", () => {
    const board = composed([metric("a", "m")], DEFAULT_VIEW, [TWO], { tops: [], insights: [] });
    expect(board?.dashboard.totals[0]).toMatchObject({ value: "9007199254740993.1", change: "9007199254740990.1", count: 2, previous_count: 2 });
    expect(board?.dashboard.series[0]?.days).toEqual([
      { date: "2026-11-24", count: 2, value: "9007199254740993.1", finished: true },
      { date: "2026-11-25", count: 0, value: null, finished: false },
    ]);
    expect(board?.previous?.series[0]?.days.map((d) => d.value)).toEqual(["1", "2"]);
    expect(board?.dashboard.unfinished_day).toBe("2026-11-25");
  });

  it("has_no_number_for_hours_that_have_not_begun", () => {
    const hours = answer({
      ...TWO,
      granularity: "hour",
      range: { from: "2026-11-25", to: "2026-11-25", days: 1 },
      rows: [
        ["2026-11-25T09:00:00+00:00", "1", "1", "1", "1"],
        ["2026-11-25T10:00:00+00:00", "2", "1", "1", "1"],
        ["2026-11-25T11:00:00+00:00", "0", "0", "5", "1"],
      ],
      as_of: "2026-11-25T10:30:00Z",
    });
    const board = composed([metric("a", "m")], DEFAULT_VIEW, [hours], { tops: [], insights: [] });
    expect(board?.dashboard.unfinished_day).toBe("2026-11-25T10:00:00+00:00");
    expect(board?.dashboard.series[0]?.days.map((d) => [d.value, d.finished])).toEqual([["1", true], ["2", false], [null, false]]);
    expect(board?.previous?.series[0]?.days.at(-1)?.value).toBe("5");
  });

  it("asks_for_more_metrics_than_a_question_takes_in_several", () => {
    const many = Array.from({ length: 20 }, (_, at) => metric("a", `m${at}`));
    const questions = boardQuestions(many, DEFAULT_VIEW);
    expect(questions.map((q) => q.metrics.length)).toEqual([16, 16, 8]);
  });

  it("leaves_no_platform_out_for_another_that_has_much", () => {
    const many = [...Array.from({ length: 90 }, (_, at) => metric("a", `m${at}`)), metric("b", "m")];
    expect(fairly(many, 64).some((m) => m.platform === "b")).toBe(true);
  });

  it("a_ranking_tells_the_rest_from_the_points_without_a_value", () => {
    const ranking = rankingOf(
      answer({
        granularity: "all",
        groups: 9,
        columns: [column("k", "dimension"), column("value", "metric"), column("points", "metric"), column("value_previous", "previous"), column("other", "other")],
        rows: [
          ["x", "5", "1", "4", false],
          [null, "3", "1", null, false],
          [null, "2", "7", "1", true],
        ],
      }),
      "k",
    );
    expect(ranking.rows.map((r) => [r.name, r.value, r.changePercent])).toEqual([["x", "5", 25], [null, "3", null]]);
    expect(ranking).toMatchObject({ values: 9, other: "2" });
  });
});

describe("buckets of time", () => {
  it("end_where_the_calendar_says", () => {
    expect([lastDay("2026-11-23", "week"), lastDay("2024-02-01", "month")]).toEqual(["2026-11-29", "2024-02-29"]);
    expect(isOver("2026-11-23", "week", "2026-11-29T23:00:00Z", "UTC")).toBe(false);
    // By the clocks of the zone it is Monday there already.
    expect(isOver("2026-11-23", "week", "2026-11-29T23:00:00Z", "Asia/Kathmandu")).toBe(true);
    expect(isOver("2026-11-25T09:00:00+00:00", "hour", "2026-11-25T10:00:00Z", "UTC")).toBe(true);
    expect(isOver("2026-11-25T10:00:00+00:00", "hour", "2026-11-25T10:30:00Z", "UTC")).toBe(false);
  });

  it("say_when_the_range_cuts_the_first", () => {
    const range = { from: "2026-11-26", to: "2026-12-31", days: 36 };
    expect(cutAtStart("2026-11-23", { range, grain: "week" })).toBe(true);
    expect(cutAtStart("2026-11-23", { range: { ...range, from: "2026-11-23" }, grain: "week" })).toBe(false);
    expect(daysWithin("2026-11-23", { range, grain: "week" })).toEqual({ from: "2026-11-26", to: "2026-11-29" });
    expect(bucket("2026-11-25T09:00:00+05:45", "hour")).toBe("09:00");
  });
});

describe("exploring", () => {
  const exploring = {
    measures: [
      { metric: { platform: "a!b", metric_type: "t", metric_name: "n,m" }, aggregate: null },
      { metric: { platform: "a", metric_type: "t", metric_name: "n" }, aggregate: "avg" as const },
    ],
    dimensions: ["k,1", "b:c"],
    overTime: false,
    top: 15,
    shape: "bars" as const,
  };
  const params = (of: Record<string, string | null>) => new URLSearchParams(Object.entries(of).flatMap(([k, v]) => (v === null ? [] : [[k, v]])));

  it("comes_back_from_the_address", () => {
    expect(exploringOf(params(exploringParams(exploring)))).toEqual(exploring);
    const drilled = { metric: { platform: "a", metric_type: "t", metric_name: "n" }, start: "2026-11-25T09:00:00+05:45", filters: [{ dimension: "k:,;", operator: "in" as const, values: ["<script>", "a;b", ""] }] };
    expect(drilledOf(params(drillParams(drilled)))).toEqual(drilled);
    expect(drilledOf(new URLSearchParams("drill=%25/x/y"))).toBeNull();
  });

  it("asks_one_question_and_can_say_it_in_sql", () => {
    const one = { ...exploring, measures: [{ metric: metric("a", "it's"), aggregate: null }], dimensions: ["o'k"] };
    expect(exploreQuestion(one, DEFAULT_VIEW)).toMatchObject({ granularity: "all", top: { by: "m0", limit: 15, other: true } });
    const sql = exploreSql(one, [metric("a", "it's")], { ...answer({}), source: "rollup", filters: [], unfinished_day: null, previous_range: null });
    expect(sql).toContain("metric_name = 'it''s'");
    expect(sql).toContain("dimensions->>'o''k'");
    const gauge = { ...metric("a", "g"), kind: "gauge" } as Metric;
    expect(exploreSql({ ...one, measures: [{ metric: gauge, aggregate: null }] }, [gauge], { ...answer({}), source: "rollup", unfinished_day: null, previous_range: null })).toBeNull();
  });

  it("draws_a_line_for_each_group_with_gaps_where_it_has_no_row", () => {
    const rows = shownRows(
      answer({
        columns: [column("time", "time"), column("k", "dimension"), column("m0", "metric"), column("other", "other")],
        rows: [
          ["2026-11-24", "x", "1", false],
          ["2026-11-24", null, "5", true],
          ["2026-11-25", "x", "2", false],
        ],
      }),
      ["k"],
      ["m0"],
    );
    const lines = groupLines(rows, ["M"], true, false);
    expect(lines.map((l) => [l.name, l.points.map((p) => p.value)])).toEqual([["x", ["1", "2"]], ["All others", ["5", null]]]);
    expect(lines[1]?.points[1]?.finished).toBe(false);
  });
});

describe("the editor's knowledge", () => {
  it("offers_the_functions_that_the_engine_offers", () => {
    const source = readFileSync(new URL("../../../engine/src/query/functions/offered.rs", import.meta.url), "utf8");
    const own = new Set(["sum", "date_trunc", "time_bucket"]);
    const offered = new Set([...source.matchAll(/"([a-z_0-9]+)"/g)].map((m) => m[1]));
    const names = FUNCTIONS.map((f) => f.name);
    expect(names.filter((name) => !offered.has(name) && !own.has(name))).toEqual([]);
    expect([...offered].filter((name) => !names.includes(name ?? ""))).toEqual([]);
  });

  it("finds_the_places_that_a_call_fills", () => {
    expect(parameterNames("select $a, {{ b }}, '$no' , $a -- $c\n/* {{d}} */ , $1")).toEqual(["a", "b"]);
  });
});
