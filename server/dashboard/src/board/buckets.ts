// Buckets of time: how long each is, whether it is over, and how it is said.

import type { Scope } from "../api/answers";
import type { Grain } from "../view";
import { day, language } from "../format";

const DAY_MS = 86_400_000;

const utc = (date: string) => new Date(`${date.slice(0, 10)}T00:00:00Z`);
const text = (date: Date) => date.toISOString().slice(0, 10);

/** The day at a moment in a zone. */
export function dayAt(moment: string, zone: string): string {
  const parts = new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" });
  return parts.format(new Date(moment));
}

/** The last day of the bucket that begins there. */
export function lastDay(start: string, grain: Grain): string {
  const at = utc(start);
  switch (grain) {
    case "hour":
    case "day":
      return text(at);
    case "week":
      return text(new Date(at.getTime() + 6 * DAY_MS));
    case "month":
      return text(new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 0)));
  }
}

/** Whether no more points of a bucket's time can come. */
export function isOver(start: string, grain: Grain, asOf: string, zone: string): boolean {
  if (grain === "hour") return new Date(start).getTime() + 3_600_000 <= new Date(asOf).getTime();
  return lastDay(start, grain) < dayAt(asOf, zone);
}

/** Whether a bucket's time has not begun: it has no number, not even zero. */
export function isAhead(start: string, grain: Grain, asOf: string, zone: string): boolean {
  if (grain === "hour") return new Date(start).getTime() > new Date(asOf).getTime();
  return start.slice(0, 10) > dayAt(asOf, zone);
}

/** The days of a bucket that are in the range. */
export function daysWithin(start: string, of: Pick<Scope, "range" | "grain">): { from: string; to: string } {
  const first = start.slice(0, 10);
  const last = lastDay(start, of.grain ?? "day");
  return {
    from: first < of.range.from ? of.range.from : first,
    to: last > of.range.to ? of.range.to : last,
  };
}

/** Whether a range begins in the middle of its first bucket. */
export function cutAtStart(first: string | undefined, of: Pick<Scope, "range" | "grain">): boolean {
  if (first === undefined || (of.grain !== "week" && of.grain !== "month")) return false;
  if (first < of.range.from) return true;
  const at = utc(first);
  return of.grain === "week" ? at.getUTCDay() !== 1 : at.getUTCDate() !== 1;
}

/** A bucket in words. */
export function bucket(start: string, grain: Grain = "day", style: "short" | "long" = "short"): string {
  switch (grain) {
    case "hour": {
      // The hour stands in the text as it is on the wall there.
      const [date = "", time = ""] = start.split("T");
      const hour = time.slice(0, 5);
      return style === "short" ? hour : `${day(date, "long")}, ${hour}`;
    }
    case "day":
      return day(start, style);
    case "week":
      return style === "short" ? day(start) : `Week of ${day(start, "long")}`;
    case "month":
      return new Intl.DateTimeFormat(language(), {
        month: style === "short" ? "short" : "long",
        year: "numeric",
        timeZone: "UTC",
      }).format(utc(start));
  }
}

/** What a bucket is called. */
export const GRAIN_WORDS: Record<Grain, string> = { hour: "hour", day: "day", week: "week", month: "month" };
