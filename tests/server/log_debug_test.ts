/** The function `debug`: levels, HTTP lines and the names of callers. */

import assert from "node:assert/strict";
import { LOG_LEVELS } from "../../common/logger.ts";
import { serve } from "../../server.ts";
import { debug } from "../../common/debug.ts";
import type { DebugOptions } from "../../common/debug_state.ts";
import type { Log } from "../../server/log.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { ALL_LINES, makeLog, writeAll } from "../support/logs.ts";

Deno.test("debug() logs all lines of existing logs", () => {
  const { log, recorder } = makeLog("error");
  {
    using _debugging = debug();
    writeAll(log);
  }
  assert.deepEqual(recorder.lines, ALL_LINES);
});

Deno.test("disposing debug() restores the level of each log", () => {
  const info = makeLog("info");
  const error = makeLog("error");
  debug()[Symbol.dispose]();
  writeAll(info.log);
  writeAll(error.log);
  assert.deepEqual(info.recorder.lines, ALL_LINES.slice(1));
  assert.deepEqual(error.recorder.lines, ALL_LINES.slice(3));
});

Deno.test("disposing an inner debug() restores the outer one", () => {
  const { log, recorder } = makeLog("error");
  using _outer = debug();
  debug({ trace: true, http: true })[Symbol.dispose]();
  log.debug("key", () => "text");
  log.http(() => "text");
  assert.deepEqual(recorder.lines, ["debug key: text"]);
});

Deno.test("disposing debug() twice does not end a later debug()", () => {
  const { log, recorder } = makeLog("error");
  const first = debug();
  first[Symbol.dispose]();
  using _second = debug();
  first[Symbol.dispose]();
  log.debug("key", () => "text");
  assert.deepEqual(recorder.lines, ["debug key: text"]);
});

Deno.test("debug() applies to a server that already runs", async () => {
  const logger = new LogRecorder();
  const options = { hostname: "127.0.0.1", port: 0, logger };
  await using server = serve("test", { ...options, logLevel: "error" });
  assert.deepEqual(logger.lines, []);
  using _debugging = debug({ http: true });
  await (await fetch(`${server.url}/hoist/ack`)).text();
  assert.match(
    await logger.line(/http/),
    /^debug http: GET \/hoist\/ack 200 in \d+\.\d ms$/,
  );
});

Deno.test("Log.http() logs nothing at the level debug", () => {
  const { log, recorder } = makeLog("debug");
  log.http(() => assert.fail("the line was built"));
  assert.deepEqual(recorder.lines, []);
});

Deno.test("Log.http() logs nothing after debug() without http", () => {
  const { log, recorder } = makeLog();
  using _debugging = debug();
  log.http(() => assert.fail("the line was built"));
  assert.deepEqual(recorder.lines, []);
});

Deno.test("Log.http() logs at every level after debug({ http: true })", () => {
  const { log, recorder } = makeLog("error");
  using _debugging = debug({ http: true });
  log.http(() => "text");
  assert.deepEqual(recorder.lines, ["debug http: text"]);
});

/** Logs lines from every kind of function. */
class Caller {
  readonly #log: Log;
  readonly field = () => this.#log.info("key", "text");

  constructor(log: Log) {
    this.#log = log;
  }

  method() {
    this.#log.info("key", "text");
  }

  async asyncMethod() {
    await null;
    this.#log.info("key", "text");
  }

  callPrivate() {
    this.#private();
  }

  #private() {
    this.#log.info("key", "text");
  }

  static staticMethod(log: Log) {
    log.info("key", "text");
  }
}

class Constructed {
  constructor(log: Log) {
    log.info("key", "text");
  }
}

function namedFunction(log: Log) {
  log.info("key", "text");
}

async function asyncFunction(log: Log) {
  await null;
  log.info("key", "text");
}

const arrowFunction = (log: Log) => log.info("key", "text");

const CALLERS: Readonly<Record<string, (log: Log) => unknown>> = {
  namedFunction,
  asyncFunction,
  arrowFunction,
  method: (log) => new Caller(log).method(),
  asyncMethod: (log) => new Caller(log).asyncMethod(),
  private: (log) => new Caller(log).callPrivate(),
  staticMethod: (log) => Caller.staticMethod(log),
  field: (log) => new Caller(log).field(),
  Constructed: (log) => new Constructed(log),
};

for (const [name, call] of Object.entries(CALLERS)) {
  Deno.test(`debug({ trace: true }) names its caller: ${name}`, async () => {
    const { log, recorder } = makeLog();
    using _debugging = debug({ trace: true });
    await call(log);
    assert.deepEqual(recorder.lines, [`info [${name}] key: text`]);
  });
}

Deno.test("debug({ trace: true }) shows that a function is anonymous", () => {
  const { log, recorder } = makeLog();
  using _debugging = debug({ trace: true });
  // The named functions are further out on the stack and did not log the line.
  [log].forEach((log) => log.info("key", "text"));
  assert.deepEqual(recorder.lines, ["info [anonymous] key: text"]);
});

Deno.test("debug({ trace: true }) names the caller for each kind of line", () => {
  const { log, recorder } = makeLog();
  using _debugging = debug({ trace: true, http: true });
  function writer() {
    writeAll(log);
    log.exception("it failed", "text");
    log.http(() => "text");
  }
  writer();
  assert.deepEqual(recorder.lines, [
    ...LOG_LEVELS.map((level) => `${level} [writeAll] key: text`),
    'error [writer] error: it failed\n"text"',
    "debug [writer] http: text",
  ]);
});

Deno.test("disposing debug({ trace: true }) ends the tracing", () => {
  const { log, recorder } = makeLog();
  debug({ trace: true })[Symbol.dispose]();
  namedFunction(log);
  assert.deepEqual(recorder.lines, ["info key: text"]);
});

Deno.test("debug() rejects unknown options and other values than booleans", () => {
  assert.throws(() => debug({ htpp: true } as DebugOptions), {
    name: "TypeError",
    message:
      "Cannot enable debug logging: unknown option 'htpp'. Did you mean 'http'?",
  });
  assert.throws(() => debug({ enable_uvicorn: true } as DebugOptions), {
    message:
      "Cannot enable debug logging: unknown option 'enable_uvicorn'. This package calls it 'http'.",
  });
  assert.throws(() => debug({ trace: 1 } as unknown as DebugOptions), {
    name: "TypeError",
    message:
      "Cannot enable debug logging: 'trace' must be true or false. It is 1.",
  });
});
