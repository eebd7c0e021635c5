/**
 * How often and how long a client tries. A request is sent again when no answer
 * came, and after 408, 429, 502, 503 and 504. The server's `Retry-After` is
 * obeyed; where it is longer than `longestWait`, or a 429 has none (waiting
 * would not help), the refusal is thrown at once.
 */
export interface Retry {
  /** Attempts in all; 1 never sends again. */
  attempts: number;
  /**
   * Seconds before the second attempt; doubled for each one after it, and
   * shortened at random by up to a half, so that clients do not come at once.
   */
  firstWait: number;
  /** The most seconds that are waited between two attempts. */
  longestWait: number;
  /** Waits so many seconds. Tests put a clock of theirs here. */
  sleep: (seconds: number) => Promise<void>;
}

/** What a client does unless it is told otherwise. */
export const retries: Retry = {
  attempts: 5,
  firstWait: 0.5,
  longestWait: 60,
  sleep: (seconds) => new Promise((done) => setTimeout(done, seconds * 1000)),
};

const AGAIN = new Set([408, 429, 502, 503, 504]);

/**
 * Seconds to wait before attempt number `attempt` (from 2), given the last
 * answer's status, undefined where none came; undefined when it is not to be made.
 */
export function waitBefore(
  retry: Retry,
  attempt: number,
  status?: number,
  retryAfter?: number,
): number | undefined {
  if (attempt > retry.attempts) return undefined;
  if (status !== undefined && !AGAIN.has(status)) return undefined;
  if (retryAfter !== undefined) return retryAfter <= retry.longestWait ? retryAfter : undefined;
  if (status === 429) return undefined;
  const doubled = retry.firstWait * 2 ** (attempt - 2);
  return Math.min(doubled, retry.longestWait) * (0.5 + Math.random() / 2);
}
