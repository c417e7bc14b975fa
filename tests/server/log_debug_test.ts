/** The function `debug`: levels, HTTP lines and the functions that cause lines. */

import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import { serve } from "../../server.ts";
import { debug, type DebugOptions } from "../../common/debug.ts";
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

Deno.test("debug({ trace: true }) begins each line with the public function that caused it", async () => {
  const logger = new LogRecorder();
  using _debugging = debug({ trace: true, http: true });
  {
    const options = { hostname: "127.0.0.1", port: 0, logger };
    await using server = serve("test", options);
    server.receive("hello", (message) => void message.reply("hi"));
    server.receive("fail", () => Promise.reject(new Error("no")));
    server.operation("add", () => 1);
    server.operation("fail", async () => {
      await Promise.resolve();
      throw new Error("no");
    });
    const quiet = { url: server.url, logger: new LogRecorder() };
    await using connection = await connect("test", quiet);
    await connection.message("hello");
    await assert.rejects(connection.message("fail"));
    await connection.operation("add");
    await assert.rejects(connection.operation("fail"));
    await server.broadcast("news");
    await server.rotate("another token");
  }
  const callers = (event: RegExp) =>
    new Set(
      logger.lines.filter((line) => event.test(line))
        .map((line) => line.match(/^\w+ \((\w+)\) /)?.[1]),
    );
  const expected: readonly (readonly [RegExp, readonly string[]])[] = [
    [/ startup: /, ["start"]],
    [/ connect: /, ["fetch"]],
    [/ login: /, ["fetch"]],
    [/ http: GET/, ["fetch"]],
    [/ receive: /, ["receive"]],
    [/ send: .*"hi"/, ["reply"]],
    [/ send: .*"news"/, ["broadcast"]],
    [/ send: .*"result":1/, ["operation"]],
    [/ error: .*listener to message "fail" failed/, ["receive"]],
    [/ error: .*operation "fail" failed/, ["operation"]],
    [/ rotate: /, ["rotate"]],
    [/ shutdown: /, ["close"]],
    [/./, [
      "start",
      "listen",
      "fetch",
      "receive",
      "reply",
      "broadcast",
      "operation",
      "rotate",
      "close",
    ]],
  ];
  for (const [event, names] of expected) {
    assert.deepEqual(
      [...callers(event)].toSorted(),
      names.toSorted(),
      `${event}`,
    );
  }
});

Deno.test("disposing debug({ trace: true }) ends the tracing", () => {
  const { log, recorder } = makeLog();
  debug({ trace: true })[Symbol.dispose]();
  log.info("key", "text");
  assert.deepEqual(recorder.lines, ["info key: text"]);
});

Deno.test("debug({ trace: true }) names a caller even if the application formats stacks", () => {
  const { log, recorder } = makeLog();
  using _debugging = debug({ trace: true });
  const { prepareStackTrace } = Error;
  try {
    Error.prepareStackTrace = () => [];
    log.info("key", "text");
    Error.prepareStackTrace = () => {
      throw null;
    };
    log.info("key", "text");
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
  }
  const line = "info (fetch) key: text";
  assert.deepEqual(recorder.lines, [line, line]);
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
