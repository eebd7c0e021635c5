// What a page shows, as its address says it: a copied link shows the same page.

import type { QueryRequest } from "./api/query";

export interface View {
  /** Days that end today (`30d`), unless `from` and `to` are given. */
  last: string;
  from: string | null;
  to: string | null;
  compare: "none" | "previous";
  /** The zone that days begin in; the tenant's own when null. */
  zone: string | null;
  /** Only these platforms; all when empty. */
  platforms: string[];
}

export const DEFAULT_VIEW: View = {
  last: "30d",
  from: null,
  to: null,
  compare: "previous",
  zone: null,
  platforms: [],
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
    compare: params.get("compare") === "none" ? "none" : "previous",
    zone: text("tz", /^[A-Za-z0-9_+\-/]{1,64}$/),
    platforms: (params.get("platform") ?? "").split(",").filter(Boolean),
  };
}

/** The parameters of a view that differ from the default. */
export function viewParams(view: View): Record<string, string | null> {
  const custom = view.from !== null && view.to !== null;
  return {
    range: custom || view.last === DEFAULT_VIEW.last ? null : view.last,
    from: custom ? view.from : null,
    to: custom ? view.to : null,
    compare: view.compare === "none" ? "none" : null,
    tz: view.zone,
    platform: view.platforms.length ? view.platforms.join(",") : null,
  };
}

/** The view's days as a question has them. */
export function timeRange(view: View): QueryRequest["time_range"] {
  return view.from !== null && view.to !== null
    ? { from: view.from, to: view.to }
    : { last: view.last };
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
  const count = Number.parseInt(view.last, 10);
  const [one, many] = UNITS[view.last.slice(-1)] ?? ["day", "days"];
  return count === 1 ? `Last ${one}` : `Last ${count} ${many}`;
}
