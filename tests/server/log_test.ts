/** Levels, redaction, and what happens if a logger fails. */

import assert from "node:assert/strict";
import {
  LINE_LEVELS,
  LOG_FORMATS,
  LOG_LEVELS,
  type Logger,
} from "../../common/log_format.ts";
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

Deno.test("Log.exception() logs the stack of an error, and indents it", () => {
  const { log, recorder } = makeLog("error");
  log.exception("it failed", new RangeError("too far"));
  assert.equal(recorder.lines.length, 1);
  assert.match(
    recorder.lines[0]!,
    /^error error: it failed\n {2}RangeError: too far\n {6}at .*log_test\.ts/,
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
    'error error: it\n  "text"',
    "error error: it\n  undefined",
    "error error: it\n  null",
    "error error: it\n  1n",
  ]);
});

Deno.test("Log.exception() logs an error that cannot be inspected", () => {
  const { log, recorder } = makeLog();
  log.exception("it failed", hostileError());
  assert.deepEqual(recorder.lines, [
    "error error: it failed\n  an error that cannot be formatted",
  ]);
});

function hostileError(): object {
  return {
    [Symbol.for("Deno.customInspect")]() {
      throw new Error("not inspectable");
    },
  };
}

Deno.test("a line whose details cannot be shown is logged with its event", () => {
  const { log, recorder } = makeLog("debug");
  log.debug("receive", () => {
    throw new Error("no");
  });
  assert.deepEqual(recorder.lines, [
    "debug receive: an event whose details cannot be shown",
  ]);
});

Deno.test("no string makes a second line, or a line that begins at column 0", () => {
  const { log, recorder } = makeLog("debug");
  using _debugging = debug({ http: true });
  const forged = "x\nstartup: \r\u001b[31m\u202e\u2028\u0085";
  log.debug("receive", () => forged);
  log.info("login", forged);
  log.warn("reject", forged);
  log.error("error", forged);
  log.http(() => forged);
  log.exception(forged, new Error(forged));
  log.loginException(forged, new Error(forged), "a token");
  const escaped = "x\\u{a}startup: \\u{d}\\u{1b}[31m\\u{202e}\\u{2028}\\u{85}";
  for (const line of recorder.lines) {
    const [first = "", ...others] = line.split("\n");
    assert(first.endsWith(`: ${escaped}`), first);
    for (const other of others) assert.match(other, /^ {2}/);
    // deno-lint-ignore no-control-regex -- that is the point
    assert.doesNotMatch(line, /[\r\u001b\u202e\u2028\u0085]/);
  }
  assert.equal(recorder.lines.length, 7);
});

for (const logFormat of LOG_FORMATS) {
  for (const character of ["e", "\n", "\x07", "\u202e"]) {
    Deno.test(`a line of ${JSON.stringify(character)} as ${logFormat} has a limited length`, () => {
      const recorder = new LogRecorder();
      const log = new Log({ logger: recorder, logLevel: "info", logFormat });
      log.warn("reject", character.repeat(1e6));
      log.exception("it failed", new Error(character.repeat(1e6)));
      assert.equal(recorder.lines.length, 2);
      for (const line of recorder.lines) assert(line.length < 41_000);
    });
  }
}

Deno.test("Log.redact() replaces the token, and keeps the start of a long string", () => {
  const { log } = makeLog();
  assert.equal(
    log.redact(`${SECRET} in "${SECRET}"`),
    '[redacted] in "[redacted]"',
  );
  const shown = log.redact(`${"x".repeat(980)}${SECRET}${"y".repeat(1e6)}`);
  assert.match(shown, /^x{980}\[redacted\]y{0,10}$/);
});

Deno.test("Log.exception() redacts the token in the message and the causes", () => {
  const { log, recorder } = makeLog();
  const cause = Object.assign(new Error("cause"), { token: SECRET });
  log.exception("it failed", new Error(`not ${SECRET}`, { cause }));
  assert.match(recorder.lines[0]!, /Error: not \[redacted\]\n/);
  assert.match(recorder.lines[0]!, /token: "\[redacted\]"/);
  assert.doesNotMatch(recorder.lines[0]!, new RegExp(SECRET));
});

Deno.test("Log.loginException() shows no token, neither a long one nor a short one", () => {
  for (const token of ["t", "test", "a long token that a client guesses"]) {
    const { log, recorder } = makeLog();
    log.loginException(
      "login failed",
      new Error(`unknown token ${token}`),
      token,
    );
    const [line = ""] = recorder.lines;
    assert.match(line, /^error error: login failed\n/);
    assert.doesNotMatch(line, /unknown token [at]/);
    assert.match(line, /\n {6}at file:.*\/tests\/server\/log_test\.ts/);
  }
});

Deno.test("a logger that throws does not affect the caller", () => {
  const fail = () => {
    throw new Error("the disk is full");
  };
  const logger = { debug: fail, info: fail, warn: fail, error: fail };
  const log = new Log({ logger, logLevel: "debug" });
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
  writeAll(new Log({ logger, logLevel: "debug" }));
  assert.deepEqual(
    calls,
    LINE_LEVELS.map((level) => [level, true, "key: text"]),
  );
});
