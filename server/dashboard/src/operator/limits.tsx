// Numbers of a plan, or of one tenant, that are read and changed.

import { useState, type FormEvent } from "react";
import type { Schemas } from "../api/server";
import { words } from "../format";
import { amount } from "../pages/usage";
import type { LimitView } from "./ask";

/** `own`: what was set for this tenant alone; empty fields are the plan's. */
export function LimitsForm(props: {
  limits: LimitView[];
  now: Record<string, number | null>;
  own: Record<string, number> | null;
  busy: boolean;
  onSave: (changes: Schemas["LimitChanges"]) => void;
}) {
  const { limits, now, own } = props;
  const before = (name: string) => String((own ? own[name] : now[name]) ?? "");
  const [text, setText] = useState<Record<string, string>>({});
  const changed = limits.filter((l) => text[l.name] !== undefined && text[l.name] !== before(l.name));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const changes = changed.map((l): [string, number | null] => {
      const written = (text[l.name] ?? "").trim();
      return [l.name, written === "" ? null : Number(written)];
    });
    props.onSave(Object.fromEntries(changes));
    setText({});
  };
  return (
    <form className="page-part" onSubmit={submit}>
      <div className="columns">
        {limits.map((limit) => {
          const value = now[limit.name];
          return (
            <label key={limit.name} className="field">
              <span>
                {words(limit.name)} <span className="soft">{value == null ? "no limit" : amount(limit.name, value)}</span>
              </span>
              <input
                inputMode="numeric"
                pattern="\d*"
                title={limit.of}
                placeholder={own ? "the plan's" : "no limit"}
                value={text[limit.name] ?? before(limit.name)}
                onChange={(e) => setText({ ...text, [limit.name]: e.target.value })}
              />
            </label>
          );
        })}
      </div>
      <div className="buttons">
        <button type="submit" className="button primary" disabled={changed.length === 0 || props.busy}>
          {changed.length === 0 ? "Nothing changed" : `Change ${changed.map((l) => words(l.name).toLowerCase()).join(", ")}`}
        </button>
      </div>
    </form>
  );
}
