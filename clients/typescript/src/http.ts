/** Requests, sent again where that helps. */

import { Unreachable, problemOf, retryAfterOf } from "./errors.js";
import { waitBefore, type Retry } from "./retry.js";

/** A request. */
export interface Ask {
  method: string;
  path: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  body?: string;
  /** Statuses of 400 or more that are an answer all the same. */
  takes?: number[];
  signal?: AbortSignal | undefined;
}

/** A server, a credential and a policy of retries. */
export class Http {
  readonly #url: string;
  readonly #headers: Record<string, string>;
  readonly #retry: Retry;
  readonly #fetch: typeof fetch;
  readonly #timeoutMs: number;

  constructor(url: string, headers: Record<string, string>, retry: Retry, fetching: typeof fetch, timeoutMs: number) {
    this.#url = url.replace(/\/+$/, "");
    this.#headers = headers;
    this.#retry = retry;
    this.#fetch = fetching;
    this.#timeoutMs = timeoutMs;
  }

  /** The body of the answer, read whole. */
  async text(ask: Ask): Promise<{ response: Response; text: string }> {
    const response = await this.send(ask);
    return { response, text: await readAll(response, ask) };
  }

  /**
   * The answer, whose body is still to be read. A status of 400 or more throws
   * a `Problem`.
   */
  async send(ask: Ask): Promise<Response> {
    for (let attempt = 2; ; attempt++) {
      let response: Response;
      let wait: number | undefined;
      try {
        response = await this.#once(ask);
        if (response.status < 400 || ask.takes?.includes(response.status)) return response;
        wait = waitBefore(this.#retry, attempt, response.status, retryAfterOf(response));
        if (wait === undefined) throw problemOf(response, await readAll(response, ask));
        await response.body?.cancel();
      } catch (error) {
        // fetch throws a TypeError where no answer came, and the signal's reason.
        if (ask.signal?.aborted || !(error instanceof TypeError || isTimeout(error))) throw error;
        wait = waitBefore(this.#retry, attempt);
        // A question that took too long would take as long again, and the
        // server may still be busy with the first.
        const slow = isTimeout(error) && ask.headers?.["Idempotency-Key"] === undefined;
        if (wait === undefined || slow) {
          throw new Unreachable(`no answer to ${ask.method} ${ask.path}: ${reason(error)}`, { cause: error });
        }
      }
      await this.#retry.sleep(wait);
    }
  }

  async #once(ask: Ask): Promise<Response> {
    const url = new URL(this.#url + ask.path);
    for (const [name, value] of Object.entries(ask.query ?? {})) url.searchParams.set(name, value);
    const headers = { ...this.#headers, ...ask.headers };
    if (ask.body !== undefined) headers["Content-Type"] ??= "application/json";
    // The clock runs until the answer begins, not while it is read.
    const late = new AbortController();
    const clock = setTimeout(() => late.abort(new DOMException("it took too long", "TimeoutError")), this.#timeoutMs);
    const leave = () => late.abort(ask.signal?.reason);
    if (ask.signal?.aborted) leave();
    ask.signal?.addEventListener("abort", leave, { once: true });
    try {
      return await this.#fetch(url, { method: ask.method, headers, body: ask.body ?? null, signal: late.signal });
    } finally {
      clearTimeout(clock);
    }
  }
}

async function readAll(response: Response, ask: Ask): Promise<string> {
  try {
    return await response.text();
  } catch (error) {
    if (ask.signal?.aborted) throw error;
    throw new Unreachable(`the answer of ${ask.method} ${ask.path} broke off: ${reason(error)}`, { cause: error });
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === "TimeoutError";
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message ? error.cause.message : error.message;
}
