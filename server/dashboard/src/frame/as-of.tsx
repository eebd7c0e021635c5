// How fresh the numbers are.

import { useEffect, useState } from "react";
import { ago, moment } from "../format";

/** Older than this, something is in the way. */
const STALE_MS = 120_000;

export function AsOf({ at, asking }: { at: string | undefined; asking: boolean }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const tick = setInterval(() => setNow(Date.now()), 5_000);
    return () => clearInterval(tick);
  }, []);
  if (!at) return null;
  const seen = Math.max(now, new Date(at).getTime());
  return (
    <span className="as-of" data-stale={seen - new Date(at).getTime() > STALE_MS} title={moment(at)} aria-busy={asking}>
      as of {ago(at, seen)}
    </span>
  );
}
