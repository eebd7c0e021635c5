// Signing in: a key is pasted once, and is not kept where a script can read it.

import { useState, type FormEvent } from "react";
import { useSignIn } from "../api/questions";
import { Brand } from "./icons";

export function SignIn({ ended }: { ended: boolean }) {
  const [key, setKey] = useState("");
  const signIn = useSignIn();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (key.trim()) signIn.mutate(key.trim());
  };
  const wrong = signIn.error?.problem;
  return (
    <main className="sign-in">
      <form onSubmit={submit}>
        <Brand />
        <h1>{ended ? "Sign in again" : "Sign in"}</h1>
        {ended && <p className="soft">The session has ended. You come back to the page you were on.</p>}
        <label className="field">
          <span>API key</span>
          <input
            type="password"
            name="key"
            autoComplete="off"
            spellCheck={false}
            placeholder="tsk_…"
            value={key}
            aria-invalid={wrong ? true : undefined}
            aria-describedby="key-help"
            onChange={(e) => setKey(e.target.value)}
            autoFocus
          />
        </label>
        {wrong && (
          <p className="bad" role="alert">
            {wrong.detail.charAt(0).toUpperCase() + wrong.detail.slice(1)}. {wrong.hint}
          </p>
        )}
        <button type="submit" className="button primary" disabled={signIn.isPending || !key.trim()}>
          {signIn.isPending ? "Signing in…" : "Sign in"}
        </button>
        <p className="soft small" id="key-help">
          Make a key with <code>tessera key create --tenant … --scopes read</code>. This browser keeps it sealed in a
          cookie for seven days, out of reach of scripts.
        </p>
        <p className="small">
          <a href="/app/operator">To the operator's console</a>
        </p>
      </form>
    </main>
  );
}
