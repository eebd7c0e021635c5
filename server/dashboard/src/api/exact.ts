// Exact decimals as the server sends them: texts with up to nine decimals.
// Sums of them are made in whole billionths, so that a total on the page is the
// one that SQL gives.

export type Exact = string;

const SCALE = 9;

function units(text: Exact): bigint {
  const [whole = "0", fraction = ""] = text.replace("-", "").split(".");
  const value = BigInt(whole + fraction.slice(0, SCALE).padEnd(SCALE, "0"));
  return text.startsWith("-") ? -value : value;
}

function text(value: bigint): Exact {
  const digits = (value < 0n ? -value : value).toString().padStart(SCALE + 1, "0");
  const fraction = digits.slice(-SCALE).replace(/0+$/, "");
  return (value < 0n ? "-" : "") + digits.slice(0, -SCALE) + (fraction && `.${fraction}`);
}

/** The sum of those that are there; null when none is. */
export function sum(values: Iterable<Exact | null | undefined>): Exact | null {
  let total: bigint | null = null;
  for (const value of values) {
    if (value != null) total = (total ?? 0n) + units(value);
  }
  return total === null ? null : text(total);
}

/** `a` less `b`; null when one is missing. */
export function difference(a: Exact | null | undefined, b: Exact | null | undefined): Exact | null {
  return a == null || b == null ? null : text(units(a) - units(b));
}

/** The change from `before` in per cent of its magnitude; null where that is no number. */
export function changePercent(now: Exact | null | undefined, before: Exact | null | undefined): number | null {
  if (now == null || before == null) return null;
  const base = units(before);
  if (base === 0n) return null;
  const magnitude = base < 0n ? -base : base;
  return Number(((units(now) - base) * 1_000_000n) / magnitude) / 10_000;
}

/** For drawing, where a screen's precision is enough. */
export function approximate(value: Exact | null | undefined): number | null {
  return value == null ? null : Number(value);
}
