/** `limits.perName`: the limits of single messages and operations. */

import assert from "node:assert/strict";
import { defineContract, serve } from "../../mod.ts";
import { assertExceeded, codes } from "../support/limits.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { message, operation, RawClient } from "../support/raw_client.ts";
import { serveQuietly } from "../support/server.ts";
import { gate } from "../support/timing.ts";

function stream(id: number, name: string) {
  return {
    id,
    action: "stream",
    data: { operation: name, data: {}, credit: 9 },
  };
}

function logIn(server: Parameters<typeof RawClient.logIn>[0]) {
  return RawClient.logIn(server, ["stream", "done-id", "request", "cancel"]);
}

Deno.test("perName: each client has its own rate for each name", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({
    logger,
    // The rate is so low that no token is added during the test.
    limits: { perName: { search: { maxRate: 0.001, maxBurst: 2 } } },
  });
  for (const name of ["search", "other"]) server.operation(name, () => 1);
  await using client = await logIn(server);
  await using another = await logIn(server);
  for (let id = 1; id <= 4; id++) client.send(operation(id, "search"));
  const answers = await client.take(4);
  assert.deepEqual(codes(answers), [[1, 0], [2, 0], [3, 9], [4, 9]]);
  assert.deepEqual(answers[2].data, { limit: "perName.maxRate", value: 0.001 });
  assert.equal(
    answers[2].desc,
    "the client sends more than 0.001 requests with this name per second. Send more slowly, or raise 'maxRate' in 'limits.perName' of the server.",
  );
  await logger.line(/^warn .*operation "search": the client sends more than/);
  for (const other of [client, another]) {
    other.send(operation(5, other === client ? "other" : "search"));
    assert.equal((await other.next()).code, 0);
  }
});

Deno.test("perName: the default of maxBurst is twice maxRate, and at least 1", async () => {
  await using server = serveQuietly({
    limits: { perName: { slow: { maxRate: 0.001 }, fast: { maxRate: 1.5 } } },
  });
  for (const name of ["slow", "fast"]) server.operation(name, () => 1);
  await using client = await RawClient.logIn(server, ["batch"]);
  for (const [name, burst] of [["slow", 1], ["fast", 3]] as const) {
    client.send(
      Array.from({ length: burst + 1 }, (_, id) => operation(id, name)),
    );
    const answers = await client.take(burst + 1);
    assert.equal(answers.filter(({ code }) => code === 0).length, burst);
  }
});

for (
  const [kind, request] of Object.entries({
    message: (id: number) => message(id, "wait"),
    operation: (id: number) => operation(id, "wait"),
    stream: (id: number) => stream(id, "items"),
  })
) {
  Deno.test(`perName: maxPending limits what is in progress, ${kind}`, async () => {
    const { opened, open } = gate();
    await using server = serveQuietly({
      limits: {
        perName: { wait: { maxPending: 1 }, items: { maxPending: 1 } },
      },
    });
    server.receive("wait", () => opened);
    server.operation("wait", () => opened);
    server.operation("items", async function* () {
      await opened;
      yield* [];
    });
    server.operation("free", () => 1);
    await using client = await logIn(server);
    for (const id of [1, 2]) client.send(request(id));
    assertExceeded(await client.next(), 2, "perName.maxPending", 1);
    client.send(operation(3, "free"));
    assert.equal((await client.next()).id, 3);
    open();
    assert.deepEqual(codes([await client.next()]), [[1, 0]]);
    client.send(request(4));
    assert.deepEqual(
      codes([await client.next()]),
      [[4, 0]],
      "it is free again",
    );
  });
}

Deno.test("perName: a message and an operation with one name share the limit", async () => {
  const { opened, open } = gate();
  await using server = serveQuietly({
    limits: { perName: { run: { maxPending: 1 } } },
  });
  server.receive("run", () => opened);
  server.operation("run", () => 1);
  await using client = await logIn(server);
  client.send(message(1, "run"));
  client.send(operation(2, "run"));
  assertExceeded(await client.next(), 2, "perName.maxPending", 1);
  open();
});

Deno.test("perName: a failed request frees its place", async () => {
  await using server = serveQuietly({
    limits: { perName: { fail: { maxPending: 1 }, none: { maxPending: 1 } } },
  });
  server.operation("fail", () => {
    throw new Error("no");
  });
  await using client = await logIn(server);
  for (
    const [id, name] of [[1, "fail"], [2, "fail"], [3, "none"], [4, "none"]]
  ) {
    client.send(operation(Number(id), String(name)));
  }
  const answers = await client.take(4);
  assert.deepEqual(codes(answers), [[1, 6], [2, 6], [3, 5], [4, 5]]);
});

for (const isAsync of [false, true]) {
  Deno.test(`perName: a limit counts only what authorize allows, asynchronously: ${isAsync}`, async () => {
    await using server = serveQuietly({
      limits: { perName: { run: { maxRate: 0.001, maxBurst: 1 } } },
      authorize: () =>
        isAsync ? Promise.resolve(decisions.shift()!) : decisions.shift()!,
    });
    server.operation("run", () => 1);
    const decisions = [false, true, false, true];
    await using client = await logIn(server);
    for (let id = 1; id <= 4; id++) client.send(operation(id, "run"));
    const answers = await client.take(4);
    assert.deepEqual(codes(answers), [[1, 10], [2, 0], [3, 10], [4, 9]]);
  });
}

Deno.test("perName: replies to requests of the server do not count, and reach listeners", async () => {
  await using server = serveQuietly({
    limits: { perName: { yes: { maxRate: 0.001, maxBurst: 1 } } },
  });
  let heard = 0;
  server.receive("yes", () => void heard++);
  await using client = await logIn(server);
  const [only] = server.clients;
  for (const id of [1, 2]) {
    const reply = only!.request("ready");
    const { data: wire } = await client.next();
    client.send(message(id, "yes", {}, wire));
    await reply;
    assert.equal((await client.next()).code, 0);
  }
  assert.equal(heard, 2);
});

Deno.test("perName accepts inherited names, which other requests do not have", async () => {
  const perName = JSON.parse('{"__proto__": {"maxRate": 0.001}}');
  await using server = serveQuietly({ limits: { perName } });
  server.operation("__proto__", () => 1);
  server.operation("toString", () => 1);
  await using client = await logIn(server);
  for (const id of [1, 2]) client.send(operation(id, "toString"));
  for (const id of [3, 4]) client.send(operation(id, "__proto__"));
  const answers = await client.take(4);
  assert.deepEqual(codes(answers), [[1, 0], [2, 0], [3, 0], [4, 9]]);
});

const WRONG: readonly (readonly [unknown, RegExp])[] = [
  [5, /^TypeError: Cannot serve: 'limits.perName' must be an object\. /],
  [{ add: null }, /^TypeError: Cannot serve: .*must be an object\. It is null/],
  [
    { add: { maxRat: 1 } },
    /unknown option 'maxRat' in .*Did you mean 'maxRate'/,
  ],
  [{ add: { maxRate: 0 } }, /^RangeError: .*maxRate' must be a number of/],
  [{ add: { maxPending: 1.5 } }, /^RangeError: .*maxPending' must be a whole/],
  [
    { add: { maxBurst: "5" } },
    /^TypeError: .*maxBurst' must be a whole number/,
  ],
  [
    { ad: { maxRate: 1 } },
    /^TypeError: Cannot serve: 'limits.perName\["ad"\]' is unknown: the contract does not have this name\. Did you mean "add"\?/,
  ],
];

for (const [perName, error] of WRONG) {
  Deno.test(`perName rejects ${Deno.inspect(perName)}`, () => {
    const contract = defineContract({
      messages: { hello: {} },
      operations: { add: {} },
    });
    const limits = { perName: perName as never };
    assert.throws(() => serve("test", { contract, limits, port: 0 }), error);
  });
}
