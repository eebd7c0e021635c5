import { describe, expect, it } from "vitest";
import { changePercent, difference, sum } from "../src/api/exact";

describe("exact decimals", () => {
  it("a_sum_keeps_digits_that_a_double_would_lose", () => {
    expect(sum(["9007199254740993.000000001", "0.000000002"])).toBe("9007199254740993.000000003");
    expect(sum(["0.1", "0.2"])).toBe("0.3");
    expect(sum(["-1.5", "1"])).toBe("-0.5");
  });

  it("nothing_added_up_is_no_data_and_zero_is_zero", () => {
    expect(sum([])).toBeNull();
    expect(sum([null, undefined])).toBeNull();
    expect(sum([null, "0"])).toBe("0");
  });

  it("a_change_is_of_the_magnitude_before", () => {
    expect(difference("10", "12.5")).toBe("-2.5");
    expect(changePercent("5", "-10")).toBe(150);
    expect(changePercent("5", "0")).toBeNull();
    expect(changePercent(null, "1")).toBeNull();
  });
});
