// Beside the editor: tables, dimension keys with values, endpoints, what runs,
// and what was asked before.

import { useState } from "react";
import type { SignedIn } from "../api/answers";
import type { Refusal } from "../api/server";
import { moment } from "../format";
import { Failed, Skeleton } from "../frame/notice";
import { useEndpoints, useRemoveEndpoint, useRunning, useCancel } from "./endpoints";
import type { Asked } from "./history";
import { dimensionKeys, useSamples, type TableShape } from "./schema";
import { quoted } from "../sql-text";

export function Aside(props: {
  who: SignedIn;
  tables: TableShape[] | undefined;
  error: Refusal | null;
  history: Asked[];
  busy: boolean;
  onInsert: (text: string) => void;
  onAgain: (query: string) => void;
  onForget: () => void;
}) {
  const keys = dimensionKeys(props.tables ?? []);
  return (
    <aside className="panel schema" aria-label="Tables and history" tabIndex={0}>
      <Running busy={props.busy} />
      <h2>Tables</h2>
      {props.error && <Failed error={props.error} />}
      {!props.tables && !props.error && <Skeleton height={160} />}
      {(props.tables ?? []).map((table) => (
        <details key={table.name}>
          <summary className="mono">{table.name}</summary>
          <ul>
            {table.columns
              .filter((c) => !/^(dim|num)_/.test(c.name))
              .map((c) => (
                <Insertable key={c.name} text={c.name} note={c.type} onInsert={props.onInsert} />
              ))}
          </ul>
        </details>
      ))}
      {keys.length > 0 && (
        <details>
          <summary>Dimension keys</summary>
          {keys.map((key) => (
            <Key key={key} name={key} onInsert={props.onInsert} />
          ))}
        </details>
      )}
      <Endpoints may={props.who.scopes.includes("admin")} onOpen={props.onAgain} />
      <h2>History</h2>
      {props.history.length === 0 ? (
        <p className="soft small">What you run is kept in this browser alone.</p>
      ) : (
        <>
          <ul>
            {props.history.slice(0, 12).map((entry) => (
              <li key={entry.at + entry.query}>
                <button type="button" title={moment(entry.at)} onClick={() => props.onAgain(entry.query)}>
                  {entry.query.length > 90 ? `${entry.query.slice(0, 90)}…` : entry.query}
                </button>
              </li>
            ))}
          </ul>
          <button type="button" className="button" onClick={props.onForget}>
            Forget them
          </button>
        </>
      )}
    </aside>
  );
}

/** Queries of one's own that run, here and elsewhere; each can be stopped. */
function Running({ busy }: { busy: boolean }) {
  const running = useRunning(busy);
  const cancel = useCancel();
  const queries = running.data ?? [];
  if (queries.length === 0) return null;
  return (
    <section aria-label="Running">
      <h2>Running</h2>
      <ul>
        {queries.map((query) => (
          <li key={query.id}>
            <span className="small clip" title={query.text}>
              {query.text}
            </span>
            <button type="button" onClick={() => cancel.mutate(query.id)}>
              cancel
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Endpoints({ may, onOpen }: { may: boolean; onOpen: (query: string) => void }) {
  const endpoints = useEndpoints();
  const remove = useRemoveEndpoint();
  const list = endpoints.data ?? [];
  if (list.length === 0) return null;
  return (
    <details>
      <summary>Endpoints</summary>
      <ul>
        {list.map((of) => (
          <li key={of.name}>
            <button type="button" title={of.description || of.query} onClick={() => onOpen(of.query)}>
              {of.name}
            </button>
            {may && (
              <button type="button" aria-label={`Remove the endpoint ${of.name}`} onClick={() => remove.mutate(of.name)}>
                remove
              </button>
            )}
          </li>
        ))}
      </ul>
      {remove.error && <Failed error={remove.error} />}
    </details>
  );
}

/** A key, and its values once it is opened. */
function Key({ name, onInsert }: { name: string; onInsert: (text: string) => void }) {
  const [open, setOpen] = useState(false);
  const samples = useSamples(open ? name : null);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="mono small">{name}</summary>
      <ul>
        <Insertable text={`dimensions->>${quoted(name)}`} note="" onInsert={onInsert} />
        {samples.map((value) => (
          <Insertable key={value} text={quoted(value)} note="" onInsert={onInsert} />
        ))}
      </ul>
    </details>
  );
}

function Insertable({ text, note, onInsert }: { text: string; note: string; onInsert: (text: string) => void }) {
  return (
    <li>
      <button type="button" onClick={() => onInsert(text)}>
        {text}
      </button>
      <span className="soft small">{note}</span>
    </li>
  );
}
