import { describe, expect, it } from "vitest";
import { sparkPaths } from "../src/charts/sparkline";
import { timeSeriesOption } from "../src/charts/time-series";
import { largestFall } from "../src/pages/platform";
import { runningTotals } from "../src/panels/series";
import { drawingOf } from "../src/sql/chart";

const point = (value: string | null, finished = true) => ({ date: "2026-01-01", value, finished });
const look = { ink: "#000", soft: "#000", line: "#000", surface: "#fff", narrow: false };
const option = (shape: "lines" | "bars", points: ReturnType<typeof point>[]) =>
  timeSeriesOption({ lines: [{ name: "a", colour: "#00f", points }], shape, unit: "number", look }) as {
    series: { data: (number | null | object)[]; lineStyle?: { type?: unknown }; connectNulls?: boolean }[];
    yAxis: { scale: boolean };
  };

describe("charts", () => {
  it("the_unfinished_day_is_a_dashed_line_of_its_own", () => {
    const [finished, soFar] = option("lines", [point("1"), point("2"), point("3", false)]).series;
    expect(finished?.data).toEqual([1, 2, null]);
    expect(soFar?.data).toEqual([null, 2, 3]);
    expect(soFar?.lineStyle?.type).toEqual([3, 3]);
  });

  it("a_gap_stays_a_gap", () => {
    const [line] = option("lines", [point("1"), point(null), point("3")]).series;
    expect(line?.data).toEqual([1, null, 3]);
    expect(line?.connectNulls).toBe(false);
    expect(sparkPaths([point("1"), point(null), point("3"), point("2")])?.stroke.match(/M/g)).toHaveLength(2);
  });

  it("bars_begin_at_zero", () => {
    expect(option("bars", [point("5"), point("6")]).yAxis.scale).toBe(false);
  });

  it("running_totals_are_exact_and_carry_over_gaps", () => {
    const totals = runningTotals([{ value: "0.1" }, { value: null }, { value: "0.2" }]);
    expect(totals.map((t) => t.value)).toEqual(["0.1", "0.1", "0.3"]);
  });

  it("the_largest_fall_is_from_a_high_to_a_later_low", () => {
    expect(largestFall([1, 5, 2, 4, -1, 3])).toBe(-6);
    expect(largestFall([1, 2, 3])).toBe(0);
    expect(largestFall([-4])).toBe(-4);
  });

  it("an_answer_without_a_number_is_not_drawn", () => {
    const answer = { row_count: 2, complete: true, version: 1, as_of: "", stats: { files: 0, rows_scanned: 0, bytes_scanned: 0 } };
    const text = { name: "a", type: "text" };
    expect(drawingOf({ ...answer, columns: [text], rows: [["x"], ["y"]] })).toBeNull();
    const drawing = drawingOf({ ...answer, columns: [{ name: "d", type: "date" }, { name: "n", type: "decimal(35,9)" }], rows: [["2026-01-02", "2"], ["2026-01-01", "1"]] });
    expect(drawing).toMatchObject({ shape: "lines", labels: ["2026-01-01", "2026-01-02"], series: [{ name: "n", values: ["1", "2"] }] });
  });
});
