/** Handlers, listeners and loggers that close or send from within a callback. */

import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import { fakeServer, successFrame } from "../support/fake_server.ts";
import { message, operation, RawClient } from "../support/raw_client.ts";
import { serveQuietly } from "../support/server.ts";

const IGNORE = () => {};
const SILENT = { debug: IGNORE, info: IGNORE, warn: IGNORE, error: IGNORE };

Deno.test("the rest of a batch is dropped after a handler closes its client", async () => {
  await using server = serveQuietly();
  const calls: string[] = [];
  server.operation("leave", (_data, { client }) => client.close(4000));
  server.operation("after", () => void calls.push("operation"));
  server.receive("after", () => void calls.push("listener"));
  await using client = await RawClient.logIn(server, ["batch"]);
  client.send([
    operation(1, "leave"),
    operation(2, "after"),
    message(3, "after"),
  ]);
  assert.equal((await client.closed).code, 4000);
  assert.deepEqual(calls, []);
});

Deno.test("a logger can close the server while a client logs in", async () => {
  const info = (line: string) => {
    if (line.startsWith("login: ")) void server.close();
  };
  const logger = { ...SILENT, info };
  const server = serveQuietly({ logger, logLevel: "info" });
  await using client = await RawClient.open(server);
  client.send({ id: 0, token: "test", version: "1.0.0" });
  assert.equal((await client.closed).code, 1001);
  await server.finished;
  assert.equal(server.clients.size, 0);
});

Deno.test("a logger can close the server while a client connects", async () => {
  const info = (line: string) => {
    if (line.startsWith("connect: ")) void server.close();
  };
  const logger = { ...SILENT, info };
  const server = serveQuietly({ logger, logLevel: "info" });
  await using client = await RawClient.open(server);
  assert.equal((await client.closed).code, 1001);
  await server.finished;
  assert.equal(server.clients.size, 0);
});

Deno.test("a message that a logger sends during a broadcast arrives after it", async () => {
  let hasSent = false;
  const debug = (line: string) => {
    if (hasSent || !/^send: .*news/.test(line)) return;
    hasSent = true;
    for (const client of server.clients) client.message("later");
  };
  const logger = { ...SILENT, debug };
  await using server = serveQuietly({ logger, logLevel: "debug" });
  await using client = await RawClient.logIn(server);
  await server.broadcast("news");
  const names = [await client.next(), await client.next()].map(({ data }) =>
    (data as { readonly message?: string }).message
  );
  assert.deepEqual(names, ["news", "later"]);
});

Deno.test("no listener is called after a listener closes the connection", async () => {
  const news = (id: number) => {
    const wire = { message: "news", data: {}, id, replying: null };
    return successFrame(null, "s_newmsg", wire);
  };
  await using server = fakeServer((socket, { end }) => {
    if (end === true) return socket.close(1000);
    socket.send(news(1));
    socket.send(news(2));
    socket.send(successFrame(0, null));
  });
  const connection = await connect("test", { url: server.url });
  const seen: number[] = [];
  connection.receive(({ id }) => {
    seen.push(id);
    void connection.close();
  });
  await connection.closed;
  assert.deepEqual(seen, [1]);
});

Deno.test("the functions of the application get no object of the server as `this`", async () => {
  const seen: Record<string, unknown> = {};
  const note = <Result>(name: string, result: Result) =>
    function (this: unknown): Result {
      seen[name] = this;
      return result;
    };
  const server = serveQuietly({
    login: note("login", true),
    authorize: note("authorize", true),
    onConnect: note("onConnect", undefined),
    onDisconnect: note("onDisconnect", undefined),
  });
  server.operation("run", note("operation", 1));
  server.receive("run", note("listener", undefined));
  const middleware = server.use(async function (this: unknown, _call, next) {
    seen.middleware = this;
    await next();
  });
  await using client = await RawClient.logIn(server, ["done-id"]);
  client.send(operation(1, "run"));
  client.send(message(2, "run"));
  await client.take(2);
  middleware[Symbol.dispose]();
  await server.close();
  const names = [
    ...["login", "onConnect", "authorize", "middleware", "operation"],
    ...["listener", "onDisconnect"],
  ];
  assert.deepEqual(
    seen,
    Object.fromEntries(names.map((name) => [name, undefined])),
  );
});
