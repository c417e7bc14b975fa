/** What a run says while it lasts, and at its end. */

import assert from "node:assert/strict";
import { outcomeOf } from "./sample_outcome.ts";
import { formatProgress, formatTable } from "./table.ts";

Deno.test("a line says how it goes", () => {
  const snapshot = outcomeOf({ phase: "load", server: { clients: 251 } });
  assert.equal(
    formatProgress(snapshot, 12.4),
    "  12 s load    , 251 clients, 90 connections, 1,900 answers, 80.0 MiB",
  );
});

Deno.test("the table says what there was and what is left", () => {
  const rows = formatTable(outcomeOf()).split("\n");
  const row = (name: string) => rows.find((row) => row.startsWith(name)) ?? "";
  assert.match(row("connections"), /100, 100 ended$/);
  assert.match(row("ended by"), /code 1000: 60, .*cut: 10, status 429: 1$/);
  assert.match(row("processes killed"), / 2$/);
  assert.match(row("requests"), / 2,000$/);
  assert.match(row("answers"), / 1,900$/);
  assert.match(row("beyond limits"), /maxDepth: 3, maxPending: 1, maxRate: 2$/);
  assert.match(
    row("broadcasts"),
    /20: 510 delivered, 6 skipped, 4 failed; 500 seen$/,
  );
  assert.match(
    row("memory"),
    /80\.0 MiB after .* 160\.0 MiB at most, 80\.0 MiB at the end: 1\.00$/,
  );
  assert.match(row("streams"), / 50, 800 items$/);
  assert.match(row("asked"), / 100, 90 seen$/);
  assert.match(
    row("left behind"),
    /0 in the set, 0 held, 0 streams running, 0 requests waiting$/,
  );
});

Deno.test("what never happened is said, too", () => {
  const rows = formatTable(outcomeOf({ counts: { ends: {} } })).split("\n");
  assert(rows.some((row) => /^ended by +none$/.test(row)));
});
