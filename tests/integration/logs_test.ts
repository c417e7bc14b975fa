import assert from "node:assert/strict";
import { showFrame } from "../../common/text.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { message, operation, RawClient } from "../support/raw_client.ts";
import { connectTo, serveQuietly } from "../support/server.ts";

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
    "info startup: starting server on HOST with token test",
    "info connect: HOST connected",
    "info login: HOST logged in",
    "info disconnect: HOST disconnected: closed by the client",
    "info shutdown: closing server",
    "info shutdown: server closed",
  ]);
});

Deno.test("hideToken omits the token from the startup line", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger, hideToken: true });
  const { port } = server.addr;
  assert.deepEqual(logger.lines, [
    `info startup: starting server on 127.0.0.1:${port}`,
  ]);
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

Deno.test("only the startup line contains a token, and only debug lines contain payloads", async () => {
  for (const logLevel of ["info", "debug"] as const) {
    const logger = new LogRecorder();
    {
      await using server = serveQuietly({
        logger,
        logLevel,
        login: () => true,
      });
      server.receive("x", ({ data }) => {
        throw new Error(String(data.text));
      });
      server.operation("test", () => Promise.reject(new Error("test")));
      await using client = await RawClient.open(server);
      client.send({ id: 0, token: 'se\\sa"me', version: "1.0.0" });
      await client.next();
      client.send(message(1, "x", { text: "payload", token: "sesame" }));
      client.send(operation(2, "test", { payload: true }));
      client.send({ id: 3, token: "sesame", version: "test" });
      await server.broadcast("test", { test: "test" });
      while ((await client.next()).id !== 3);
    }
    const [first = "", ...lines] = logger.lines.filter((line) =>
      !line.includes(" failed\n")
    );
    assert.match(first, /^info startup: starting server on [\d.:]+$/);
    for (const line of lines) assert.doesNotMatch(line, /test|sesame|se\\/);
    const payloads = lines.filter((line) => line.includes("payload"));
    assert.equal(payloads.length > 0, logLevel === "debug");
  }
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
  await logger.line(/receive: .*no JSON%0Alogin: forged%1B\[2J$/);
});

Deno.test("the startup line of a server with a login function shows no token", async () => {
  const logger = new LogRecorder();
  await using _server = serveQuietly({ logger, login: () => true });
  assert.doesNotMatch(logger.lines[0] ?? "", /token/);
});

Deno.test("a debug line hides a token that is cut within an escape", () => {
  const start = '{"token":"';
  const token = "secret".repeat(300);
  for (const length of [998, 999, 1_000, 1_001, 1_002, 1_003, 1_004]) {
    const cut = token.slice(0, length - start.length);
    const shown = showFrame(`${start}${cut}\\\\"}`, 4, (text) => text);
    assert(!shown.includes("secret"), shown);
  }
});
