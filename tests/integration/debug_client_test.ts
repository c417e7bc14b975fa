/** The lines of a client after `debug()`. */

import assert from "node:assert/strict";
import { connect, debug } from "../../client.ts";
import { freePort } from "../../tools/lib/ports.ts";
import { fakeServer, successFrame } from "../support/fake_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { FAST_RECONNECT } from "../support/reconnecting.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { pause } from "../support/timing.ts";

const TOKEN = "a long token of a client";

/** Returns the events and the texts of lines, without the URL of the server. */
function textsOf({ lines }: LogRecorder, url: string): string[] {
  return lines.map((line) => line.replace(` ${url}`, ""));
}

Deno.test("debug() shows the connection of a client and its frames, but not its token", async () => {
  await using server = serveQuietly({ tokens: [{ name: "a", token: TOKEN }] });
  server.operation("echo", (data) => data);
  const logger = new LogRecorder();
  {
    using _debugging = debug();
    const connection = await connect(TOKEN, { url: server.url, logger });
    await connection.operation("echo", { token: TOKEN, text: TOKEN });
    await connection.close();
  }
  const texts = textsOf(logger, server.url);
  const echo = '"data":{"token":"[redacted]","text":"[redacted]"}';
  assert.deepEqual(texts.slice(0, 2), [
    "debug connect: connected",
    "debug send: sent the login",
  ]);
  assert.match(texts[2]!, /^debug receive: received \{"success":true,/);
  assert.equal(texts[3], "debug login: logged in");
  assert.equal(
    texts[4],
    `debug send: sent {"id":1,"action":"operation","data":{"operation":"echo",${echo}}}`,
  );
  assert.match(texts[5]!, /^debug receive: received .*"text":"\[redacted\]"/);
  assert.deepEqual(texts.slice(6).sort(), [
    "debug close: ended",
    "debug disconnect: disconnected: closed by the client",
    'debug send: sent {"id":null,"end":true}',
  ]);
  assert(!logger.lines.join().includes(TOKEN));
});

Deno.test("debug() shows why a client reconnects, and when", async () => {
  const port = freePort();
  const server = serveQuietly({ port });
  const { url } = server;
  const logger = new LogRecorder();
  using _debugging = debug();
  await using _connection = await connectTo(server, {
    logger,
    reconnect: { minDelay: 1, maxDelay: 1 },
  });
  await server.close();
  await logger.line(
    /^debug disconnect: .* disconnected: closed by the server \(1012, /,
  );
  await logger.line(/^debug reconnect: .* scheduled a reconnect in \d+ ms$/);
  await logger.line(/^debug reconnect: .* started to reconnect$/);
  await logger.line(
    /scheduled a reconnect in \d+ ms: the last attempt failed: Cannot connect to /,
  );
  logger.lines.length = 0;
  await using _next = serveQuietly({ port });
  await logger.line(new RegExp(`^debug login: ${url} logged in$`));
});

Deno.test("without debug(), a client logs nothing about its frames", async () => {
  await using server = serveQuietly();
  const logger = new LogRecorder();
  await using connection = await connectTo(server, { logger });
  await connection.message("any");
  assert.deepEqual(logger.lines, []);
});

Deno.test("an event without a listener is logged once for each name, and a reply is not", async () => {
  await using server = serveQuietly();
  server.receive("start", async (message) => {
    for (const name of ["news", "other", "news"]) await server.broadcast(name);
    message.reply("reply");
  });
  const logger = new LogRecorder();
  await using connection = await connectTo(server, { logger });
  connection.receive("heard", () => {});
  await connection.message("start");
  await connection.message("start");
  await logger.line(/"other"/);
  assert.deepEqual(textsOf(logger, server.url), [
    'warn event:: no listener received "news". Add one with receive().',
    'warn event:: no listener received "other". Add one with receive().',
  ]);
});

Deno.test("a client throttles the lines that a server causes", async () => {
  await using server = serveQuietly();
  server.receive("flood", ({ client }) => {
    for (let n = 0; n < 5_000; n++) client.message(`event ${n}`);
  });
  const logger = new LogRecorder();
  await using connection = await connectTo(server, { logger });
  connection.receive(() => {
    throw new Error("a listener that always fails");
  });
  await connection.message("flood");
  // The response arrives after the events. A slow machine adds a line for each second.
  assert(logger.lines.length >= 20 && logger.lines.length < 200);
});

Deno.test("a client throttles the lines about invalid frames", async () => {
  await using server = fakeServer((socket, { id, action }) => {
    if (action === undefined) return socket.send(successFrame(0, null));
    for (let n = 0; n < 5_000; n++) socket.send("no frame");
    socket.send(successFrame(id as number, null, { result: "fine" }));
  });
  const logger = new LogRecorder();
  await using connection = await connect("test", { url: server.url, logger });
  assert.equal(await connection.operation("any"), "fine");
  assert(logger.lines.length >= 20 && logger.lines.length < 200);
});

Deno.test("a logger that gives up the first login leaves no client that reconnects", async () => {
  await using server = serveQuietly();
  using _debugging = debug();
  const controller = new AbortController();
  const { signal } = controller;
  const logger = {
    warn: () => {},
    error: () => {},
    debug: (line: string) => line.startsWith("login: ") && controller.abort(),
  };
  const options = {
    url: server.url,
    reconnect: FAST_RECONNECT,
    signal,
    logger,
  };
  await assert.rejects(connect("test", options), { name: "AbortError" });
  await pause(50);
  assert.equal(server.clients.size, 0);
});
