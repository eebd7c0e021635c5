import { describe, expect, it } from "vitest";
import { metricId, metricOf } from "../src/api/answers";
import { csv, fileName } from "../src/download";
import { full, NO_DATA, percent, short, signedPercent } from "../src/format";
import { sorted, type Column } from "../src/panels/table";
import { remembered } from "../src/sql/history";
import { inPlace, pointsQuestion, quoted } from "../src/sql-text";

const HOSTILE = `<script>alert("x")</script>`;

describe("texts", () => {
  it("numbers_keep_every_digit_in_full_and_four_in_short", () => {
    expect(full("9007199254740993.000000001").replaceAll(/\D/g, "")).toBe("9007199254740993000000001");
    expect(short("1108383.29")).toMatch(/^1[.,]108\s?[mM]$/);
    expect(short("0")).toBe("0");
    expect([short(null), percent(undefined), signedPercent(null)]).toEqual([NO_DATA, NO_DATA, NO_DATA]);
  });

  it("a_metric_comes_back_from_its_address_whatever_its_name", () => {
    const metric = { platform: "a/b", metric_type: HOSTILE, metric_name: "ü %" };
    expect(metricOf(metricId(metric))).toEqual(metric);
    expect(metricOf("only/two")).toBeNull();
  });

  it("a_quote_in_a_value_ends_no_sql_text", () => {
    expect(quoted("o'brien'; select")).toBe("'o''brien''; select'");
    const metric = { platform: "a", metric_type: "b", metric_name: "c" };
    const range = { from: "2026-01-01", to: "2026-01-02", days: 2 };
    const filters = [{ dimension: "k", operator: "in" as const, values: ["x' or 1=1"] }];
    const question = pointsQuestion(metric, { time_zone: "UTC", range, filters }, range);
    expect(question.query).not.toContain("or 1=1");
    expect(inPlace(question)).toContain("dimensions->>'k' in ('x'' or 1=1')");
  });

  it("a_cell_that_a_spreadsheet_would_run_is_made_plain", () => {
    const columns: Column<[string, string]>[] = [
      { name: "name", value: (r) => r[0] },
      { name: "n", number: true, value: (r) => r[1] },
    ];
    expect(csv(columns, [["=1+1", "-5"], ['a "b", c', "2"]])).toBe(`name,n\r\n'=1+1,-5\r\n"a ""b"", c",2\r\n`);
    expect(fileName(`Revenue: ${HOSTILE}`, "csv")).toBe("revenue-script-alert-x-script.csv");
  });

  it("what_is_missing_sorts_last_both_ways", () => {
    const column: Column<string | null> = { name: "n", number: true, value: (r) => r };
    expect(sorted([null, "2", "10"], column, false)).toEqual(["2", "10", null]);
    expect(sorted([null, "2", "10"], column, true)).toEqual(["10", "2", null]);
  });

  it("a_question_asked_again_moves_up_in_the_history", () => {
    const history = remembered(remembered(remembered([], "a", "1"), "b", "2"), "a", "3");
    expect(history.map((h) => h.query)).toEqual(["a", "b"]);
  });
});
