import assert from "node:assert/strict";
import { ConnectionLines, ConnectionLog } from "../../server/connection_log.ts";
import { ErrorCode } from "../../common/errors.ts";
import { Log } from "../../server/log.ts";
import { OutputError } from "../../server/output_error.ts";
import { RequestError } from "../../protocol/request_error.ts";
import { Clock } from "../support/clock.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { peerAt } from "../support/server_context.ts";

const MAX_BUFFERED = 4_096;

const MISSES =
  "warn slow: 192.0.2.1:1: the client reads too slowly and misses messages that do not fit into 4096 bytes. To allow more, raise 'limits.maxBuffered'.";

/** Creates the log of a client that has logged in. */
function loggedIn(log: Log, address = "192.0.2.1:1"): ConnectionLog {
  const clientLog = new ConnectionLog(
    log,
    peerAt(address),
    new ConnectionLines(),
  );
  clientLog.identify(undefined);
  return clientLog;
}

/** Returns the line for a client that reads again. */
function reads(total: number): string {
  return `warn slow: 192.0.2.1:1: the client reads again; it missed ${total} ${
    total === 1 ? "message" : "messages"
  }`;
}

/** Returns the log lines after a client has missed these numbers of messages. */
function linesFor(...counts: readonly number[]): string[] {
  const logger = new LogRecorder();
  const log = new Log({ logger, logLevel: "info" });
  const clientLog = loggedIn(log);
  for (const count of counts) clientLog.missed(count, MAX_BUFFERED);
  return logger.lines;
}

for (
  const [counts, lines] of [
    [[], []],
    [[0], []],
    [[0, 0, 0], []],
    [[1], [MISSES]],
    [[5], [MISSES]],
    [[1, 1, 3], [MISSES]],
    [[2, 0], [MISSES, reads(2)]],
    [[0, 2, 3, 1, 0, 0], [MISSES, reads(6)]],
    [[1, 0, 2, 2, 0], [MISSES, reads(1), MISSES, reads(4)]],
    [[1, 0, 0, 1], [MISSES, reads(1), MISSES]],
  ] as const
) {
  Deno.test(`missed() logs ${lines.length} lines for ${counts.join(", ") || "nothing"}`, () => {
    assert.deepEqual(linesFor(...counts), lines);
  });
}

Deno.test("missed() logs the name of the client and the limit", () => {
  const logger = new LogRecorder();
  const log = new Log({ logger, logLevel: "info" });
  const clientLog = loggedIn(log);
  clientLog.identify({ name: "Ada" });
  clientLog.missed(1, 1_024);
  clientLog.missed(0, 1_024);
  assert.deepEqual(logger.lines, [
    "warn slow: Ada (192.0.2.1:1): the client reads too slowly and misses messages that do not fit into 1024 bytes. To allow more, raise 'limits.maxBuffered'.",
    "warn slow: Ada (192.0.2.1:1): the client reads again; it missed 1 message",
  ]);
});

Deno.test("missed() counts the messages of each client", () => {
  const logger = new LogRecorder();
  const log = new Log({ logger, logLevel: "info" });
  const [one, two] = ["192.0.2.1:1", "192.0.2.1:2"].map((address) =>
    loggedIn(log, address)
  );
  one!.missed(3, MAX_BUFFERED);
  two!.missed(0, MAX_BUFFERED);
  one!.missed(0, MAX_BUFFERED);
  assert.deepEqual(logger.lines, [MISSES, reads(3)]);
});

Deno.test("missed() cannot fill the log", () => {
  const counts = Array.from({ length: 1_000 }, (_, n) => n % 2);
  const start = performance.now();
  const lines = linesFor(...counts);
  // Twenty at once, and one for each second that it takes.
  const most = 20 + (performance.now() - start) / 1_000;
  assert(lines.length >= 20 && lines.length <= most, `${lines.length} lines`);
});

Deno.test("missed() ignores errors of the logger", () => {
  const fail = () => {
    throw new Error("no");
  };
  const logger = { debug: fail, info: fail, warn: fail, error: fail };
  const log = new Log({ logger, logLevel: "info" });
  const clientLog = loggedIn(log);
  for (const count of [1, 0]) clientLog.missed(count, MAX_BUFFERED);
});

const SECRETS = ["open-sesame-now"];

/** Returns the log lines about a rejected request. */
function linesAbout(
  reason: RequestError | OutputError,
  logLevel: "info" | "debug",
) {
  const logger = new LogRecorder();
  const log = new Log({ logger, logLevel, secrets: () => SECRETS });
  loggedIn(log).rejected('operation "add"', reason);
  return logger.lines;
}

Deno.test("rejected() logs a warning with the note of a RequestError", () => {
  const details = { note: "does not fit at open-sesame-now" };
  const reason = new RequestError(
    ErrorCode.INVALID_CONTENT,
    "was 4711",
    details,
  );
  for (const level of ["info", "debug"] as const) {
    assert.deepEqual(linesAbout(reason, level), [
      'warn reject: 192.0.2.1:1: operation "add": does not fit at [redacted]',
    ]);
  }
});

Deno.test("rejected() logs an error for an OutputError, and details at the level debug", () => {
  const issues = [{ path: ["a", 1], message: "was 4711" }];
  const reason = new OutputError(
    "Cannot answer open-sesame-now",
    "the result",
    issues,
    { a: [0, 4711] },
  );
  const line =
    'error error: 192.0.2.1:1: operation "add": the result does not match its schema at a[1]';
  const hint = '. The log level "debug" shows why.';
  assert.deepEqual(linesAbout(reason, "info"), [`${line}${hint}`]);
  assert.deepEqual(linesAbout(reason, "debug"), [
    line,
    "debug error: 192.0.2.1:1: Cannot answer [redacted]: the result does not match its schema: a[1]: was 4711",
  ]);
});

Deno.test("rejected() cannot fill the log", () => {
  const logger = new LogRecorder();
  const log = new Log({ logger, logLevel: "info" });
  const clientLog = loggedIn(log);
  const reason = new OutputError("Cannot answer", "the result", [], 1);
  for (let n = 0; n < 100; n++) clientLog.rejected("operation", reason);
  // A slow machine adds a line for each second.
  assert(logger.lines.length >= 20 && logger.lines.length < 100);
});

Deno.test("the mistakes of a client do not suppress a fault of the server", () => {
  const logger = new LogRecorder();
  const clientLog = loggedIn(new Log({ logger, logLevel: "info" }));
  for (let n = 0; n < 100; n++) clientLog.warn("reject", "no JSON");
  clientLog.exception("it failed", new Error("no"));
  assert.match(logger.lines.at(-1) ?? "", /^error error: .*: it failed\n/);
});

for (const kind of ["mistakes", "faults"] as const) {
  Deno.test(`a client that connects again and again cannot fill the log: ${kind}`, () => {
    using clock = new Clock();
    const logger = new LogRecorder();
    const log = new Log({ logger, logLevel: "info" });
    const shared = new ConnectionLines();
    const open = (address: string, network: string) => {
      const clientLog = new ConnectionLog(log, { address, network }, shared);
      clientLog.identify(undefined);
      const write = (line: string) =>
        kind === "mistakes"
          ? clientLog.warn("reject", line)
          : clientLog.exception(line, new Error());
      for (let line = 0; line < 20; line++) write(`line ${line}`);
    };
    for (let port = 1; port <= 60; port++) {
      open(`192.0.2.1:${port}`, "192.0.2.1");
    }
    assert.equal(logger.lines.length, 1_000);
    open("192.0.2.2:1", "192.0.2.2");
    assert.equal(logger.lines.length, 1_020);
    clock.pass(1_000);
    open("192.0.2.1:61", "192.0.2.1");
    assert.equal(logger.lines.length, 1_030);
    assert.match(logger.lines.at(-10) ?? "", /200 earlier lines were omitted/);
  });
}

Deno.test("a line that the limit of the network omits does not lose the count of those before it", () => {
  using clock = new Clock();
  const logger = new LogRecorder();
  const log = new Log({ logger, logLevel: "info" });
  const shared = new ConnectionLines();
  let lines = 0;
  const open = () => {
    const peer = { address: "192.0.2.1:1", network: "192.0.2.1" };
    const clientLog = new ConnectionLog(log, peer, shared);
    clientLog.identify(undefined);
    return (count: number) => {
      lines += count;
      while (count-- > 0) clientLog.warn("reject", "no JSON");
    };
  };
  const write = open();
  write(25);
  for (let client = 0; client < 49; client++) open()(20);
  clock.pass(1_000);
  open()(10);
  // The client can write a line again, but not its network.
  write(1);
  clock.pass(1_000);
  open()(1);
  const omitted = lines - logger.lines.length;
  assert.equal(omitted, 6);
  const last = logger.lines.at(-1) ?? "";
  assert.match(last, /\(6 earlier lines were omitted\)$/);
});
