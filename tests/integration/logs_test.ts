import assert from "node:assert/strict";
import { showFrame } from "../../common/secrets.ts";
import { serve, type ServeOptions } from "../../server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { message, operation, RawClient } from "../support/raw_client.ts";
import { RoomPeer } from "../support/room_peer.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { requestUpgrade } from "../support/tcp_peer.ts";

Deno.test("the server logs startup, connections and shutdown", async () => {
  const logger = new LogRecorder();
  {
    await using server = serveQuietly({ logger });
    await using _connection = await connectTo(server);
  }
  const lines = logger.lines.map((line) =>
    line.replace(/127\.0\.0\.1:\d+/, "HOST")
  );
  assert.deepEqual(lines, [
    "info startup: starting server on HOST",
    "info connect: HOST connected",
    "info login: HOST logged in",
    "info disconnect: HOST disconnected: closed by the client",
    "info shutdown: closing server",
    "info shutdown: server closed",
  ]);
});

const LOOPBACK = { hostname: "127.0.0.1", port: 0 };

/** Whether a logger gets the token, by the options of the server. */
const STARTUPS: readonly (readonly [string, ServeOptions, boolean])[] = [
  ["a given token", {}, false],
  ["a given token and hideToken", { hideToken: true }, false],
  ["a given token and showToken", { showToken: true }, true],
  [
    "showToken and a login function",
    { showToken: true, login: () => true },
    false,
  ],
];

for (const [what, options, isShown] of STARTUPS) {
  Deno.test(`a logger gets ${isShown ? "the" : "no"} token of a server with ${what}`, async () => {
    const logger = new LogRecorder();
    await using server = serve("secret", { ...LOOPBACK, logger, ...options });
    const rest = isShown ? " with token secret" : "";
    assert.deepEqual(logger.lines, [
      `info startup: starting server on 127.0.0.1:${server.addr.port}${rest}`,
    ]);
  });
}

Deno.test("a logger gets a generated token only with showToken", async () => {
  for (const showToken of [false, true]) {
    const logger = new LogRecorder();
    await using server = serve({ ...LOOPBACK, logger, showToken });
    assert.equal(
      logger.lines[0]!.endsWith(` with token ${server.token}`),
      showToken,
    );
  }
});

Deno.test("logLevel omits lines of lower levels", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger, logLevel: "warn" });
  await using connection = await connectTo(server);
  await connection.message("nobody listens");
  assert.deepEqual(logger.lines.map((line) => line.split(":")[0]), [
    "warn message",
  ]);
});

Deno.test("no line contains a token, and only debug lines contain payloads", async () => {
  const token = 'a-long-"secret"';
  for (const logLevel of ["info", "debug"] as const) {
    const logger = new LogRecorder();
    {
      await using server = serve(token, { ...LOOPBACK, logger, logLevel });
      server.receive("x", ({ data }) => {
        throw new Error(`it was ${data.text}`);
      });
      server.operation(token, () => Promise.reject(new Error(token)));
      await using client = await RawClient.open(server);
      client.send({ id: 0, token, version: "1.0.0" });
      await client.next();
      client.send(message(1, "x", { text: token, token: "other-secret" }));
      client.send(message(2, token, { payload: true }));
      client.send(operation(3, token, { payload: true }));
      client.send(operation(4, encodeURIComponent(token)));
      client.send({ id: 5, token: "other-secret", version: token });
      await server.broadcast(token, { [token]: token });
      while ((await client.next()).id !== 5);
      client.close(4_000, token);
      await client.closed;
    }
    const forms = /secret/;
    for (const line of logger.lines) assert.doesNotMatch(line, forms);
    const payloads = logger.lines.filter((line) => line.includes("payload"));
    assert.equal(payloads.length > 0, logLevel === "debug");
    await logger.line(/disconnect: .*\(4000, \[redacted\]\)$/);
  }
});

Deno.test("the log replaces a token in the name of a room", async () => {
  const token = "secret-of-the-server";
  const logger = new LogRecorder();
  {
    await using server = serve(token, { ...LOOPBACK, logger });
    server.defineRoom("{name}", {
      authorize: () => true,
      presence: () => {
        throw new Error("failed");
      },
      publish: () => {
        throw new Error("failed");
      },
    });
    using peer = await RoomPeer.open(server, { token });
    await peer.ask("members", { room: token });
    await peer.join(token);
    const message = { room: token, message: "a", data: {}, key: "1" };
    await peer.ask("publish", message);
  }
  const lines = logger.lines.filter((line) => line.includes("room"));
  assert.equal(lines.length, 3);
  for (const line of lines) assert.match(line, /"\[redacted\]"/);
  for (const line of logger.lines) assert.doesNotMatch(line, /secret/);
});

Deno.test("the log replaces a token in the origin of a rejected upgrade", async () => {
  const logger = new LogRecorder();
  await using server = serve("secret-of-the-server", { ...LOOPBACK, logger });
  const origin = `Origin: https://${server.token}.example.org`;
  await requestUpgrade(server, [origin]);
  await logger.line(/reject: .*"https:\/\/\[redacted\]\.example\.org"/);
});

Deno.test("debug lines are truncated and escaped", async () => {
  const logger = new LogRecorder();
  const limits = { maxPayload: Infinity };
  await using server = serveQuietly({ logger, logLevel: "debug", limits });
  await using client = await RawClient.logIn(server);
  client.send(message(1, "x".repeat(1e6)));
  await client.next();
  await client.next();
  // Long enough to overflow the stack of a naive regular expression.
  client.send(`{"token":"${"\\\\".repeat(8e6)}"}`);
  await client.next();
  client.send("no JSON\nlogin: forged\u001b[2J");
  await client.closed;
  const lines = logger.lines.filter((line) => !line.startsWith("error"));
  for (const line of lines) {
    assert(line.length < 1_200, line.slice(0, 100));
    // deno-lint-ignore no-control-regex -- that is the point
    assert.doesNotMatch(line, /[\n\u001b]/);
  }
  await logger.line(/receive: .*no JSON\\u\{a\}login: forged\\u\{1b\}\[2J$/);
});

Deno.test("a debug line hides a token that is cut within an escape", () => {
  const start = '{"token":"';
  const token = "secret".repeat(300);
  for (const length of [998, 999, 1_000, 1_001, 1_002, 1_003, 1_004]) {
    const cut = token.slice(0, length - start.length);
    const shown = showFrame(`${start}${cut}\\\\"}`, {
      longest: 0,
      redact: (text) => text,
    });
    assert(!shown.includes("secret"), shown);
  }
});
