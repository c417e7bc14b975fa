/** The client in Node: bundled for a browser, with the WebSocket of npm's `ws`. */

import assert from "node:assert/strict";
import type { Server } from "../../server.ts";
import { freePort } from "../../tools/lib/ports.ts";
import { NodeProgram } from "../support/node.ts";
import { serveQuietly } from "../support/server.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";

let node: NodeProgram;

Deno.test.beforeAll(async () => void (node = await NodeProgram.create()));

Deno.test.afterAll(() => node[Symbol.asyncDispose]());

// All other tests run this bundle: if one loaded the missing modules, it would fail.
Deno.test("a bundle without the socket for Deno uses neither Deno nor Node", async () => {
  const code = await node.readCode("client.js");
  assert.match(code, /^export \{$/m);
  assert.doesNotMatch(code, /\bDeno\.|["']node:/);
});

Deno.test("in a bundle with all modules, only the socket for Deno uses Deno", async () => {
  await node.bundle("all.js");
  const code = await node.readCode("all.js");
  const modules = code.split(/^\/\/ (?=\S+\.ts$)/m);
  const users = modules.filter((module) => /\bDeno\./.test(module));
  const paths = users.map((module) => module.split("\n", 1)[0]);
  assert.deepEqual(paths, ["client/deno_socket.ts"]);
  assert.doesNotMatch(code, /["']node:/);
});

Deno.test("connection.message() returns the replies in Node", async () => {
  await using server = serveQuietly();
  server.receive("hello", (message) => {
    message.reply("first", { you: message.data.name ?? null });
    message.reply("second");
  });
  const output = await node.runClient(
    server,
    `const { replies } = await connection.message("hello", { name: "Ada" });
    print(replies.map(({ name, data }) => ({ name, data })));`,
  );
  assert.deepEqual(output, [
    { name: "first", data: { you: "Ada" } },
    { name: "second", data: {} },
  ]);
});

Deno.test("a long computation in Node does not fail a request that was answered in time", async () => {
  await using server = serveQuietly();
  const file = await Deno.makeTempFile();
  const { promise: written, resolve } = Promise.withResolvers<void>();
  server.operation("add", ({ a, b }) => {
    // The result is in the socket of Node before the file has a content.
    setTimeout(() => resolve(Deno.writeTextFile(file, "answered")), 250);
    return Number(a) + Number(b);
  });
  const output = await node.runClient(
    server,
    `const { statSync } = await import("node:fs");
    const sum = connection.operation("add", { a: 1, b: 2 }, { timeout: 200 });
    setImmediate(() => {
      const end = performance.now() + 60_000;
      const isAnswered = () => statSync(${JSON.stringify(file)}).size > 0;
      while (!isAnswered() && performance.now() < end);
    });
    print(await sum);`,
  );
  assert.equal(output, 3);
  await written;
  await Deno.remove(file);
});

Deno.test("connection.operation() returns the result in Node", async () => {
  await using server = serveQuietly();
  server.operation("add", ({ a, b }) => Number(a) + Number(b));
  const output = await node.runClient(
    server,
    `print(await connection.operation("add", { a: 1, b: 2 }));`,
  );
  assert.equal(output, 3);
});

Deno.test("connection.receive() receives a broadcast in Node", async () => {
  await using server = serveQuietly();
  server.receive("ready", () => void server.broadcast("news", { n: 1 }));
  const output = await node.runClient(
    server,
    `const came = new Promise((resolve) => connection.receive("news", resolve));
    await connection.message("ready");
    const { name, data } = await came;
    print({ name, data });`,
  );
  assert.deepEqual(output, { name: "news", data: { n: 1 } });
});

Deno.test("connection.operation() rejects in Node if the operation does not exist", async () => {
  await using server = serveQuietly();
  const output = await node.runClient(
    server,
    `const error = await connection.operation("none").catch((error) => error);
    print({ isResponseError: error instanceof ResponseError, code: error.code });`,
  );
  assert.deepEqual(output, { isResponseError: true, code: 5 });
});

Deno.test("connection.close() closes with 1000 in Node, and the program ends", async () => {
  await using server = serveQuietly();
  const output = await node.runClient(
    server,
    `await connection.close();
    print((await connection.closed).code);`,
  );
  assert.equal(output, 1000);
  assert.equal(server.clients.size, 0);
});

Deno.test("connection.closed resolves in Node if the server closes", async () => {
  await using server = serveQuietly();
  server.receive("enough", () => void server.close());
  const output = await node.runClient(
    server,
    `await connection.message("enough");
    print((await connection.closed).code);`,
  );
  assert.equal(output, 1001);
});

Deno.test("a connection reconnects in Node, and repeats an idempotent operation", async () => {
  const port = freePort();
  const first = serveQuietly({ port, closeTimeout: 1 });
  const restarted = Promise.withResolvers<Server>();
  first.operation("get", async () => {
    // Closing the server cuts off the answer of this operation.
    void first.close().then(() => restarted.resolve(serveQuietly({ port })));
    await new Promise(() => {});
  });
  restarted.promise.then((second) => second.operation("get", () => "got"));
  const output = await node.runScript(
    first.url,
    `const reconnect = { minDelay: 20 };
    const connection = await connect("test", { url, WebSocket, reconnect });
    const states = [];
    connection.onState(({ state }) => states.push(state));
    const result = await connection.operation("get", {}, { idempotent: true });
    await connection.close();
    print({ result, first: states.slice(0, 2), last: states.slice(-2) });`,
  );
  assert.deepEqual(output, {
    result: "got",
    first: ["open", "waiting"],
    last: ["open", "closed"],
  });
  await (await restarted.promise).close();
});

Deno.test("close() ends an attempt to reconnect in Node, and the program ends", async () => {
  const server = serveQuietly();
  server.receive("enough", () => void server.close());
  await using stalled = new TcpProxy(server);
  stalled.isStalled = true;
  const output = await node.runScript(
    server.url,
    `const stalled = ${JSON.stringify(stalled.url)}.replace("http", "ws");
    let sockets = 0;
    class Stalling extends WebSocket {
      constructor(url, protocols) {
        super(++sockets === 1 ? url : stalled, protocols);
      }
    }
    const ack = await fetch(url + "/hoist/ack").then((response) => response.text());
    const reconnect = { minDelay: 1 };
    const connection = await connect("test", { url, WebSocket: Stalling, reconnect });
    globalThis.fetch = () => Promise.resolve(new Response(ack));
    const attempt = new Promise((resolve) =>
      connection.onState(({ state }) => state === "connecting" && resolve())
    );
    await connection.message("enough").catch(() => {});
    await attempt;
    while (sockets < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    await connection.close();
    print((await connection.closed).reason);`,
  );
  assert.equal(output, "closed by the client");
});
