/** The hooks of one client, without a network. */

import assert from "node:assert/strict";
import { ConnectionLines, ConnectionLog } from "../../server/connection_log.ts";
import { type Hooks, Lifecycle } from "../../server/lifecycle.ts";
import type { Client } from "../../server/message.ts";
import { Clock, READING_TIME } from "../support/clock.ts";
import { makeLog } from "../support/logs.ts";
import { ADDRESS, peerAt } from "../support/server_context.ts";
import { endOfTick, gate } from "../support/timing.ts";

const TIMEOUT = 10_000;

const CLOSE = { code: 1006, reason: "" };

/** Creates the visit of a client, and records what happens to it. */
function visitOf(hooks: Partial<Hooks>) {
  const { log, recorder } = makeLog();
  const events: string[] = [];
  const lifecycle = new Lifecycle({
    onConnect: undefined,
    onDisconnect: (_client, { code }) => void events.push(`left ${code}`),
    ...hooks,
  }, TIMEOUT);
  const owner = {
    client: { id: 1 } as Client,
    onConnected: () => void events.push("connected"),
    close: (code: number) => visit.onClosed({ code, reason: "" }),
  };
  const lines = new ConnectionLog(log, peerAt(ADDRESS), new ConnectionLines());
  const visit = lifecycle.visit(owner, lines);
  return { events, lifecycle, recorder, visit };
}

for (
  const [how, end] of Object.entries({
    resolves: (): unknown => "too late",
    rejects: () => {
      throw new Error("too late");
    },
  })
) {
  Deno.test(`an onConnect that ${how} after its timeout changes nothing`, async () => {
    using clock = new Clock();
    const { opened, open } = gate();
    const { events, lifecycle, recorder, visit } = visitOf({
      onConnect: () => opened.then(end),
    });
    visit.connect();
    clock.pass(TIMEOUT + READING_TIME);
    await endOfTick();
    assert.deepEqual([events, clock.timers], [["left 1011"], 0]);
    open();
    await endOfTick();
    assert.deepEqual(events, ["left 1011"]);
    assert.equal(visit.data, undefined);
    assert.equal(recorder.lines.length, 1, recorder.lines.join("\n"));
    assert(lifecycle.isIdle);
  });
}

Deno.test("an onConnect that finishes in time has no timeout any more", async () => {
  using clock = new Clock();
  const { events, visit } = visitOf({ onConnect: () => Promise.resolve(7) });
  visit.connect();
  await endOfTick();
  assert.deepEqual([visit.data, events, clock.timers], [7, ["connected"], 0]);
});

Deno.test("onDisconnect is not called in the middle of a call of the application", async () => {
  const { events, visit } = visitOf({});
  visit.connect();
  visit.onClosed(CLOSE);
  events.push("closed");
  await endOfTick();
  assert.deepEqual(events, ["connected", "closed", "left 1006"]);
});

Deno.test("finish() waits for onDisconnect of a client whose onConnect never finishes", async () => {
  const { opened, open } = gate();
  const { lifecycle, visit } = visitOf({
    onConnect: () => new Promise(() => {}),
    onDisconnect: () => opened,
  });
  visit.connect();
  visit.onClosed(CLOSE);
  const finished = lifecycle.finish(0);
  while (visit.isConnecting) await endOfTick();
  open();
  assert.equal(await finished, 0);
});
