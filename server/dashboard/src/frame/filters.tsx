// The time range, the comparison and the zone: all of it in the address bar.

import * as Popover from "@radix-ui/react-popover";
import { useState, type FormEvent } from "react";
import { day } from "../format";
import { setView, useView } from "../navigate";
import { usePlatforms } from "../api/questions";
import { useLooks } from "../platforms";
import { rangeWords } from "../view";
import { Dot, Icon } from "./icons";

const PRESETS = ["7d", "30d", "12w", "12m"];

export function RangeFilter({ zone, open, setOpen }: { zone: string | undefined; open: boolean; setOpen: (open: boolean) => void }) {
  const view = useView();
  const [from, setFrom] = useState(view.from ?? "");
  const [to, setTo] = useState(view.to ?? "");
  const custom = (event: FormEvent) => {
    event.preventDefault();
    if (from && to && from <= to) {
      setView({ from, to });
      setOpen(false);
    }
  };
  const preset = (last: string) => {
    setView({ last, from: null, to: null });
    setOpen(false);
  };
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger className="button">
        <Icon of="calendar" />
        {rangeWords(view, day)}
        {view.compare === "previous" && <span className="soft">vs before</span>}
        <Icon of="down" />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content className="popover" align="end" sideOffset={4} collisionPadding={12} aria-label="Time range">
          <div className="presets" role="group" aria-label="Ranges that end today">
            {PRESETS.map((last) => (
              <button
                key={last}
                type="button"
                className="chip"
                aria-pressed={view.from === null && view.last === last}
                onClick={() => preset(last)}
              >
                {rangeWords({ ...view, from: null, to: null, last }, day)}
              </button>
            ))}
          </div>
          <form className="row" onSubmit={custom}>
            <label className="field">
              <span>First day</span>
              <input type="date" value={from} max={to || undefined} onChange={(e) => setFrom(e.target.value)} required />
            </label>
            <label className="field">
              <span>Last day</span>
              <input type="date" value={to} min={from || undefined} onChange={(e) => setTo(e.target.value)} required />
            </label>
            <button type="submit" className="button">
              Show these days
            </button>
          </form>
          <label className="check">
            <input
              type="checkbox"
              checked={view.compare === "previous"}
              onChange={(e) => setView({ compare: e.target.checked ? "previous" : "none" })}
            />
            Compare with as many days before
          </label>
          <ZoneField zone={zone} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function ZoneField({ zone }: { zone: string | undefined }) {
  const view = useView();
  const zones = Intl.supportedValuesOf("timeZone");
  return (
    <label className="field">
      <span>Days begin at midnight in</span>
      <select value={view.zone ?? ""} onChange={(e) => setView({ zone: e.target.value || null })}>
        <option value="">The tenant's zone{zone ? ` (${zone})` : ""}</option>
        {["UTC", ...zones.filter((z) => z !== "UTC")].map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Which platforms are shown; none chosen is all. */
export function PlatformFilter({ names }: { names: string[] }) {
  const view = useView();
  const looks = useLooks();
  const platforms = usePlatforms();
  if (!platforms.data || names.length < 2) return null;
  const toggle = (name: string) => {
    const rest = view.platforms.filter((p) => p !== name);
    setView({ platforms: rest.length === view.platforms.length ? [...rest, name] : rest });
  };
  return (
    <div className="chips" role="group" aria-label="Platforms">
      {names.map((name) => (
        <button key={name} type="button" className="chip" aria-pressed={view.platforms.includes(name)} onClick={() => toggle(name)}>
          <Dot colour={looks(name).colour} />
          {looks(name).title}
        </button>
      ))}
      {view.platforms.length > 0 && (
        <button type="button" className="button plain" onClick={() => setView({ platforms: [] })}>
          Show all
        </button>
      )}
    </div>
  );
}
