/** The limit of the size of the requests in progress. */

import assert from "node:assert/strict";
import { message, operation, RawClient } from "../support/raw_client.ts";
import { assertExceeded, codes, serveEcho } from "../support/limits.ts";
import { runScript } from "../support/run_script.ts";
import { logInSocket } from "../support/server_connection.ts";
import { gate } from "../support/timing.ts";

const LIMIT = 2_048;

const LARGE = { a: "x".repeat(1_100) };

function stream(id: number, name: string, data: object) {
  return { id, action: "stream", data: { operation: name, data, credit: 1 } };
}

/** Starts a server whose handlers all wait. */
function serveWaiting() {
  const { opened, open } = gate();
  const server = serveEcho({ maxPendingBytes: LIMIT });
  server.operation("wait", () => opened.then(() => "done"));
  // deno-lint-ignore require-yield -- a stream without items is simpler to wait for
  server.operation("rows", async function* () {
    await opened;
  });
  server.receive("wait", () => opened);
  return { server, open };
}

const REQUESTS: Readonly<Record<string, (id: number) => object>> = {
  operations: (id: number) => operation(id, "wait", LARGE),
  messages: (id: number) => message(id, "wait", LARGE),
  "messages with a large chain of replies": (id: number) =>
    message(id, "wait", {}, {
      ...{ message: "a", data: LARGE, id: 1, replying: null },
    }),
  streams: (id: number) => stream(id, "rows", LARGE),
};

const FEATURES = ["done-id", "stream"];

for (const [kind, request] of Object.entries(REQUESTS)) {
  for (const batch of [false, true]) {
    const how = batch ? "in one batch" : "in separate frames";

    Deno.test(`maxPendingBytes: ${kind} beyond the limit are rejected until others end, ${how}`, async () => {
      const { server, open } = serveWaiting();
      await using _server = server;
      const features = batch ? [...FEATURES, "batch"] : FEATURES;
      await using client = await RawClient.logIn(server, features);
      const requests = [1, 2].map(request);
      if (batch) client.send(requests);
      else for (const each of requests) client.send(each);
      assertExceeded((await client.take(1))[0], 2, "maxPendingBytes", LIMIT);
      // A small request still fits, and so does a request of another client.
      client.send(operation(3, "echo"));
      assert.deepEqual(codes(await client.take(1)), [[3, 0]]);
      await using other = await RawClient.logIn(server);
      other.send(operation(1, "echo", LARGE));
      assert.equal((await other.next()).code, 0);
      open();
      await client.take(1);
      client.send(operation(4, "echo", LARGE));
      assert.deepEqual(codes(await client.take(1)), [[4, 0]]);
    });
  }
}

Deno.test("maxPendingBytes: the first request always fits", async () => {
  const { server, open } = serveWaiting();
  await using _server = server;
  await using client = await RawClient.logIn(server);
  client.send(operation(1, "wait", { a: "x".repeat(10 * LIMIT) }));
  client.send(operation(2, "echo"));
  assertExceeded(await client.next(), 2, "maxPendingBytes", LIMIT);
  open();
  assert.deepEqual(codes([await client.next()]), [[1, 0]]);
});

Deno.test("maxPendingBytes: the first reply to a request of the server always fits", async () => {
  const { server, open } = serveWaiting();
  await using _server = server;
  await using client = await RawClient.logIn(server, ["request", "done-id"]);
  client.send(operation(1, "wait", LARGE));
  client.send(operation(2, "wait", LARGE));
  assertExceeded(await client.next(), 2, "maxPendingBytes", LIMIT);
  const [asked] = [...server.clients].map((one) => one.request("ready"));
  const { data: wire } = await client.next();
  client.send(message(3, "yes", LARGE, wire));
  assert.equal((await asked)?.name, "yes");
  open();
});

for (const kind of ["operation", "message"] as const) {
  Deno.test(`maxPendingBytes: the server does not read the data of a ${kind} that its handler has changed`, async () => {
    const { client, context, socket } = await logInSocket();
    const { opened, open } = gate();
    const change = (data: object) => {
      // A handler can also store what has no end, such as the data in itself.
      const get = () => assert.fail("the server reads the data");
      Object.defineProperty(data, "changed", { enumerable: true, get });
      return opened;
    };
    const { registry } = context;
    if (kind === "operation") registry.operation("change", change, undefined);
    else registry.receive("change", ({ data }) => change(data), undefined);
    const request = { operation, message }[kind];
    socket.receive(request(1, "change"));
    socket.receive(request(2, "change"));
    client.close();
    open();
  });
}

/** The JSON that takes the most memory for its length. */
const EXPANDING = {
  "empty objects": "{}",
  "nested arrays": "[".repeat(40) + "]".repeat(40),
};

for (const [what, unit] of Object.entries(EXPANDING)) {
  Deno.test(`a client whose requests of ${what} never end holds at most 30 MiB`, async () => {
    const flags = ["--allow-net=127.0.0.1", "--v8-flags=--expose-gc"];
    const mod = new URL("../../mod.ts", import.meta.url).href;
    const { stdout, stderr } = await runScript(
      [...flags, "--allow-env", "--allow-read"],
      memoryScript(mod, unit),
    );
    const [refused, held] = stdout.trim().split(" ").map(Number);
    // Without the limit, the server accepts all 64, which need more than 85 MiB.
    assert(refused! > 32 && held! < 30 * 2 ** 20, `${stdout}${stderr}`);
  });
}

/** A server and a client that sends 64 requests of 64 KiB; prints what the server holds. */
function memoryScript(mod: string, unit: string): string {
  return `
    import { serve } from ${JSON.stringify(mod)};
    const logger = Object.fromEntries(["debug", "info", "warn", "error"].map((name) => [name, () => {}]));
    const server = serve("test", { hostname: "127.0.0.1", port: 0, logger });
    const held = [];
    server.operation("hold", (data) => new Promise((resolve) => held.push([data, resolve])));
    const socket = new WebSocket(server.url.replace("http", "ws") + "/hoist");
    await new Promise((resolve) => socket.onopen = resolve);
    socket.send('{"id":0,"token":"test","version":"1.0.0"}');
    await new Promise((resolve) => socket.onmessage = resolve);
    let refused = 0;
    socket.onmessage = () => refused++;
    gc();
    const before = Deno.memoryUsage().heapUsed;
    const unit = ${JSON.stringify(unit)};
    const data = "[" + Array(Math.floor(65_400 / (unit.length + 1))).fill(unit) + "]";
    for (let id = 1; id <= 64; id++) {
      socket.send(\`{"id":\${id},"action":"operation","data":{"operation":"hold","data":{"a":\${data}}}}\`);
    }
    while (held.length + refused < 64) await new Promise((resolve) => setTimeout(resolve, 10));
    gc();
    console.log(refused, Deno.memoryUsage().heapUsed - before);
    Deno.exit();
  `;
}
