/** Levels, redaction, and what happens if a logger fails. */

import assert from "node:assert/strict";
import { LOG_LEVELS, type Logger } from "../../common/logger.ts";
import { debug } from "../../common/debug.ts";
import { Log } from "../../server/log.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { ALL_LINES, makeLog, SECRET, writeAll } from "../support/logs.ts";

for (const [index, level] of LOG_LEVELS.entries()) {
  Deno.test(`a Log of level ${level} writes this level and the levels above`, () => {
    const { log, recorder } = makeLog(level);
    writeAll(log);
    assert.deepEqual(recorder.lines, ALL_LINES.slice(index));
  });
}

Deno.test("Log.debug() does not build a line that is not logged", () => {
  const { log } = makeLog("info");
  log.debug("key", () => assert.fail("the line was built"));
});

Deno.test("Log.exception() logs the stack of an error", () => {
  const { log, recorder } = makeLog("error");
  log.exception("it failed", new RangeError("too far"));
  assert.equal(recorder.lines.length, 1);
  assert.match(
    recorder.lines[0]!,
    /^error error: it failed\nRangeError: too far\n {4}at .*log_test\.ts/,
  );
});

Deno.test("Log.exception() logs the cause of an error", () => {
  const { log, recorder } = makeLog();
  log.exception("it failed", new Error("a", { cause: new Error("b") }));
  assert.match(recorder.lines[0]!, /Error: a\n[^]*Error: b\n/);
});

Deno.test("Log.exception() logs a thrown value that is not an error", () => {
  const { log, recorder } = makeLog();
  for (const thrown of ["text", undefined, null, 1n]) {
    log.exception("it", thrown);
  }
  assert.deepEqual(recorder.lines, [
    'error error: it\n"text"',
    "error error: it\nundefined",
    "error error: it\nnull",
    "error error: it\n1n",
  ]);
});

Deno.test("Log.exception() logs an error that cannot be inspected", () => {
  const { log, recorder } = makeLog();
  log.exception("it failed", hostileError());
  assert.deepEqual(recorder.lines, [
    "error error: it failed\nan error that cannot be formatted",
  ]);
});

function hostileError(): object {
  return {
    [Symbol.for("Deno.customInspect")]() {
      throw new Error("not inspectable");
    },
  };
}

Deno.test("Log.redact() replaces the token everywhere", () => {
  const { log } = makeLog();
  assert.equal(
    log.redact(`${SECRET} and "${SECRET}", a${SECRET}b`),
    '[redacted] and "[redacted]", a[redacted]b',
  );
});

Deno.test("Log.redact() replaces other secrets", () => {
  const { log } = makeLog();
  assert.equal(
    log.redact(`one, two, three, ${SECRET}`, "one", "three"),
    "[redacted], two, [redacted], [redacted]",
  );
});

Deno.test("Log.redact() replaces a whole secret that starts with the token", () => {
  const { log } = makeLog();
  const longer = `${SECRET}-of-production`;
  assert.equal(log.redact(`it was ${longer}`, longer), "it was [redacted]");
});

Deno.test("Log.redact() does not replace parts of a replacement", () => {
  const { log } = makeLog();
  assert.equal(log.redact(`it was ${SECRET}`, "red"), "it was [redacted]");
});

Deno.test("Log.redact() does not read a secret as a pattern", () => {
  const { log } = makeLog();
  const secret = "a.c^$\\*+?()[]{}|/-";
  assert.equal(log.redact(`abc ${secret}`, "a.c", secret), "abc [redacted]");
  assert.equal(log.redact("a|b", "a|b"), "[redacted]");
});

Deno.test("Log.redact() ignores an empty secret", () => {
  const log = new Log({
    logger: new LogRecorder(),
    logLevel: "info",
    secrets: [""],
  });
  assert.equal(log.redact("text", ""), "text");
});

Deno.test("Log.exception() redacts the token in the stack and the causes", () => {
  const { log, recorder } = makeLog();
  const cause = Object.assign(new Error("cause"), { token: SECRET });
  log.exception("it failed", new Error(`not ${SECRET}`, { cause }));
  assert.match(recorder.lines[0]!, /Error: not \[redacted\]\n/);
  assert.match(recorder.lines[0]!, /token: "\[redacted\]"/);
  assert.doesNotMatch(recorder.lines[0]!, new RegExp(SECRET));
});

Deno.test("Log.exception() redacts other secrets in the stack", () => {
  const { log, recorder } = makeLog();
  log.exception(
    "it failed",
    new Error("not pass-1 or pass-2"),
    "pass-1",
    "pass-2",
  );
  assert.match(recorder.lines[0]!, /Error: not \[redacted\] or \[redacted\]\n/);
});

Deno.test("a logger that throws does not affect the caller", () => {
  const fail = () => {
    throw new Error("the disk is full");
  };
  const logger = { debug: fail, info: fail, warn: fail, error: fail };
  const log = new Log({ logger, logLevel: "debug", secrets: [SECRET] });
  using _debugging = debug({ http: true });
  writeAll(log);
  log.exception("it failed", new Error("text"));
  log.http(() => "text");
});

Deno.test("a logger without one of the methods does not affect the caller", () => {
  const lines: string[] = [];
  const logger = { info: (line: string) => lines.push(line) };
  const log = new Log({
    logger: logger as unknown as Logger,
    logLevel: "debug",
    secrets: [SECRET],
  });
  writeAll(log);
  assert.deepEqual(lines, ["key: text"]);
});

Deno.test("the methods of a logger are called with `this`", () => {
  const calls: unknown[][] = [];
  const logger = {
    debug(...args: unknown[]) {
      calls.push(["debug", this === logger, ...args]);
    },
    info(...args: unknown[]) {
      calls.push(["info", this === logger, ...args]);
    },
    warn(...args: unknown[]) {
      calls.push(["warn", this === logger, ...args]);
    },
    error(...args: unknown[]) {
      calls.push(["error", this === logger, ...args]);
    },
  };
  writeAll(new Log({ logger, logLevel: "debug", secrets: [SECRET] }));
  assert.deepEqual(
    calls,
    LOG_LEVELS.map((level) => [level, true, "key: text"]),
  );
});
