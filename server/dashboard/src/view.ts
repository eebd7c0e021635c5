// What a page shows, as its address says it: a copied link shows the same page.

import type { Filter, Granularity, Operator } from "./api/query";

export interface View {
  /** Days that end today (`30d`), unless `from` and `to` are given. */
  last: string;
  from: string | null;
  to: string | null;
  compare: "none" | "previous" | "year";
  /** How long a bucket of time is; by the length of the range when null. */
  grain: Grain | null;
  /** The zone that days begin in; the tenant's own when null. */
  zone: string | null;
  /** Only these platforms; all when empty. */
  platforms: string[];
  /** Only points for which all of these hold. */
  filters: Filter[];
}

/** What people choose of the lengths of a bucket. */
export type Grain = Exclude<Granularity, "all" | "quarter" | "year">;

export const GRAINS: Grain[] = ["hour", "day", "week", "month"];

export const DEFAULT_VIEW: View = {
  last: "30d",
  from: null,
  to: null,
  compare: "previous",
  grain: null,
  zone: null,
  platforms: [],
  filters: [],
};

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const LAST = /^\d{1,4}[dwmy]$/;

/** The view that an address names; what it does not name, or wrongly, is the default. */
export function viewOf(params: URLSearchParams): View {
  const text = (name: string, form: RegExp) => {
    const value = params.get(name);
    return value !== null && form.test(value) ? value : null;
  };
  const from = text("from", DAY);
  const to = text("to", DAY);
  const both = from !== null && to !== null && from <= to;
  return {
    last: text("range", LAST) ?? DEFAULT_VIEW.last,
    from: both ? from : null,
    to: both ? to : null,
    compare: (text("compare", /^(none|year)$/) as "none" | "year" | null) ?? "previous",
    grain: GRAINS.find((grain) => grain === params.get("by")) ?? null,
    zone: text("tz", /^[A-Za-z0-9_+\-/]{1,64}$/),
    platforms: (params.get("platform") ?? "").split(",").filter(Boolean),
    filters: filtersOf(params.get("where") ?? ""),
  };
}

/** The parameters of a view that differ from the default. */
export function viewParams(view: View): Record<string, string | null> {
  const custom = view.from !== null && view.to !== null;
  return {
    range: custom || view.last === DEFAULT_VIEW.last ? null : view.last,
    from: custom ? view.from : null,
    to: custom ? view.to : null,
    compare: view.compare === "previous" ? null : view.compare,
    by: view.grain,
    tz: view.zone,
    platform: view.platforms.length ? view.platforms.join(",") : null,
    where: filtersText(view.filters) || null,
  };
}

export const OPERATORS: Operator[] = ["in", "not_in", "exists", "missing", "gt", "gte", "lt", "lte"];

/** `country:in:France;Spain`, several with commas between. */
export function filtersText(filters: Filter[]): string {
  const piece = (text: string) => encodeURIComponent(text);
  return filters
    .map((f) => [piece(f.dimension), f.operator, f.values.map(piece).join(";")].join(":"))
    .join(",");
}

/** What is no filter is left out. */
export function filtersOf(text: string): Filter[] {
  const filters: Filter[] = [];
  for (const part of text.split(",").filter(Boolean)) {
    const [dimension = "", operator = "", values = ""] = part.split(":");
    const known = OPERATORS.find((o) => o === operator);
    if (!dimension || !known) continue;
    try {
      filters.push({
        dimension: decodeURIComponent(dimension),
        operator: known,
        // An empty text is a value too; no value is none.
        values: known === "exists" || known === "missing" ? [] : values.split(";").map(decodeURIComponent),
      });
    } catch {
      // Half of a percent sign is no filter.
    }
  }
  return filters;
}

const OPERATOR_WORDS: Record<Operator, string> = {
  in: "is",
  not_in: "is not",
  exists: "is there",
  missing: "is not there",
  gt: ">",
  gte: "≥",
  lt: "<",
  lte: "≤",
};

export function operatorWords(operator: Operator): string {
  return OPERATOR_WORDS[operator];
}

/** A filter as one reads it. */
export function filterWords(of: Filter): string {
  const values = of.values.map((v) => v || "(empty)").join(" or ");
  return [of.dimension.replaceAll("_", " "), operatorWords(of.operator), values].filter(Boolean).join(" ");
}

const DAY_MS = 86_400_000;

/** How many days a view has, today included. */
export function daysOf(view: View): number {
  if (view.from !== null && view.to !== null) {
    return (Date.parse(view.to) - Date.parse(view.from)) / DAY_MS + 1;
  }
  const unit = { d: 1, w: 7, m: 30, y: 365 }[view.last.slice(-1)] ?? 1;
  return Number.parseInt(view.last, 10) * unit;
}

/** The length of a bucket that makes a readable line. */
export function grainOf(view: View): Grain {
  if (view.grain) return view.grain;
  const days = daysOf(view);
  if (days <= 2) return "hour";
  return days <= 190 ? "day" : days <= 800 ? "week" : "month";
}

const UNITS: Record<string, [string, string]> = {
  d: ["day", "days"],
  w: ["week", "weeks"],
  m: ["month", "months"],
  y: ["year", "years"],
};

/** The view's days in words. */
export function rangeWords(view: View, day: (text: string) => string): string {
  if (view.from !== null && view.to !== null) {
    return view.from === view.to ? day(view.from) : `${day(view.from)} – ${day(view.to)}`;
  }
  if (view.last === "1d") return "Today";
  const count = Number.parseInt(view.last, 10);
  const [one, many] = UNITS[view.last.slice(-1)] ?? ["day", "days"];
  return count === 1 ? `Last ${one}` : `Last ${count} ${many}`;
}
