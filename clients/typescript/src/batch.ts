/** Many points, sent some thousands at a time. */

import { newKey, pointText, type Ingested, type Point } from "./ingest.js";

/** A body is sent when it has this many characters; the server takes 32 MiB. */
const FULL = 4 * 1024 * 1024;

/** A point that the server did not keep, and why. */
export interface RejectedPoint {
  point: Point;
  /** The field at fault. */
  field: string;
  /** What is wrong with it. */
  reason: string;
}

/** What is sent, and sent again, unchanged and under one key. */
interface Body {
  content: string;
  key: string;
  points: Point[];
}

/**
 * Gathers points and sends them when there are enough, one body after the other.
 *
 * Each body has an idempotency key, so that sending it again counts once: when
 * `flush` rejects, nothing is lost, and calling it again goes on with the same
 * body. Faulty points do not hold up others; see `rejected`. Call `flush` at the
 * end, or declare it with `await using`.
 */
export class Batch {
  /** Points that are durable. */
  accepted = 0;
  /** Points that were known by their `eventId`. */
  duplicates = 0;
  /** Points that were not kept. Of one body the first 1,000 are listed. */
  rejected: RejectedPoint[] = [];
  /** How many points were not kept. */
  rejectedCount = 0;

  readonly #send: (body: string, key: string) => Promise<Ingested>;
  readonly #maxPoints: number;
  #points: Point[] = [];
  #encoded: string[] = [];
  #size = 0;
  #bodies: Body[] = [];
  #sending: Promise<void> | undefined;

  constructor(send: (body: string, key: string) => Promise<Ingested>, maxPoints: number) {
    if (!(maxPoints >= 1)) throw new RangeError("maxPoints must be at least 1");
    this.#send = send;
    this.#maxPoints = maxPoints;
  }

  /**
   * Adds a point; one without a time happened now. Resolves at once unless there
   * are enough to send: await it, and memory stays bounded.
   */
  async record(point: Point): Promise<void> {
    // It may wait here, so the time of its arrival would be wrong.
    const timed = point.recordedAt === undefined ? { ...point, recordedAt: new Date() } : point;
    const encoded = pointText(timed);
    this.#points.push(timed);
    this.#encoded.push(encoded);
    this.#size += encoded.length + 1;
    if (this.#points.length >= this.#maxPoints || this.#size >= FULL) await this.flush();
  }

  /**
   * Sends all points that wait. Rejects with `Unreachable` or a `Problem` when
   * that did not go, and keeps what was not sent.
   */
  async flush(): Promise<void> {
    if (this.#points.length > 0) {
      const content = `[${this.#encoded.join(",")}]`;
      this.#bodies.push({ content, key: newKey(), points: this.#points });
      this.#points = [];
      this.#encoded = [];
      this.#size = 0;
    }
    // Bodies that are put in meanwhile are sent by whoever is at it already.
    this.#sending ??= this.#drain().finally(() => (this.#sending = undefined));
    await this.#sending;
  }

  /** Points that are not sent yet. */
  get waiting(): number {
    return this.#bodies.reduce((count, body) => count + body.points.length, this.#points.length);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush();
  }

  async #drain(): Promise<void> {
    for (let body = this.#bodies[0]; body !== undefined; body = this.#bodies[0]) {
      this.#count(body, await this.#send(body.content, body.key));
      this.#bodies.shift();
    }
  }

  #count(body: Body, ingested: Ingested): void {
    this.accepted += ingested.accepted;
    this.duplicates += ingested.duplicates;
    this.rejectedCount += ingested.rejected_count;
    for (const { index, field, reason } of ingested.rejected) {
      const point = body.points[index];
      if (point !== undefined) this.rejected.push({ point, field, reason });
    }
  }
}
