/** What can go wrong, by what a caller can do about it. */

import type { Answer } from "./answer.js";
import type { Ingested } from "./ingest.js";

/** Everything that this package throws on its own. */
export class TesseraError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/**
 * No answer came. What was sent may have been done or not; points are sent with
 * an idempotency key, so that sending them again counts once.
 */
export class Unreachable extends TesseraError {}

/** Points that were faulty; `ingested` names each with its field. */
export class PointsRejected extends TesseraError {
  constructor(readonly ingested: Ingested) {
    const [first] = ingested.rejected;
    const why = first ? `: point ${first.index}, ${first.field}: ${first.reason}` : "";
    super(`${ingested.rejected_count} points were rejected${why}`);
  }
}

/** The plan's limit of rows cut the answer; `answer` has the rows that came. */
export class IncompleteAnswer extends TesseraError {
  constructor(readonly answer: Answer) {
    super(`the plan's limit of rows cut the answer after ${answer.rows.length} rows: ask for fewer, or export the query`);
  }
}

/** A plan's limit that was reached. */
export interface Limit {
  name: string;
  used: number;
  allowed: number;
  plan: string;
  /** When what is used counts no more. */
  resets_at?: string | null;
  /** The smallest plan that would allow it. */
  allowed_by?: string | null;
}

/** A refusal, as the server explains it (RFC 9457). */
export class Problem extends TesseraError {
  /** The HTTP status. */
  readonly status: number;
  /** The kind, such as `urn:tessera:problem:query`. */
  readonly type: string;
  /** The kind in words. */
  readonly title: string;
  /** What was wrong this time. */
  readonly detail: string;
  /** The field, parameter or header at fault. */
  readonly at: string | undefined;
  /** Line and column in a text that was sent, from 1. */
  readonly line: number | undefined;
  readonly column: number | undefined;
  /** What to do about it. */
  readonly hint: string | undefined;
  /** The limit that was reached. */
  readonly limit: Limit | undefined;
  /** Seconds after which the same request may succeed. */
  readonly retryAfter: number | undefined;

  constructor(status: number, said: Said, retryAfter: number | undefined) {
    const place = said.at ? [`at ${said.at}`] : [];
    if (said.line != null) place.push(`line ${said.line}, column ${said.column}`);
    const where = place.length > 0 ? ` (${place.join(", ")})` : "";
    const hint = said.hint ? `; ${said.hint}` : "";
    super(`${status} ${said.title ?? ""}: ${said.detail ?? ""}${where}${hint}`);
    this.status = status;
    this.type = said.type ?? "about:blank";
    this.title = said.title ?? "";
    this.detail = said.detail ?? "";
    this.at = said.at ?? undefined;
    this.line = said.line ?? undefined;
    this.column = said.column ?? undefined;
    this.hint = said.hint ?? undefined;
    this.limit = said.limit ?? undefined;
    this.retryAfter = retryAfter;
  }
}

/** 429: a limit of the plan; `limit` says which. */
export class LimitReached extends Problem {}

/** 503: the server cannot serve now. Nothing was acknowledged. */
export class Unavailable extends Problem {}

/** The body of a problem. */
export interface Said {
  type?: string;
  title?: string;
  detail?: string;
  at?: string | null;
  line?: number | null;
  column?: number | null;
  hint?: string | null;
  limit?: Limit | null;
}

/** The problem that a response with this body is. */
export function problemOf(response: Response, body: string): Problem {
  let said: Said;
  try {
    const read: unknown = JSON.parse(body);
    if (typeof read !== "object" || read === null) throw new SyntaxError("no object");
    said = read;
  } catch {
    // A proxy's own page, say.
    said = { title: response.statusText, detail: body.slice(0, 200) };
  }
  const kind = response.status === 429 ? LimitReached : response.status === 503 ? Unavailable : Problem;
  return new kind(response.status, said, retryAfterOf(response));
}

/** The seconds of `Retry-After`; the server sends no dates. */
export function retryAfterOf(response: Response): number | undefined {
  const text = response.headers.get("Retry-After");
  const seconds = text === null || text.trim() === "" ? NaN : Number(text);
  return Number.isFinite(seconds) ? seconds : undefined;
}
