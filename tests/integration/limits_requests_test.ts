/** The limits of concurrent requests and of their rate. */

import assert from "node:assert/strict";
import { defineContract, serve } from "../../mod.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { message, operation, RawClient } from "../support/raw_client.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { gate } from "../support/timing.ts";
import {
  assertExceeded,
  assertLogged,
  codes,
  serveEcho,
} from "../support/limits.ts";
import { schemaOf } from "../support/schemas.ts";

/** Returns `count` requests for `echo`. */
function echoes(first: number, count: number): unknown[] {
  return Array.from({ length: count }, (_, n) => operation(first + n, "echo"));
}

/** Sends requests in one batch or in separate frames. */
function sendAll(client: RawClient, requests: unknown[], batch: boolean): void {
  if (batch) client.send(requests);
  else for (const request of requests) client.send(request);
}

for (const batch of [false, true]) {
  const how = batch ? "in one batch" : "in separate frames";
  const features = batch ? ["batch"] : [];

  Deno.test(`maxPending: a request beyond the limit is rejected, ${how}`, async () => {
    const { opened, open } = gate();
    const logger = new LogRecorder();
    await using server = serveEcho({ maxPending: 2 }, { logger });
    server.operation("wait", () => opened.then(() => "done"));
    await using client = await RawClient.logIn(server, features);
    await using other = await RawClient.logIn(server);
    const requests = [1, 2, 3].map((id) => operation(id, "wait"));
    sendAll(client, requests, batch);
    assertExceeded((await client.take(1))[0], 3, "maxPending", 2);
    assertLogged(logger, "maxPending");
    // Another client has its own limit.
    other.send(operation(1, "echo"));
    assert.equal((await other.next()).code, 0);
    open();
    assert.deepEqual(codes(await client.take(2)), [[1, 0], [2, 0]]);
    sendAll(client, echoes(4, 2), batch);
    assert.deepEqual(codes(await client.take(2)), [[4, 0], [5, 0]]);
  });

  Deno.test(`maxPending: messages count, ${how}`, async () => {
    const { opened, open } = gate();
    await using server = serveEcho({ maxPending: 1 });
    server.receive("wait", () => opened);
    await using client = await RawClient.logIn(server, [
      ...features,
      "done-id",
    ]);
    sendAll(client, [message(1, "wait"), operation(2, "echo")], batch);
    assertExceeded((await client.take(1))[0], 2, "maxPending", 1);
    open();
    assert.equal((await client.take(1))[0].message, "done");
  });

  // The rate is so low that no token is added during the test.
  Deno.test(`maxRate: requests beyond the burst are rejected, ${how}`, async () => {
    const logger = new LogRecorder();
    const limits = { maxRate: 0.001, maxBurst: 3 };
    await using server = serveEcho(limits, { logger });
    await using client = await RawClient.logIn(server, features);
    await using other = await RawClient.logIn(server);
    sendAll(client, echoes(1, 5), batch);
    const answers = await client.take(5);
    assert.deepEqual(codes(answers), [[1, 0], [2, 0], [3, 0], [4, 9], [5, 9]]);
    const last = answers.find(({ id }) => id === 5);
    assertExceeded(last, 5, "maxRate", 0.001);
    assertLogged(logger, "maxRate", 2);
    other.send(operation(1, "echo"));
    assert.equal((await other.next()).code, 0);
    assert.equal(server.clients.size, 2);
  });

  Deno.test(`maxRate: a client that sends twice the burst is closed, ${how}`, async () => {
    const called: number[] = [];
    await using server = serveEcho({ maxRate: 0.001, maxBurst: 3 });
    server.operation("count", () => called.push(1));
    await using client = await RawClient.logIn(server, features);
    const requests = Array.from(
      { length: 8 },
      (_, n) => operation(n + 1, "count"),
    );
    sendAll(client, requests, batch);
    assert.deepEqual(await client.closed, {
      code: 1008,
      reason: "too many requests",
    });
    assert.equal(called.length, 3);
    assert.equal(server.clients.size, 0);
  });

  Deno.test(`maxRate: invalid requests count, ${how}`, async () => {
    await using server = serveEcho({ maxRate: 0.001, maxBurst: 3 });
    await using client = await RawClient.logIn(server, features);
    const requests = [{ id: 1 }, { id: 2, action: "fly", data: {} }, { id: 3 }];
    sendAll(client, [...requests, operation(4, "echo"), { id: 5 }], batch);
    const answers = await client.take(5);
    // An invalid request gets its own error, not the error of the limit.
    assert.deepEqual(codes(answers), [[1, 2], [2, 8], [3, 2], [4, 9], [5, 2]]);
  });
}

Deno.test("maxPending: only the first reply to a request of the server does not count", async () => {
  const { opened, open } = gate();
  const yes = schemaOf((value) => opened.then(() => ({ value })));
  const contract = defineContract({ events: { ready: { replies: { yes } } } });
  const limits = { maxPending: 1 };
  const logger = new LogRecorder();
  const where = { hostname: "127.0.0.1", port: 0 };
  await using server = serve("test", { ...where, contract, limits, logger });
  const features = ["request", "done-id"];
  await using client = await RawClient.logIn(server, features);
  const [asked] = [...server.clients].map((one) => one.request("ready"));
  const { data: wire } = await client.next();
  for (const n of [1, 2]) client.send(message(n, "yes", { n }, wire));
  // Always rejected. Without it, the test would hang if the second reply were accepted.
  client.send(operation(3, "echo"));
  for (const id of [2, 3]) {
    assertExceeded(await client.next(), id, "maxPending", 1);
  }
  open();
  assert.deepEqual((await asked)?.data, { n: 1 });
});

Deno.test("maxPending: synchronous operations of a batch do not count together", async () => {
  await using server = serveEcho({ maxPending: 1 });
  await using client = await RawClient.logIn(server, ["batch"]);
  client.send(echoes(1, 50));
  const answers = await client.take(50);
  assert.deepEqual(new Set(answers.map(({ code }) => code)), new Set([0]));
});

Deno.test("maxPending: rejected requests do not count", async () => {
  const { opened, open } = gate();
  await using server = serveEcho({ maxPending: 1 });
  server.operation("wait", () => opened);
  await using client = await RawClient.logIn(server);
  for (const id of [1, 2, 3, 4]) client.send(operation(id, "wait"));
  const refused = await client.take(3);
  assert.deepEqual(codes(refused), [[2, 9], [3, 9], [4, 9]]);
  open();
  assert.equal((await client.next()).id, 1);
  client.send(operation(5, "echo"));
  assert.deepEqual(codes(await client.take(1)), [[5, 0]]);
});

Deno.test("maxRate: a goodbye is always handled", async () => {
  await using server = serveEcho({ maxRate: 0.001, maxBurst: 2 });
  await using client = await RawClient.logIn(server);
  for (const request of echoes(1, 3)) client.send(request);
  client.send({ id: null, end: true });
  assert.equal((await client.closed).code, 1000);
});

Deno.test("maxRate: the client rejects with a ResponseError", async () => {
  await using server = serveEcho({ maxRate: 0.001, maxBurst: 2 });
  await using connection = await connectTo(server);
  await connection.operation("echo");
  await connection.operation("echo");
  const error = await connection.operation("echo").catch((error) => error);
  assert.deepEqual([error.name, error.code, error.error], [
    "ResponseError",
    9,
    "LIMIT_EXCEEDED",
  ]);
  assert.deepEqual(error.data, { limit: "maxRate", value: 0.001 });
});

for (const batch of [false, true]) {
  Deno.test(`maxRate: requests during the login count, batch ${batch}`, async () => {
    const login = () => new Promise<boolean>(() => {});
    const limits = { maxRate: 0.001, maxBurst: 3 };
    await using server = serveQuietly({ login, limits });
    await using client = await RawClient.open(server);
    const features = batch ? ["batch"] : [];
    client.send({ id: 0, token: "test", version: "1.0.0", features });
    for (const request of echoes(1, 8)) client.send(request);
    assert.deepEqual(await client.closed, {
      code: 1008,
      reason: "too many requests",
    });
  });
}
