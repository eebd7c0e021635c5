// The time range, the comparison, the zone, platforms and conditions: all of it
// in the address.

import * as Popover from "@radix-ui/react-popover";
import { useState, type FormEvent } from "react";
import { useDimensionValues } from "../board/keys";
import type { Filter, Operator } from "../api/query";
import { day } from "../format";
import { useNavigate, useView } from "../navigate";
import { usePlatforms } from "../api/questions";
import { useLooks } from "../platforms";
import { valueName } from "../panels/ranking";
import { filterWords, grainOf, GRAINS, operatorWords, OPERATORS, rangeWords } from "../view";
import { GRAIN_WORDS } from "../board/buckets";
import { Dot, Icon } from "./icons";

const PRESETS = ["1d", "7d", "30d", "90d", "12w", "12m"];

export function RangeFilter({ zone, open, setOpen }: { zone: string | undefined; open: boolean; setOpen: (open: boolean) => void }) {
  const view = useView();
  const { setView } = useNavigate();
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
  const against = { none: "", previous: "vs before", year: "vs a year ago" }[view.compare];
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger className="button">
        <Icon of="calendar" />
        {rangeWords(view, day)}
        {against && <span className="soft">{against}</span>}
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
          <label className="field">
            <span>Compare with</span>
            <select value={view.compare} onChange={(e) => setView({ compare: e.target.value as typeof view.compare })}>
              <option value="previous">As many days before</option>
              <option value="year">The same days a year before</option>
              <option value="none">Nothing</option>
            </select>
          </label>
          <label className="field">
            <span>One point of a line is</span>
            <select value={view.grain ?? ""} onChange={(e) => setView({ grain: GRAINS.find((g) => g === e.target.value) ?? null })}>
              <option value="">What fits the range (a {GRAIN_WORDS[grainOf({ ...view, grain: null })]})</option>
              {GRAINS.map((grain) => (
                <option key={grain} value={grain}>
                  {grain === "hour" ? "An hour" : `A ${GRAIN_WORDS[grain]}`}
                </option>
              ))}
            </select>
          </label>
          <ZoneField zone={zone} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function ZoneField({ zone }: { zone: string | undefined }) {
  const view = useView();
  const { setView } = useNavigate();
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

/** Which platforms are shown, none chosen is all; and the conditions on points. */
export function FilterBar({ platforms: names, keys }: { platforms: string[]; keys: string[] }) {
  const view = useView();
  const { setView } = useNavigate();
  const looks = useLooks();
  const platforms = usePlatforms();
  const toggle = (name: string) => {
    const rest = view.platforms.filter((p) => p !== name);
    setView({ platforms: rest.length === view.platforms.length ? [...rest, name] : rest });
  };
  const without = (at: number) => setView({ filters: view.filters.filter((_, nth) => nth !== at) });
  const shown = platforms.data && names.length > 1 ? names : [];
  if (shown.length === 0 && keys.length === 0 && view.filters.length === 0) return null;
  return (
    <div className="chips filter-bar">
      {shown.length > 0 && (
        <div className="chips" role="group" aria-label="Platforms">
          {shown.map((name) => (
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
      )}
      <div className="chips" role="group" aria-label="Filters">
        {view.filters.map((filter, at) => (
          <span key={filterWords(filter)} className="chip filter">
            <span>{filterWords(filter)}</span>
            <button type="button" aria-label={`Take away: ${filterWords(filter)}`} onClick={() => without(at)}>
              <Icon of="close" />
            </button>
          </span>
        ))}
        {keys.length > 0 && <AddFilter keys={keys} onAdd={(filter) => setView({ filters: [...view.filters, filter] })} />}
      </div>
    </div>
  );
}

function AddFilter({ keys, onAdd }: { keys: string[]; onAdd: (filter: Filter) => void }) {
  const [open, setOpen] = useState(false);
  const [dimension, setDimension] = useState("");
  const [operator, setOperator] = useState<Operator>("in");
  const [chosen, setChosen] = useState<string[]>([]);
  const [typed, setTyped] = useState("");
  const several = operator === "in" || operator === "not_in";
  const bare = operator === "exists" || operator === "missing";
  const values = bare ? [] : several ? [...chosen, ...(typed.trim() ? [typed.trim()] : [])] : [typed.trim()];
  const numeric = !several && !bare;
  const fits = dimension !== "" && (bare || (several ? values.length > 0 : /^-?\d+(\.\d+)?$/.test(typed.trim())));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!fits) return;
    onAdd({ dimension, operator, values });
    setOpen(false);
    setChosen([]);
    setTyped("");
  };
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger className="chip add">
        <Icon of="plus" />
        Filter
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content className="popover" align="start" sideOffset={4} collisionPadding={12} aria-label="New filter">
          <form className="page-part" onSubmit={submit}>
            <div className="row">
              <label className="field">
                <span>Dimension</span>
                <select
                  value={dimension}
                  required
                  onChange={(e) => {
                    setDimension(e.target.value);
                    setChosen([]);
                  }}
                >
                  <option value="">Choose one</option>
                  {keys.map((key) => (
                    <option key={key} value={key}>
                      {key.replaceAll("_", " ")}
                    </option>
                  ))}
                </select>
              </label>
              <label className="field">
                <span>Condition</span>
                <select value={operator} onChange={(e) => setOperator(OPERATORS.find((o) => o === e.target.value) ?? "in")}>
                  {OPERATORS.map((o) => (
                    <option key={o} value={o}>
                      {operatorWords(o)}
                    </option>
                  ))}
                </select>
              </label>
            </div>
            {dimension !== "" && several && <Values dimension={dimension} chosen={chosen} setChosen={setChosen} />}
            {!bare && (
              <label className="field">
                <span>{numeric ? "Number" : "Another value"}</span>
                <input value={typed} inputMode={numeric ? "decimal" : "text"} onChange={(e) => setTyped(e.target.value)} />
              </label>
            )}
            <button type="submit" className="button primary" disabled={!fits}>
              Add filter
            </button>
          </form>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

/** The largest values of a dimension, to choose among. */
function Values(props: { dimension: string; chosen: string[]; setChosen: (chosen: string[]) => void }) {
  const { dimension, chosen, setChosen } = props;
  const values = useDimensionValues(dimension);
  if (values.length === 0) return null;
  const toggle = (name: string) =>
    setChosen(chosen.includes(name) ? chosen.filter((c) => c !== name) : [...chosen, name]);
  return (
    <fieldset className="choices">
      <legend>Values</legend>
      {values.map((name) => (
        <label key={name} className="check">
          <input type="checkbox" checked={chosen.includes(name)} onChange={() => toggle(name)} />
          {valueName(name)}
        </label>
      ))}
    </fieldset>
  );
}
