// Keeping a query by name, with parameters of known types.

import { useState, type FormEvent } from "react";
import type { Schemas } from "../api/server";
import { Dialog } from "../frame/dialog";
import { Failed } from "../frame/notice";
import { parameterNames, useSaveEndpoint, type ParameterType } from "./endpoints";

const TYPES: ParameterType[] = ["text", "integer", "decimal", "boolean", "date", "timestamp"];

export function SaveEndpoint({ query, onClose }: { query: string; onClose: () => void }) {
  const save = useSaveEndpoint();
  const names = parameterNames(query);
  const [types, setTypes] = useState<Record<string, ParameterType>>({});
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const parameters = names.map((name): Schemas["NewParameter"] => {
      const otherwise = String(form.get(`default-${name}`) ?? "");
      return { name, type: types[name] ?? "text", ...(otherwise === "" ? {} : { default: otherwise }) };
    });
    save.mutate({
      name: String(form.get("name")).trim(),
      body: { query, description: String(form.get("description")), parameters },
    });
  };
  if (save.data) return <Saved endpoint={save.data} onClose={onClose} />;
  return (
    <Dialog title="Save as endpoint" onClose={onClose}>
      <p className="soft">
        The query gets an address of its own. Values that a call gives stand in it as <code>$name</code> or <code>{"{{name}}"}</code>.
      </p>
      <form className="page-part" onSubmit={submit}>
        <label className="field">
          <span>Name, as it stands in the address</span>
          <input name="name" required pattern="[a-z0-9][a-z0-9_\-]*" placeholder="revenue-by-day" autoComplete="off" />
        </label>
        <label className="field">
          <span>What it answers</span>
          <input name="description" />
        </label>
        {names.map((name) => (
          <fieldset key={name} className="row">
            <legend className="mono">{name}</legend>
            <label className="field">
              <span>Type</span>
              <select value={types[name] ?? "text"} onChange={(e) => setTypes({ ...types, [name]: TYPES.find((t) => t === e.target.value) ?? "text" })}>
                {TYPES.map((type) => (
                  <option key={type}>{type}</option>
                ))}
              </select>
            </label>
            <label className="field">
              <span>When a call leaves it out (nothing: it must be given)</span>
              <input name={`default-${name}`} />
            </label>
          </fieldset>
        ))}
        {save.error && <Failed error={save.error} />}
        <div className="buttons">
          <button type="submit" className="button primary" disabled={save.isPending}>
            {save.isPending ? "Saving…" : "Save"}
          </button>
          <button type="button" className="button" onClick={onClose}>
            Leave it
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function Saved({ endpoint, onClose }: { endpoint: Schemas["SavedQuery"]; onClose: () => void }) {
  const values = endpoint.parameters.map((p) => `${encodeURIComponent(p.name)}=${encodeURIComponent(p.default ?? "…")}`).join("&");
  const address = `${window.location.origin}/api/analytics/endpoints/${encodeURIComponent(endpoint.name)}${values && `?${values}`}`;
  return (
    <Dialog title={`Saved as ${endpoint.name}`} onClose={onClose}>
      <p>Version {endpoint.version}. Any key of the tenant that may read can call it:</p>
      <pre className="block">{`curl -H "Authorization: Bearer $KEY" "${address}"`}</pre>
      <div className="buttons">
        <button type="button" className="button primary" onClick={onClose}>
          Done
        </button>
      </div>
    </Dialog>
  );
}
