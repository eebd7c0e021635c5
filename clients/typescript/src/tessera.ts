/** The client: one credential, one server. */

import { named, type Answer, type Cell, type Column, type QuestionAnswer } from "./answer.js";
import { Batch } from "./batch.js";
import { IncompleteAnswer, PointsRejected } from "./errors.js";
import { exportedOf, type Exported, type ExportSource } from "./export.js";
import { Http, type Ask } from "./http.js";
import { ingestedOf, newKey, pointText, type Ingested, type Json, type Point } from "./ingest.js";
import type { Question } from "./question.js";
import { retries, type Retry } from "./retry.js";

/** Where the server is, and who asks. */
export interface Options {
  /** Such as `https://tessera.example`. */
  url: string;
  /** An API key, a token, or in a page a short-lived one. Never put a key into a page. */
  key: string;
  /** For platform keys, which act for several tenants; any other key has one. */
  tenant?: string;
  /** How many seconds an answer may take to begin. */
  timeoutSeconds?: number;
  retry?: Partial<Retry>;
  /** Instead of the global `fetch`. */
  fetch?: typeof fetch;
}

/** What a query may be given besides its text and values. */
export interface SqlOptions {
  /** `string` keeps all digits of decimals; a number has about 15. */
  decimals?: "number" | "string";
  /** Stops the query after so many milliseconds. */
  timeoutMs?: number;
  /** Takes an answer that the plan's limit of rows cut. */
  allowCut?: boolean;
  signal?: AbortSignal;
}

/** Speaks to one server with one key. */
export class Tessera {
  readonly #http: Http;

  constructor(options: Options) {
    const headers: Record<string, string> = { Authorization: `Bearer ${options.key}` };
    if (options.tenant !== undefined) headers["X-Tenant-ID"] = options.tenant;
    const fetching = options.fetch ?? ((...request) => fetch(...request));
    const timeoutMs = (options.timeoutSeconds ?? 60) * 1000;
    this.#http = new Http(options.url, headers, { ...retries, ...options.retry }, fetching, timeoutMs);
  }

  /**
   * Records one point. When this resolves, it is on disk; a faulty one rejects
   * with `PointsRejected`. For many points use `batch`.
   */
  async record(point: Point): Promise<Ingested> {
    const ingested = await this.send([point]);
    if (ingested.rejected_count > 0) throw new PointsRejected(ingested);
    return ingested;
  }

  /**
   * Sends points as one body of at most 32 MiB. Faulty ones are named in the
   * result and the others kept; with `strict` none is kept then, and it rejects
   * with `PointsRejected`.
   */
  async send(points: Iterable<Point>, options: { strict?: boolean; idempotencyKey?: string } = {}): Promise<Ingested> {
    const body = `[${Array.from(points, pointText).join(",")}]`;
    const strict = options.strict ?? false;
    const ingested = await this.#points(body, options.idempotencyKey ?? newKey(), strict);
    if (strict && ingested.rejected_count > 0) throw new PointsRejected(ingested);
    return ingested;
  }

  /** A `Batch`, which sends when it has `maxPoints`. */
  batch(options: { maxPoints?: number } = {}): Batch {
    return new Batch((body, key) => this.#points(body, key, false), options.maxPoints ?? 5000);
  }

  /**
   * Sends an event of a platform, whose registration makes the points. Give the
   * event's own id as `idempotencyKey` if it may be sent twice. An event of which
   * a point was rejected rejects with `PointsRejected`; its other points are kept.
   */
  async collect(
    platform: string,
    action: string,
    data: Record<string, Json>,
    options: { idempotencyKey?: string } = {},
  ): Promise<Ingested> {
    const answer = await this.#http.text({
      method: "POST",
      path: "/api/analytics/collect",
      headers: { "Idempotency-Key": options.idempotencyKey ?? newKey() },
      body: JSON.stringify({ platform, action, data }),
      takes: [422],
    });
    const ingested = ingestedOf(answer);
    if (ingested.rejected_count > 0) throw new PointsRejected(ingested);
    return ingested;
  }

  /**
   * Asks one SELECT; `params` are the values of `$1`, `$2`, …. An answer that
   * the plan's limit of rows cut rejects with `IncompleteAnswer`.
   */
  async sql<Row = Record<string, Cell>>(
    query: string,
    params: Json[] = [],
    options: SqlOptions = {},
  ): Promise<Answer<Row>> {
    const { response, text } = await this.#http.text({
      method: "POST",
      path: "/api/analytics/sql",
      query: { decimals: options.decimals ?? "number" },
      body: JSON.stringify({ query, params, timeout_ms: options.timeoutMs }),
      signal: options.signal,
    });
    const said = JSON.parse(text) as Answer & { columns: Column[]; rows: never };
    const answer: Answer = {
      columns: said.columns,
      rows: named(said.columns, said.rows),
      complete: said.complete,
      version: said.version,
      as_of: said.as_of,
      stats: said.stats,
      queryId: response.headers.get("Tessera-Query-Id") ?? undefined,
    };
    if (!answer.complete && options.allowCut !== true) throw new IncompleteAnswer(answer);
    // What the rows are is the caller's word: SQL says it at run time only.
    return answer as Answer<Row>;
  }

  /** Asks a structured question: metrics over time and by dimensions. */
  async ask(question: Question, options: { signal?: AbortSignal } = {}): Promise<QuestionAnswer> {
    const { text } = await this.#http.text({
      method: "POST",
      path: "/api/analytics/query",
      body: JSON.stringify(question),
      signal: options.signal,
    });
    const said = JSON.parse(text) as QuestionAnswer & { rows: never };
    return { ...said, rows: named(said.columns, said.rows), totals: said.totals ?? [] };
  }

  /** Exports a table or a query as one file, whose bytes come as a stream. */
  async export(
    source: ExportSource,
    format: "parquet" | "csv",
    options: { signal?: AbortSignal } = {},
  ): Promise<Exported> {
    const response = await this.#http.send({
      method: "POST",
      path: "/api/analytics/exports",
      body: JSON.stringify({ source, format }),
      signal: options.signal,
    });
    return exportedOf(response);
  }

  /**
   * Any other route, such as `request("GET", "/api/analytics/metrics")`: its
   * JSON, or undefined where there is none.
   */
  async request(
    method: string,
    path: string,
    options: { query?: Record<string, string>; json?: Json; signal?: AbortSignal } = {},
  ): Promise<unknown> {
    const ask: Ask = { method, path, signal: options.signal };
    if (options.query !== undefined) ask.query = options.query;
    if (options.json !== undefined) ask.body = JSON.stringify(options.json);
    const { text } = await this.#http.text(ask);
    return text === "" ? undefined : (JSON.parse(text) as unknown);
  }

  async #points(body: string, key: string, strict: boolean): Promise<Ingested> {
    const ask: Ask = {
      method: "POST",
      path: "/api/analytics/data-points",
      headers: { "Idempotency-Key": key },
      body,
      takes: [422],
    };
    if (strict) ask.query = { strict: "true" };
    return ingestedOf(await this.#http.text(ask));
  }
}
