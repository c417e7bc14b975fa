/** The output of a run: lines of progress, and the table at the end. */

import assert from "node:assert/strict";
import { outcomeOf } from "./sample_outcome.ts";
import { formatProgress, formatTable } from "./table.ts";

Deno.test("formats a line of progress", () => {
  const snapshot = outcomeOf({ phase: "load", server: { clients: 251 } });
  assert.equal(
    formatProgress(snapshot, 12.4),
    "  12 s load    , 251 clients, 90 connections, 1,900 answers, 80.0 MiB",
  );
});

Deno.test("formats a table of the events and of what is left", () => {
  const rows = formatTable(outcomeOf()).split("\n");
  const row = (name: string) => rows.find((row) => row.startsWith(name)) ?? "";
  assert.match(row("connections"), /100, 100 ended$/);
  assert.match(row("ends"), /abort: 10, code 1000: 60, .*status 429: 1$/);
  assert.match(
    row("hooks"),
    / 90 onConnect, 90 onDisconnect, 90 signals aborted$/,
  );
  // Both the server and a client count this event.
  assert.match(row("events"), /short sleep: 2, silent client: 5, swallowed/);
  assert.match(row("processes killed"), / 2$/);
  assert.match(row("requests"), / 2,000$/);
  assert.match(row("answers"), / 1,900$/);
  assert.match(
    row("exceeded limits"),
    /maxDepth: 3, maxPending: 1, maxRate: 2$/,
  );
  assert.match(
    row("broadcasts"),
    /20: 510 delivered, 6 skipped, 4 failed; 500 received$/,
  );
  assert.match(
    row("memory"),
    /80\.0 MiB after .* 160\.0 MiB at most, 80\.0 MiB at the end: 1\.00$/,
  );
  assert.match(row("streams"), / 50, 800 items$/);
  assert.match(row("requests to clients"), / 100, 90 received$/);
  assert.match(
    row("left"),
    /0 connected clients, 0 clients in memory, 0 waiting calls, 0 streams, 0 requests to clients$/,
  );
});

Deno.test("formats zero for an event that never happened", () => {
  const rows = formatTable(outcomeOf({ counts: { ends: {} } })).split("\n");
  assert(rows.some((row) => /^ends +none$/.test(row)));
});
