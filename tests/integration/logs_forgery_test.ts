/** Strings from outside that try to forge log lines, on every path into the log. */

import assert from "node:assert/strict";
import { z } from "zod";
import { debug, serve, type ServeOptions, type Server } from "../../server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { message, operation, RawClient } from "../support/raw_client.ts";
import { stream } from "../support/stream_frames.ts";
import { requestUpgrade, TcpPeer } from "../support/tcp_peer.ts";

/** Begins a line, colors it, reverses its text, and uses each kind of line break. */
const FORGED =
  "x\n\u001b[31mstartup: forged\r\u009b2J\u202e\u061c\u2028\u2029\u0085\u0007";

const CONTROL =
  // deno-lint-ignore no-control-regex -- that is the point
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e]/;

/** Checks that no string from outside begins a line or reaches a terminal as it is. */
function assertGenuine(lines: readonly string[]): void {
  for (const line of lines) {
    assert.doesNotMatch(line, CONTROL);
    const [first = "", ...others] = line.split("\n");
    assert.match(first, /^\w+ (?:\(\w+\) )?\w+: /);
    for (const other of others) assert.match(other, /^ {2}/);
  }
}

/** Starts a server whose handlers use what clients send. */
function serveHostile(
  logger: LogRecorder,
  options: ServeOptions = {},
): Server {
  const loopback = { hostname: "127.0.0.1", port: 0 };
  const server = serve("test", {
    ...loopback,
    logger,
    logLevel: "debug",
    ...options,
  } as ServeOptions) as unknown as Server;
  server.receive("fail", ({ data }) => {
    throw new Error(String(data.text));
  });
  server.operation("fail", ({ text }) => {
    throw Object.assign(new Error(String(text), { cause: String(text) }), {
      name: text,
      [String(text)]: text,
    });
  });
  server.operation("throw", ({ text }) => Promise.reject(String(text)));
  server.operation("stack", ({ text }) => {
    throw Object.assign(new Error("no"), { stack: text });
  });
  server.operation("items", async function* ({ text }) {
    yield 1;
    throw new AggregateError([new Error(String(text))], String(text));
  });
  const input = z.record(z.string(), z.number());
  server.operation("check", { input }, () => {});
  server.operation("result", { input: z.any(), output: input }, (data) => data);
  return server;
}

Deno.test("a client cannot forge a line with names, data, errors and close reasons", async () => {
  const logger = new LogRecorder();
  using _debugging = debug({ http: true, trace: true });
  {
    await using server = serveHostile(logger);
    await server.broadcast(FORGED, { [FORGED]: FORGED });
    await using client = await RawClient.logIn(server, ["stream", "done-id"]);
    const data = { text: FORGED, [FORGED]: FORGED };
    client.send(message(1, FORGED, data));
    client.send(message(2, "fail", data));
    const names = [
      "fail",
      "throw",
      "stack",
      "items",
      "check",
      "result",
      FORGED,
    ];
    for (const name of names) client.send(operation(3, name, data));
    client.send(stream(4, "items", data));
    client.send(
      message(5, "a", data, { message: FORGED, data, id: 1, replying: null }),
    );
    client.send({ id: 6, [FORGED]: FORGED });
    client.send({ action: FORGED, id: 7, data: FORGED });
    await client.take(10);
    [...server.clients][0]?.message(FORGED, data);
    client.close(4_000, FORGED);
    await client.closed;
    await logger.line(/disconnect: /);
  }
  assertGenuine(logger.lines);
  assert(logger.lines.filter((line) => line.includes("forged")).length > 15);
});

Deno.test("a client cannot forge a line with its login", async () => {
  const logger = new LogRecorder();
  {
    await using server = serveHostile(logger, {
      minimumVersion: "1.0.0",
      login: (_server, token) => {
        if (token === "good") return { name: FORGED };
        throw new Error(`no ${token}`);
      },
    });
    for (const token of [FORGED, "\n", "good"]) {
      for (const version of ["1.0.0", FORGED]) {
        await using client = await RawClient.open(server);
        client.send({ id: 0, token, version, features: [FORGED] });
        await client.next();
      }
    }
    await logger.line(/login: .*forged.* logged in$/);
  }
  assertGenuine(logger.lines);
  assert(logger.lines.some((line) => /^warn login: .* rejected/.test(line)));
});

Deno.test("the name of a token cannot forge a line", async () => {
  const logger = new LogRecorder();
  const tokens = [{ name: FORGED, token: "a long secret" }];
  await using server = serveHostile(logger, { tokens });
  await server.revoke(FORGED);
  assertGenuine(logger.lines);
  await logger.line(/^info revoke: .*forged/);
});

Deno.test("a client cannot forge a line with headers and paths", async () => {
  const logger = new LogRecorder();
  using _debugging = debug({ http: true });
  await using server = serveHostile(logger, { trustProxy: true });
  const hostile = "\u009b31m\u0085startup: forged";
  for (
    const header of [
      `Origin: https://${hostile}`,
      `X-Forwarded-For: ${hostile}`,
      `Sec-WebSocket-Protocol: ${hostile}`,
      `Sec-WebSocket-Version: ${hostile}`,
    ]
  ) {
    await requestUpgrade(server, [header]);
  }
  for (
    const path of [`/${hostile}`, "/%0Astartup:%1B", `/${"p".repeat(5_000)}`]
  ) {
    const standard = [`Host: ${hostile}`];
    using _peer = await TcpPeer.open(server, [], { path, standard });
  }
  assertGenuine(logger.lines);
  assert(logger.lines.every((line) => line.length < 1_500));
});

Deno.test("a token of a stranger cannot keep a line from being written", async () => {
  const logger = new LogRecorder();
  await using server = serveHostile(logger, {
    logLevel: "info",
    limits: { maxLoginPayload: 100_000, maxPayload: 100_000 },
    login: (_server, token) => {
      throw new Error(`no token begins with ${token.slice(0, 20)}`);
    },
  });
  const tokens = [
    "a".repeat(60_000),
    "(".repeat(60_000),
    "\ud800".repeat(9_000),
    "",
  ];
  for (const token of tokens) {
    const { length } = logger.lines;
    await using client = await RawClient.open(server);
    client.send({ id: 0, token, version: "1.0.0" });
    await client.closed;
    const lines = logger.lines.slice(length).join("\n");
    assert.match(lines, /^error error: .*: the login function failed$/m);
    assert.match(lines, /^warn login: .* rejected/m);
  }
});

for (const logLevel of ["warn", "error"] as const) {
  Deno.test(`no mistake of a client and no refused login is an error at the level ${logLevel}`, async () => {
    const logger = new LogRecorder();
    await using server = serveHostile(logger, { logLevel });
    await using stranger = await RawClient.open(server);
    stranger.send({ id: 0, token: "wrong", version: "1.0.0" });
    await stranger.closed;
    await using client = await RawClient.logIn(server);
    client.send(message(1, "nobody"));
    client.send(operation(2, "nobody"));
    client.send(operation(3, "check", { text: "no" }));
    client.send("no JSON");
    await client.closed;
    await requestUpgrade(server, ["Origin: https://example.org"]);
    const starts = logger.lines.map((line) => line.split(":")[0]);
    const events = ["login", "message", "reject", "reject", "reject", "reject"];
    const expected = logLevel === "error"
      ? []
      : events.map((event) => `warn ${event}`);
    assert.deepEqual(starts, expected);
  });
}
