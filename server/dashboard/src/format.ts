// Numbers and dates in the reader's language. Exact texts stay exact: `Intl`
// formats a numeric text without going through a double.

import type { Exact } from "./api/exact";

export const NO_DATA = "—";

type Value = Exact | number | null | undefined;

export const language = () => (typeof navigator === "undefined" ? "en-GB" : navigator.language);

function format(value: Value, options: Intl.NumberFormatOptions): string {
  if (value === null || value === undefined || value === "") return NO_DATA;
  return new Intl.NumberFormat(language(), options).format(value as Intl.StringNumericLiteral);
}

/** At most four significant digits, for headlines and axes. */
export function short(value: Value): string {
  if (value !== null && value !== undefined && Math.abs(Number(value)) < 10_000) {
    const whole = Math.abs(Number(value)) >= 1_000;
    return format(value, whole ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 4 });
  }
  return format(value, { notation: "compact", maximumSignificantDigits: 4 });
}

/** Every digit that there is. */
export function full(value: Value): string {
  return format(value, { maximumFractionDigits: 9 });
}

/** A part of one as per cent. */
export function percent(value: Value, digits = 2): string {
  return format(value, { style: "percent", maximumFractionDigits: digits });
}

/** A change in per cent, with its sign. */
export function signedPercent(value: number | null): string {
  const digits = value !== null && Math.abs(value) >= 100 ? 0 : 1;
  return value === null
    ? NO_DATA
    : format(value / 100, { style: "percent", maximumFractionDigits: digits, signDisplay: "exceptZero" });
}

/** A difference, with its sign. */
export function signed(value: Value): string {
  const options: Intl.NumberFormatOptions = { signDisplay: "exceptZero" };
  if (value !== null && value !== undefined && Math.abs(Number(value)) >= 10_000) {
    return format(value, { ...options, notation: "compact", maximumSignificantDigits: 4 });
  }
  return format(value, { ...options, maximumSignificantDigits: 4 });
}

/** Bytes in the unit that reads best. */
export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let left = value;
  let unit = 0;
  while (left >= 1024 && unit < units.length - 1) {
    left /= 1024;
    unit += 1;
  }
  return `${format(left, { maximumSignificantDigits: 3 })} ${units[unit]}`;
}

/** A day such as `2026-11-25`, which has no zone. */
export function day(text: string, style: "short" | "long" = "short"): string {
  const options: Intl.DateTimeFormatOptions =
    style === "short"
      ? { day: "numeric", month: "short" }
      : { weekday: "short", day: "numeric", month: "short", year: "numeric" };
  return new Intl.DateTimeFormat(language(), { ...options, timeZone: "UTC" }).format(
    new Date(`${text}T00:00:00Z`),
  );
}

/** The first and the last of some days; with their years when those differ. */
export function dayRange(from: string, to: string): string {
  if (from === to) return day(from);
  return from.slice(0, 4) === to.slice(0, 4) ? `${day(from)} – ${day(to)}` : `${day(from, "long")} – ${day(to, "long")}`;
}

/** A moment in a zone. */
export function moment(text: string, zone?: string): string {
  return new Intl.DateTimeFormat(language(), {
    dateStyle: "medium",
    timeStyle: "medium",
    ...(zone ? { timeZone: zone } : {}),
  }).format(new Date(text));
}

/** How long ago a moment was. */
export function ago(text: string, now: number): string {
  const seconds = Math.max(0, Math.round((now - new Date(text).getTime()) / 1000));
  if (seconds < 90) return `${seconds} s ago`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min ago` : `${Math.round(minutes / 60)} h ago`;
}

/** A name of the data in sentence case: `order_revenue` is `Order revenue`. */
export function words(name: string): string {
  const text = name.replaceAll(/[_-]+/g, " ").trim().replaceAll(/\b(api|sql|cpu)\b/g, (short) => short.toUpperCase());
  return text.charAt(0).toUpperCase() + text.slice(1);
}
