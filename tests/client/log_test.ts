/** Tests of `client/log.ts`. */

import assert from "node:assert/strict";
import { formatError } from "../../client/log.ts";
import { debug } from "../../common/debug.ts";
import { CYCLE, DEEP, HOSTILE, REVOKED } from "../support/attacks.ts";
import { clientLog } from "../support/client_log.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { pause } from "../support/timing.ts";

Deno.test("runs a callback to its end and logs its error", async () => {
  const logger = new LogRecorder();
  const log = clientLog(logger);
  await log.run(() => "fine");
  await log.run(() => Promise.resolve("fine"));
  assert.deepEqual(logger.lines, []);
  await log.run(() => {
    throw new Error("thrown");
  });
  await log.run(() => Promise.reject(new Error("rejected")));
  assert.equal(logger.lines.length, 2);
  for (const [index, what] of ["thrown", "rejected"].entries()) {
    const line = new RegExp(
      `^error error: http://h:1: a listener failed\n  Error: ${what}\n`,
    );
    assert.match(logger.lines[index]!, line);
  }
});

Deno.test("starts a callback at once", () => {
  let ran = false;
  void clientLog().run(() => ran = true);
  assert(ran);
});

Deno.test("logs any thrown value", () => {
  const logger = new LogRecorder();
  const log = clientLog(logger);
  for (const thrown of [undefined, null, 1, "text", Object.create(null)]) {
    log.report(thrown);
  }
  const shown = logger.lines.map((line) => line.split("\n")[1]);
  assert.deepEqual(shown, [
    "  undefined",
    "  null",
    "  1",
    "  text",
    "  {}",
  ]);
});

Deno.test("logs the causes and the members of an error", () => {
  const logger = new LogRecorder();
  const cause = new AggregateError([new Error("member")], "inner");
  clientLog(logger).report(new Error("outer", { cause }));
  assert.match(
    logger.lines[0]!,
    /Error: outer\n[^]*Caused by: AggregateError: inner\n[^]*Error: member\n/,
  );
});

/** An error that cannot be read. */
const UNREADABLE = Object.defineProperty(new Error(), "message", {
  get: () => {
    throw new Error("secret of the application");
  },
});

for (
  const [what, thrown] of [
    ["a proxy that throws", HOSTILE],
    ["a revoked proxy", REVOKED],
    ["an error whose message throws", UNREADABLE],
  ] as const
) {
  // The dispatcher calls it where nothing could catch an error.
  Deno.test(`does not throw when it logs an invalid message because of ${what}`, () => {
    const logger = new LogRecorder();
    clientLog(logger).ignore(thrown);
    assert.equal(logger.lines.length, 1);
    assert.match(
      logger.lines[0]!,
      /^warn receive: http:\/\/h:1: ignored a message\n/,
    );
  });
}

Deno.test("ignores the error of a logger", async () => {
  const fail = () => {
    throw new Error("the disk is full");
  };
  for (
    const failing of [fail, () => Promise.reject(new Error("the disk is full"))]
  ) {
    const log = clientLog({ warn: failing, error: failing });
    log.warn("odd");
    log.report(new Error("no"));
    // An unhandled rejection would end the process.
    await pause(0);
  }
});

Deno.test("throttles the warnings and errors of one connection, and counts what it omits", () => {
  const logger = new LogRecorder();
  const log = clientLog(logger);
  for (let n = 0; n < 5_000; n++) {
    log.warn("ignored a frame that is not of Hoist 1");
    log.ignore(new Error("no"));
    log.report(new Error("no"));
  }
  // A slow machine adds a line for each second.
  assert(logger.lines.length >= 20 && logger.lines.length < 200);
});

Deno.test("does not format the errors that it omits", () => {
  const log = clientLog();
  for (let n = 0; n < 20; n++) log.warn("line");
  let reads = 0;
  const error = Object.defineProperty(new Error(), "stack", {
    get: () => reads++,
  });
  log.report(error);
  assert.equal(reads, 0);
});

Deno.test("no string of the server begins a line or moves the cursor of a terminal", () => {
  const logger = new LogRecorder();
  const log = clientLog(logger);
  const forged = "\nstartup: forged\r\x1b[2J\u202e\x9b";
  using _debugging = debug();
  log.ignore(new Error(forged));
  log.report(new Error(forged, { cause: forged }));
  log.unheard(forged);
  log.received(forged);
  log.sent(forged, false);
  assert.equal(logger.lines.length, 5);
  for (const line of logger.lines) {
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(line, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
    assert.doesNotMatch(line, /^startup/m);
  }
});

Deno.test("reports an event without a listener once for each name, for 100 names", () => {
  const logger = new LogRecorder();
  const log = clientLog(logger);
  for (let n = 0; n < 3; n++) log.unheard("news");
  assert.deepEqual(logger.lines, [
    'warn event: http://h:1: no listener received "news". Add one with receive().',
  ]);
  let count = 0;
  const counting = clientLog({ warn: () => count++, error: () => {} });
  for (let n = 0; n < 1_000; n++) counting.unheard(`${n}`);
  assert(count >= 20 && count < 100);
});

Deno.test("logs frames only after debug(), and without a token", () => {
  const logger = new LogRecorder();
  const log = clientLog(logger, "a long token");
  log.sent("{}", false);
  log.received("{}");
  assert.deepEqual(logger.lines, []);
  using _debugging = debug();
  log.sent('{"id":0,"token":"a long token"}', true);
  log.sent('{"text":"it is a long token","token":"other"}', false);
  log.received("x".repeat(5_000));
  assert.deepEqual(logger.lines.slice(0, 2), [
    "debug send: http://h:1 sent the login",
    'debug send: http://h:1 sent {"text":"it is [redacted]","token":"[redacted]"}',
  ]);
  assert(logger.lines.join().length < 1_300);
});

Deno.test("does not search for a short token in ordinary words", () => {
  const logger = new LogRecorder();
  using _debugging = debug();
  clientLog(logger, "test").received('"tests"');
  assert.deepEqual(logger.lines, [
    'debug receive: http://h:1 received "tests"',
  ]);
});

for (
  const [frame, expected] of [
    ['{"id":1,"action":"message","data":{}}', "message"],
    ['[{"id":1,"action":"operation","data":{}},{}]', "operation"],
    ['{"id":1,"action":"credit","data":{}}', "stream"],
    ['{"id":1,"action":"done","data":{}}', "receive"],
    ['{"id":null,"end":true}', "close"],
  ] as const
) {
  Deno.test(`debug({ trace: true }) shows that ${expected}() sent ${frame}`, () => {
    const logger = new LogRecorder();
    using _debugging = debug({ trace: true });
    clientLog(logger).sent(frame, false);
    assert(logger.lines[0]!.startsWith(`debug (${expected}) send: `));
  });
}

Deno.test("a logger without the method debug gets no debug lines", () => {
  const lines: string[] = [];
  const push = (line: string) => void lines.push(line);
  using _debugging = debug();
  const log = clientLog({ warn: push, error: push });
  log.received("{}");
  log.warn("odd");
  assert.deepEqual(lines, ["receive: http://h:1: odd"]);
});

function linesOf(error: unknown): readonly string[] {
  return formatError(error).split("\n").filter((line) => !/^ +at /.test(line));
}

Deno.test("formatError() shows the stack of an error", () => {
  assert.match(
    formatError(new TypeError("no")),
    /^TypeError: no\n +at .*log_test\.ts/,
  );
});

Deno.test("formatError() shows the causes with their stacks", () => {
  const cause = new Error("middle", { cause: "inner" });
  const error = new Error("outer", { cause });
  assert.deepEqual(linesOf(error), [
    "Error: outer",
    "Caused by: Error: middle",
    "Caused by: inner",
  ]);
  assert.equal(formatError(error).split("log_test.ts").length, 3);
});

Deno.test("formatError() shows the members of an AggregateError, and the cause first", () => {
  const members = [
    new Error("first", { cause: new Error("why") }),
    new RangeError("second"),
  ];
  const error = new AggregateError(members, "both", { cause: "reason" });
  assert.deepEqual(linesOf(error), [
    "AggregateError: both",
    "Caused by: reason",
    "Error 1 of 2: Error: first",
    "Caused by: Error: why",
    "Error 2 of 2: RangeError: second",
  ]);
});

Deno.test("formatError() shows an error once", () => {
  const error = new Error("loop");
  error.cause = new Error("other", { cause: error });
  assert.deepEqual(linesOf(error), [
    "Error: loop",
    "Caused by: Error: other",
    "Caused by: an error that is shown above",
  ]);
});

Deno.test("formatError() limits the number of errors", () => {
  let chain = new Error("0");
  for (let n = 1; n < 1_000; n++) chain = new Error(`${n}`, { cause: chain });
  const wide = new AggregateError(Array.from({ length: 1_000 }, Error), "many");
  for (const error of [chain, wide]) {
    const lines = linesOf(error);
    assert.equal(lines.length, 11);
    assert.equal(lines.at(-1), "More errors were omitted");
  }
});

Deno.test("formatError() limits the length of each error", () => {
  const long = "x".repeat(1_000_000);
  const error = new Error(long, { cause: { long } });
  assert(formatError(error).length < 10_000);
});

Deno.test("formatError() adds the message to a stack without it", () => {
  const error = new TypeError("no");
  error.stack = "read@file:///app.js:1:2";
  assert.equal(formatError(error), "TypeError: no\nread@file:///app.js:1:2");
  error.stack = "";
  assert.equal(formatError(error), "TypeError: no");
});

Deno.test("formatError() recognizes an error of another realm", () => {
  const foreign = { stack: "Error: far\n    at app.js", message: "far" };
  const error = new Error("near", { cause: foreign });
  assert.deepEqual(linesOf(error), ["Error: near", "Caused by: Error: far"]);
});

for (
  const [thrown, expected] of [
    [undefined, "undefined"],
    [null, "null"],
    [1, "1"],
    ["text", "text"],
    [Symbol("s"), "Symbol(s)"],
    [{ code: 1 }, '{"code":1}'],
    [Object.create(null), "{}"],
    [{ toJSON: () => undefined }, "[object Object]"],
    [CYCLE, "an error that cannot be formatted"],
    [DEEP, "an error that cannot be formatted"],
    [HOSTILE, "an error that cannot be formatted"],
    [REVOKED, "an error that cannot be formatted"],
  ] as const
) {
  Deno.test(`formatError() shows the thrown value ${expected}`, () => {
    assert.equal(formatError(thrown), expected);
  });
}

function withProperty(name: string, descriptor: PropertyDescriptor): Error {
  const error = new AggregateError([], "hostile");
  return Object.defineProperty(error, name, descriptor);
}

for (const name of ["name", "message", "stack", "cause", "errors"]) {
  Deno.test(`formatError() does not throw because of a hostile ${name}`, () => {
    const get = () => {
      throw HOSTILE;
    };
    for (const value of [HOSTILE, REVOKED, [HOSTILE, REVOKED]]) {
      for (const descriptor of [{ get }, { value }]) {
        const cause = withProperty(name, descriptor);
        assert.match(
          formatError(new Error("outer", { cause })),
          /^Error: outer/,
        );
      }
    }
  });
}
