// What stands where an answer would: nothing yet, still coming, refused.

import type { ReactNode } from "react";
import { Refusal } from "../api/server";
import { moment } from "../format";

/** Something that went wrong, and what to do about it. */
export function Failed({ error, retry }: { error: Error; retry?: (() => void) | undefined }) {
  const problem = error instanceof Refusal ? error.problem : null;
  const limit = problem?.limit;
  const place = problem?.line ? ` (line ${problem.line}, column ${problem.column ?? 1})` : "";
  return (
    <div className="notice" data-tone="bad" role="alert">
      <strong>{sentence(problem?.detail ?? "Something on this page broke.")}{place}</strong>
      {problem?.hint && <p>{sentence(problem.hint)}</p>}
      {limit && (
        <p>
          {limit.used.toLocaleString()} of {limit.allowed.toLocaleString()} used on the plan {limit.plan}.
          {limit.resets_at && ` Counts anew ${moment(limit.resets_at)}.`}
          {limit.allowed_by && ` The plan ${limit.allowed_by} allows it.`}
        </p>
      )}
      {retry && (
        <button type="button" className="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** Nothing to show, and what would change that. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="notice">
      <strong>{title}</strong>
      {children}
    </div>
  );
}

/** In the shape of what comes; shown after 150 ms by the style sheet. */
export function Skeleton({ height }: { height: number }) {
  return (
    <svg className="skeleton" width="100%" height={height} role="img" aria-label="Loading" />
  );
}

/** The server's lower-case clauses as sentences. */
function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}
