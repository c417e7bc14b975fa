/** The log lines about clients that have not logged in. */

import assert from "node:assert/strict";
import { ConnectionLines, ConnectionLog } from "../../server/connection_log.ts";
import { Log } from "../../server/log.ts";
import { Clock } from "../support/clock.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { requestUpgrade, TcpPeer } from "../support/tcp_peer.ts";
import { peerAt } from "../support/server_context.ts";

const MANY = 1_500;

/** The lines that are logged at once. */
const MAX = 1_000;

/** Creates the logs of many clients of one server. */
function makeLogs() {
  const logger = new LogRecorder();
  const log = new Log({ logger, logLevel: "info" });
  const strangers = new ConnectionLines();
  const open = () => new ConnectionLog(log, peerAt("192.0.2.1:1"), strangers);
  const count = (event: string) =>
    logger.lines.filter((line) => line.includes(` ${event}: `)).length;
  return { open, count, logger };
}

Deno.test("the lines about strangers are limited", () => {
  using clock = new Clock();
  const { open, count, logger } = makeLogs();
  for (let client = 0; client < MANY; client++) {
    const log = open();
    log.connected();
    log.warn("login", "login rejected: the token is wrong");
    log.disconnected("closed by the client");
  }
  const counts = ["connect", "login", "disconnect"].map(count);
  assert.deepEqual(counts, [MAX, MAX, MAX]);
  clock.pass(1_000);
  open().connected();
  assert.equal(
    logger.lines.at(-1),
    "info connect: 192.0.2.1:1 connected (500 earlier lines were omitted)",
  );
});

Deno.test("a disconnect is logged if and only if the connect was, without a login", () => {
  using _clock = new Clock();
  const { open, count } = makeLogs();
  const logs = Array.from({ length: MANY }, open);
  for (const log of logs) log.connected();
  for (const log of logs.reverse()) log.disconnected("connection lost");
  assert.deepEqual([count("connect"), count("disconnect")], [MAX, MAX]);
});

Deno.test("all connects and disconnects of clients that log in are logged, but not all of their mistakes", () => {
  using _clock = new Clock();
  const { open, count } = makeLogs();
  for (let client = 0; client < MANY; client++) {
    const log = open();
    log.connected();
    log.identify({ name: "Ada" });
    log.warn("reject", "too many requests");
    log.disconnected("closed by the client");
  }
  const counts = ["connect", "reject", "disconnect"].map(count);
  // They come from one network, so they can be one client.
  assert.deepEqual(counts, [MANY, MAX, MANY]);
});

Deno.test("a login while strangers fill their limit is logged, and so is its end", () => {
  using _clock = new Clock();
  const { open, count, logger } = makeLogs();
  for (let client = 0; client < MANY; client++) open().connected();
  const log = open();
  log.connected();
  log.identify({ name: "Ada" });
  log.disconnected("closed by the client");
  assert.equal(count("disconnect"), 1);
  assert.match(logger.lines.at(-1) ?? "", /Ada .* disconnected: closed by/);
});

Deno.test("a server limits the lines about clients that never log in", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger });
  for (let client = 0; client < MAX + 100; client++) {
    const { status } = await requestUpgrade(server);
    assert.equal(status, 101);
  }
  await using _connection = await connectTo(server);
  const lines = logger.lines.filter((line) => / connect: /.test(line));
  assert(lines.length < MAX + 100, `${lines.length} lines`);
  assert(logger.lines.some((line) => / login: .* logged in$/.test(line)));
});

Deno.test("a server limits the lines about exceptions of login", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({
    logger,
    limits: { maxLoginFailures: Infinity },
    login: () => {
      throw new Error("no database");
    },
  });
  for (let client = 0; client < 150; client++) {
    using _peer = await TcpPeer.logIn(server);
  }
  const { length } = logger.lines.filter((line) => /no database/.test(line));
  assert(length >= 100 && length < 150, `${length} lines`);
});
