/** Tests of `server/stalls.ts`, and of the frames that wait in a stall. */

import assert from "node:assert/strict";
import { resolveLimits } from "../../server/limits.ts";
import { Stalls } from "../../server/stalls.ts";
import { operation } from "../support/raw_client.ts";
import { runScript } from "../support/run_script.ts";
import { logInSocket } from "../support/server_connection.ts";
import { pause } from "../support/timing.ts";

/** The length of the stall, and the least of it that is measured, in milliseconds. */
const STALL = 600;
const MEASURED = 300;

/** Stalls the event loop. */
function stall(): void {
  const end = performance.now() + STALL;
  while (performance.now() < end);
}

Deno.test("Stalls measures a stall before and after its next check", async () => {
  const stalls = new Stalls();
  stalls.start();
  const start = performance.now();
  assert.equal(stalls.total(start), 0);
  stall();
  const during = stalls.total(performance.now());
  await pause(0);
  const after = stalls.total(performance.now());
  stalls.stop();
  assert(during >= MEASURED && after >= during, `${during}, ${after}`);
  // It is no longer than the time that has passed.
  assert(after <= performance.now() - start);
});

Deno.test("Stalls measures nothing while it is stopped", async () => {
  const stalls = new Stalls();
  stall();
  assert.equal(stalls.total(performance.now()), 0);
  stalls.start();
  stalls.start();
  stalls.stop();
  stall();
  await pause(0);
  assert.equal(stalls.total(performance.now()), 0);
});

Deno.test("Stalls does not keep a program alive", async () => {
  const url = new URL("../../server/stalls.ts", import.meta.url).href;
  const { code } = await runScript(
    ["--allow-read"],
    `import { Stalls } from ${JSON.stringify(url)}; new Stalls().start();`,
  );
  assert.equal(code, 0);
});

for (const isNew of [true, false]) {
  const who = isNew ? "that has sent nothing" : "that has sent requests";

  Deno.test(`a client ${who} is not rejected because its requests waited in a stall`, async () => {
    const limits = resolveLimits({ maxRate: 100, maxBurst: 1 });
    const { client, context, sent, socket } = await logInSocket([], { limits });
    context.registry.operation("now", () => 1, undefined);
    if (!isNew) socket.receive(operation(0, "now"));
    context.stalls.start();
    stall();
    sent.length = 0;
    // Fewer than the limit allows in this time.
    for (let id = 1; id <= MEASURED / 10; id++) {
      socket.receive(operation(id, "now"));
    }
    context.stalls.stop();
    const failures = sent.filter((frame) => JSON.parse(frame).code !== 0);
    assert.deepEqual(failures, []);
    client.close();
  });
}

Deno.test("a stall before the connection adds nothing to its rate", async () => {
  const first = await logInSocket();
  const { context } = first;
  context.stalls.start();
  stall();
  const limits = resolveLimits({ maxRate: 0.001, maxBurst: 2 });
  const second = await logInSocket([], { ...context, limits });
  for (let id = 1; id <= 3; id++) second.socket.receive(operation(id, "none"));
  context.stalls.stop();
  const codes = second.sent.map((frame) => JSON.parse(frame).code);
  assert.deepEqual(codes, [5, 5, 9]);
  first.client.close();
  second.client.close();
});
