/**
 * The form for the admin token.
 *
 * @module
 */

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { App } from "./app.ts";
import { useCell } from "./hooks.ts";

/** Asks for the admin token. */
export function Login({ app }: { readonly app: App }): JSX.Element {
  const phase = useCell(app.connection.phase);
  const input = useRef<HTMLInputElement>(null);
  const isBusy = phase.kind === "signing in";
  const problem = phase.kind === "signed out" ? phase.problem : undefined;
  useEffect(() => {
    document.title = "Sign in · Hoist";
    input.current?.focus();
  }, []);
  useEffect(() => {
    if (problem !== undefined) input.current?.select();
  }, [phase]);
  return (
    <main class="login">
      <form
        class="panel"
        onSubmit={(event) => {
          event.preventDefault();
          const token = input.current!.value.trim();
          if (token !== "" && !isBusy) app.connection.signIn(token);
        }}
      >
        <h1>Hoist</h1>
        <p class="muted">{location.host}</p>
        <label for="token">Admin token</label>
        <input
          id="token"
          ref={input}
          type="password"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          required
          aria-invalid={problem !== undefined}
          aria-describedby="problem"
        />
        <p id="problem" role="alert">{problem}</p>
        <button type="submit" class="main" aria-disabled={isBusy}>
          {isBusy ? "Signing in …" : "Sign in"}
        </button>
        <p class="muted small">
          This page keeps the token in memory only. After a reload, it asks
          again.
        </p>
      </form>
    </main>
  );
}
