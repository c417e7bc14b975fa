/** Every timer of the package, so that nobody adds a deadline that beats input. */

import assert from "node:assert/strict";
import { readSources } from "../support/modules.ts";

/**
 * The modules that start timers, and why. A timeout is a `Deadline`. For a new timer, add
 * a program to `tests/integration/exit_test.ts`.
 */
const TIMERS: Readonly<Record<string, string>> = {
  "common/async.ts": "every timeout",
  "common/watchdog.ts": "the next update of a live view is late",
  "admin/dashboard_files.ts": "the page of the dashboard, as text",
  "admin/lifetime.ts": "the next item of a stream for admins",
  "broker/memory_store.ts": "the next look at old publications",
  "broker/nats_backoff.ts": "the delay before the next attempt",
  "broker/nats_history.ts": "the delay before the history is read again",
  "broker/nats_inbox.ts": "the next look at requests that wait",
  "broker/nats_leases.ts": "the next renewal of the lease",
  "broker/nats_sync.ts": "the next look for lost messages",
  "broker/room_syncs.ts": "the next look for rooms that read their history",
  "cli/bench_load.ts": "the time when the next request is due",
  "cli/server_contract.ts": "the time for the contract of a server",
  "client/connection_parts.ts":
    "early messages wait for a listener for one turn",
  "client/deno_socket.ts": "one turn for other work, while a server floods",
  "client/heartbeat.ts": "the next ping, or the end of its timeout",
  "client/backoff.ts":
    "the delay before the next attempt to join or leave a room",
  "client/reconnecting_link.ts": "the delay before the next attempt",
  "server/credentials.ts": "the next token that expires",
  "server/listening.ts": "the pause before the server listens again",
  "server/upgrades.ts": "a reset of the client arrives a moment later",
  "server/startup.ts": "the window in which threads find each other",
  "server/presence.ts": "the changes of the members are collected",
  "server/read_budget.ts": "a client has read too much history",
  "server/renewals.ts": "the next login that expires",
  "server/scheduler.ts": "the delay before the history is read again",
  "server/silence.ts": "the next look at silent clients, and at stalls",
  "server/transport.ts": "the next look at the send buffer",
};

const STARTS_TIMER = /\b(setTimeout|setInterval|AbortSignal\.timeout)\(/;

/** `Deno.unrefTimer` ignores the timers of Deno 2.9, which are objects. */
const HAS_NO_EFFECT = /\bDeno\.unrefTimer\(/;

for (const [path, source] of await readSources()) {
  const code = source.replace(/^\s*(\*|\/\/|\/\*\*).*$/gm, "");
  if (STARTS_TIMER.test(code)) {
    Deno.test(`${path} can start timers`, () => {
      assert(path in TIMERS, "Use Deadline of common/async.ts.");
    });
  }
  if (HAS_NO_EFFECT.test(code)) {
    Deno.test(`${path} can unref its timer`, () => {
      assert.fail("Call timer.unref() instead.");
    });
  }
}
