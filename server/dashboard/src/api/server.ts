// The server that the pages ask, by a session or by a key that a page has. One
// shape of what it refuses.

import { createContext, useContext } from "react";
import type { components } from "./schema";

export type Schemas = components["schemas"];

/** What was wrong, where, and what to do; thrown by every request. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly problem: Pick<Schemas["Problem"], "title" | "detail"> & Partial<Schemas["Problem"]>,
  ) {
    super(problem.detail);
  }

  /** Whether signing in again would help. */
  get signedOut(): boolean {
    return this.status === 401;
  }
}

export interface Ask {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  query?: Record<string, string | number | undefined>;
  body?: unknown;
  accept?: string;
  signal?: AbortSignal | undefined;
}

export class Server {
  constructor(
    /** In place of the session's cookie. */
    private readonly key: string | null = null,
  ) {}

  /** The answer's JSON. Throws a `Refusal`. */
  async ask<T>(path: string, how: Ask = {}): Promise<T> {
    const response = await this.send(path, how);
    return response.status === 204 ? (undefined as T) : ((await response.json()) as T);
  }

  /** The answer as it came, once it is known to be one. Throws a `Refusal`. */
  async send(path: string, how: Ask = {}): Promise<Response> {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(how.query ?? {})) {
      if (value !== undefined) query.set(name, String(value));
    }
    const headers: Record<string, string> = {};
    if (this.key) headers["Authorization"] = `Bearer ${this.key}`;
    // The server lets a session change something only with this header.
    else headers["X-Tessera-Page"] = "1";
    if (how.accept) headers["Accept"] = how.accept;
    if (how.body !== undefined) headers["Content-Type"] = "application/json";
    let response: Response;
    try {
      response = await fetch(query.size ? `${path}?${query}` : path, {
        method: how.method ?? "GET",
        headers,
        body: how.body === undefined ? null : JSON.stringify(how.body),
        signal: how.signal ?? null,
        credentials: this.key ? "omit" : "same-origin",
      });
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      throw new Refusal(0, {
        title: "no answer",
        detail: "The server cannot be reached.",
        hint: "see that it runs and that you are on its network, then try again",
      });
    }
    if (response.ok) return response;
    throw new Refusal(response.status, await problemOf(response));
  }
}

async function problemOf(response: Response): Promise<Schemas["Problem"]> {
  try {
    return (await response.json()) as Schemas["Problem"];
  } catch {
    return {
      type: "about:blank",
      title: response.statusText,
      status: response.status,
      detail: `The server answered ${response.status}.`,
      hint: "try again; if it stays, the operator's log names the request",
    };
  }
}

export const ServerContext = createContext(new Server());

export function useServer(): Server {
  return useContext(ServerContext);
}
