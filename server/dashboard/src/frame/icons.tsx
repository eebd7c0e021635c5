// The few pictures that the pages use, drawn with one stroke.

const PATHS = {
  info: "M8 7.2v3.6M8 5.1v.1M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0Z",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  close: "m4 4 8 8m0-8-8 8",
  menu: "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
  calendar: "M2.5 6.5h11M5 2v2.5M11 2v2.5M3 3.5h10a.5.5 0 0 1 .5.5v9a.5.5 0 0 1-.5.5H3a.5.5 0 0 1-.5-.5V4a.5.5 0 0 1 .5-.5Z",
  down: "m4 6 4 4 4-4",
  plus: "M8 3.5v9M3.5 8h9",
  play: "M5 3.5v9l7-4.5-7-4.5Z",
  stop: "M4.5 4.5h7v7h-7z",
} as const;

export function Icon({ of }: { of: keyof typeof PATHS }) {
  return (
    <svg viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth={of === "more" ? 2.4 : 1.4} strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
      <path d={PATHS[of]} />
    </svg>
  );
}

/** A platform's colour, beside its name. */
export function Dot({ colour }: { colour: string }) {
  return (
    <svg width="9" height="9" aria-hidden="true" color={`var(${colour})`}>
      <rect width="9" height="9" rx="2" fill="currentColor" />
    </svg>
  );
}

export function Brand() {
  return (
    <span className="brand">
      <svg viewBox="0 0 16 16" aria-hidden="true" fill="currentColor" color="var(--accent)">
        <rect x="1" y="1" width="6" height="6" rx="1.2" />
        <rect x="9" y="1" width="6" height="6" rx="1.2" opacity="0.6" />
        <rect x="1" y="9" width="6" height="6" rx="1.2" opacity="0.6" />
        <rect x="9" y="9" width="6" height="6" rx="1.2" opacity="0.3" />
      </svg>
      Tessera
    </span>
  );
}
