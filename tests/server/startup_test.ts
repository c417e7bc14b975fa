/** The lines of a server that begins to listen. */

import assert from "node:assert/strict";
import { TokenStore } from "../../server/credentials.ts";
import { serve } from "../../server.ts";
import { logStartup } from "../../server/startup.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { makeLog } from "../support/logs.ts";

const OPTIONS = {
  token: "",
  isTokenGenerated: false,
  hideToken: false,
  showToken: false,
  logStartup: true,
  login: undefined,
};

const LONG = "a-long-token-of-a-client";

/** Returns the warnings of a server with these tokens. */
function warningsOf(
  hostname: string,
  token: string,
  named: Readonly<Record<string, string>> = {},
  options = OPTIONS,
): readonly string[] {
  const { log, recorder } = makeLog();
  const addr = { transport: "tcp", hostname, port: 5000 } as const;
  const tokens = Object.entries(named).map(([name, token]) => ({
    name,
    token,
  }));
  const credentials = new TokenStore(token, tokens, () => {});
  const server = { addr, url: "http://localhost:5000", token };
  logStartup(log, server, options, credentials.current());
  const [first = "", ...others] = recorder.lines;
  assert.match(first, /^info startup: starting server on [\w.:[\]]+:5000$/);
  return others;
}

/** Returns the warning about short tokens. */
function warning(subject: string): string {
  return `warn startup: ${subject} fewer than 12 characters, and other machines can reach the server. Choose a longer token, or listen on 127.0.0.1.`;
}

for (const hostname of ["0.0.0.0", "::", "192.0.2.1"]) {
  Deno.test(`a server on ${hostname} logs a warning for a short token`, () => {
    assert.deepEqual(warningsOf(hostname, "eleven-char"), [
      warning("the token has"),
    ]);
    assert.deepEqual(warningsOf(hostname, "twelve-chars"), []);
  });
}

for (const hostname of ["127.0.0.1", "127.1.2.3", "::1"]) {
  Deno.test(`a server on ${hostname} logs no warning for a short token`, () => {
    assert.deepEqual(warningsOf(hostname, "short"), []);
  });
}

Deno.test("the warning names the named tokens that are short", () => {
  const named = { ci: "short", "a\nb": "shorter", long: LONG };
  assert.deepEqual(warningsOf("0.0.0.0", LONG, named), [
    warning('the token "ci" and the token "a\\nb" have'),
  ]);
  const many = { a: "1", b: "2", c: "3", d: "4", e: "5" };
  assert.deepEqual(warningsOf("0.0.0.0", "", many), [
    warning('the token "a", the token "b", the token "c" and others have'),
  ]);
});

Deno.test("a server with a login function logs no warning for its own token", () => {
  const options = { ...OPTIONS, login: undefined };
  assert.equal(warningsOf("0.0.0.0", "short", {}, options).length, 1);
  const withLogin = { ...OPTIONS, login: (() => true) as never };
  assert.deepEqual(warningsOf("0.0.0.0", "short", {}, withLogin), []);
});

Deno.test("rotate() logs a warning for a short token, too", async () => {
  const logger = new LogRecorder();
  await using server = serve({ hostname: "0.0.0.0", port: 0, logger });
  await server.rotate("a-long-token-of-a-client");
  assert(!logger.lines.some((line) => line.startsWith("warn")));
  await server.rotate("short");
  assert.equal(logger.lines.at(-1), warning("the token has"));
});

Deno.test("without logStartup, a server logs neither its address nor a warning", () => {
  const recorder = new LogRecorder();
  const options = { hostname: "0.0.0.0", port: 0, logger: recorder };
  serve("short", { ...options, logStartup: false }).close();
  assert.deepEqual(recorder.lines, ["info shutdown: closing server"]);
});
