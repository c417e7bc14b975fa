/** The limits of requests, and the frames that do not count towards them. */

import assert from "node:assert/strict";
import { Lifecycle } from "../../server/lifecycle.ts";
import { resolveLimits } from "../../server/limits.ts";
import { message, operation } from "../support/raw_client.ts";
import { idsOf, logInSocket } from "../support/server_connection.ts";
import { endOfTick, gate } from "../support/timing.ts";

const FEATURES = ["done-id", "request", "stream"];

/** Logs in a client of a server with a low limit, and two operations. */
async function logIn(limits: Parameters<typeof resolveLimits>[0]) {
  const connection = await logInSocket(FEATURES, {
    limits: resolveLimits(limits),
  });
  const { registry } = connection.context;
  const { opened, open } = gate();
  registry.operation("now", () => 1, undefined);
  registry.operation("later", () => opened, undefined);
  registry.operation("rows", async function* () {
    for (let n = 0;; n++) yield n;
  }, undefined);
  return { ...connection, open };
}

/** Returns the codes of the frames that a socket has sent. */
function codesOf(sent: readonly string[]): number[] {
  return sent.map((frame) => JSON.parse(frame).code);
}

function credit(id: number, credit: number) {
  return { id, action: "credit", data: { credit } };
}

Deno.test("requests over maxRate are rejected, and the connection is closed later", async () => {
  const { sent, socket } = await logIn({ maxRate: 1, maxBurst: 2 });
  for (let id = 1; id <= 3; id++) socket.receive(operation(id, "now"));
  assert.deepEqual(codesOf(sent), [0, 0, 9]);
  for (let id = 4; id <= 5; id++) socket.receive(operation(id, "now"));
  await endOfTick();
  assert.deepEqual(codesOf(sent).slice(0, 3), [0, 0, 9]);
  assert.deepEqual([sent.length <= 4, socket.closed], [true, [1008]]);
});

Deno.test("requests over maxPending are rejected until others are answered", async () => {
  const { client, open, sent, socket } = await logIn({ maxPending: 1 });
  socket.receive(operation(1, "later"), operation(2, "now"));
  assert.deepEqual([idsOf(sent), codesOf(sent)], [[2], [9]]);
  open();
  await endOfTick();
  socket.receive(operation(3, "now"));
  assert.deepEqual(idsOf(sent), [2, 1, 3]);
  client.close();
});

Deno.test("credit for items that were sent does not count towards maxRate", async () => {
  const { client, events, sent, socket } = await logIn({
    maxRate: 1,
    maxBurst: 2,
  });
  const request = { operation: "rows", data: {}, credit: 1 };
  socket.receive({ id: 1, action: "stream", data: request });
  for (let n = 1; n <= 10; n++) {
    while (sent.length < n && events.length === 1) await endOfTick();
    socket.receive(credit(1, 1));
  }
  assert.deepEqual(events, ["open"]);
  client.close();
});

Deno.test("credit that the server does not expect counts towards maxRate", async () => {
  const { events, socket } = await logIn({ maxRate: 1, maxBurst: 2 });
  for (let n = 1; n <= 5; n++) socket.receive(credit(1, 1));
  await endOfTick();
  assert.deepEqual([events, socket.closed], [["open", "closed"], [1008]]);
});

Deno.test("the first reply to a request of the server is accepted over maxPending", async () => {
  const { client, sent, socket } = await logIn({ maxPending: 1 });
  socket.receive(operation(1, "later"));
  const reply = client.request("ready");
  const { id } = JSON.parse(sent.at(-1)!).data;
  const replying = { message: "ready", data: {}, id, replying: null };
  socket.receive(message(2, "yes", {}, replying));
  assert.equal((await reply).name, "yes");
  client.close();
});

Deno.test("a server that shuts down accepts replies to its own requests only", async () => {
  const { client, context, events, sent, socket } = await logIn({});
  const reply = client.request("ready");
  const { id } = JSON.parse(sent.at(-1)!).data;
  context.shutdown.begin(1);
  socket.receive(operation(1, "now"), message(2, "hello"));
  assert.equal(sent.length, 1);
  const replying = { message: "ready", data: {}, id, replying: null };
  socket.receive(message(3, "yes", {}, replying));
  assert.equal((await reply).name, "yes");
  // No request is in progress any more.
  await endOfTick();
  assert.deepEqual(events, ["open", "closed"]);
});

Deno.test("a stream with the id of another one counts as rejected", async () => {
  const { client, context, sent, socket } = await logIn({});
  const data = { operation: "rows", data: {}, credit: 1 };
  socket.receive({ id: 1, action: "stream", data });
  socket.receive({ id: 1, action: "stream", data });
  assert.deepEqual(codesOf(sent), [2]);
  const { metrics } = context;
  const { rejected } = metrics.streams.of("rows").results;
  assert.deepEqual([rejected, metrics.openStreams], [1, 1]);
  client.close();
});

Deno.test("requests that wait for onConnect end with their connection", async () => {
  const { opened, open } = gate();
  const hooks = { onConnect: () => opened, onDisconnect: undefined };
  const { client, context, socket } = await logInSocket(FEATURES, {
    lifecycle: new Lifecycle(hooks, Infinity),
  });
  const { metrics, registry } = context;
  registry.operation("now", () => 1, undefined);
  socket.receive(operation(1, "now"));
  socket.receive(message(2, "hello"));
  assert.equal(metrics.requestsInProgress, 2);
  client.close();
  open();
  await endOfTick();
  const { ok, cancelled } = metrics.operations.of("now").results;
  assert.deepEqual([ok, cancelled, metrics.requestsInProgress], [0, 1, 0]);
});
