/** Points on their way in, and what became of them. */

import { problemOf } from "./errors.js";

/** What JSON can hold. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** What a point may say besides its metric and its number. */
export interface PointFields {
  /** Texts, numbers and booleans that the point can be grouped by. */
  dimensions?: Record<string, Json>;
  /** When it happened; the time of arrival when left out. */
  recordedAt?: Date | string;
  /** A point whose id was seen in the last seven days is dropped. */
  eventId?: string;
}

/** One number of one metric at one time. */
export interface Point extends PointFields {
  /** A registered platform, such as `coreldove`. */
  platform: string;
  /** The metric's family, such as `revenue`. */
  metricType: string;
  /** The metric's name, such as `order_revenue`. */
  metricName: string;
  /** The number. A text such as `"1234567890123456.789"` keeps all its digits. */
  value: number | string;
}

/** A point that was not kept. */
export interface Rejected {
  /** Its place in the body, from 0. */
  index: number;
  /** The field at fault. */
  field: string;
  /** What is wrong with it. */
  reason: string;
}

/** What became of a body of points. What was accepted is on disk. */
export interface Ingested {
  /** Points that are durable now. */
  accepted: number;
  /** Points dropped because their `eventId` was seen before. */
  duplicates: number;
  /** Values with more than nine decimals, rounded half to even. */
  rounded: number;
  /** Points that were not kept; the first 1,000 are listed. */
  rejected: Rejected[];
  /** How many were not kept. */
  rejected_count: number;
  /** The tenant's version that holds the points. */
  version: number;
}

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/**
 * The point as the server takes it, as JSON text. Throws a `TypeError` for a
 * value that is no number, and a `RangeError` for a time that is none.
 */
export function pointText(point: Point): string {
  const rest = JSON.stringify({
    platform: point.platform,
    metric_type: point.metricType,
    metric_name: point.metricName,
    dimensions: point.dimensions,
    recorded_at: point.recordedAt instanceof Date ? point.recordedAt.toISOString() : point.recordedAt,
    event_id: point.eventId,
  });
  // A text goes in as it is: a number would lose digits beyond the 15th.
  return `${rest.slice(0, -1)},"value":${valueText(point.value)}}`;
}

/** A number as JSON text. */
function valueText(value: number | string): string {
  if (typeof value === "string" ? NUMBER.test(value) : Number.isFinite(value)) return String(value);
  throw new TypeError(`the value ${JSON.stringify(value) ?? String(value)} is no number that can be stored`);
}

/** An idempotency key. `crypto.randomUUID` is missing in pages that came by plain HTTP. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Reads a 200, or a 422 that names rejected points; another 422 throws. */
export function ingestedOf({ response, text }: { response: Response; text: string }): Ingested {
  const said: unknown = text === "" ? null : JSON.parse(text);
  if (typeof said === "object" && said !== null && "rejected_count" in said) return said as Ingested;
  throw problemOf(response, text);
}
