import assert from "node:assert/strict";
import { debug, Log } from "../../server/log.ts";
import { LOG_LEVELS, type Logger, type LogLevel } from "../../common/logger.ts";
import { serve } from "../../server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { CONFIG, makeScript } from "../testdata/program.ts";

const SECRET = "open-sesame";

function makeLog(
  logLevel: LogLevel = "info",
): { log: Log; recorder: LogRecorder } {
  const recorder = new LogRecorder();
  return {
    recorder,
    log: new Log({ logger: recorder, logLevel, secrets: [SECRET] }),
  };
}

/** Writes one line of each level. */
function writeAll(log: Log): void {
  log.debug("key", () => "text");
  log.info("key", "text");
  log.warn("key", "text");
  log.error("key", "text");
}

const ALL_LINES = LOG_LEVELS.map((level) => `${level} key: text`);

for (const [index, level] of LOG_LEVELS.entries()) {
  Deno.test(`a Log of level ${level} writes that level and those above`, () => {
    const { log, recorder } = makeLog(level);
    writeAll(log);
    assert.deepEqual(recorder.lines, ALL_LINES.slice(index));
  });
}

Deno.test("Log.debug() does not make a text that nobody gets to see", () => {
  const { log } = makeLog("info");
  log.debug("key", () => assert.fail("the text was made"));
});

Deno.test("Log.exception() writes the text and then the stack", () => {
  const { log, recorder } = makeLog("error");
  log.exception("it failed", new RangeError("too far"));
  assert.equal(recorder.lines.length, 1);
  assert.match(
    recorder.lines[0]!,
    /^error error: it failed\nRangeError: too far\n {4}at .*log_test\.ts/,
  );
});

Deno.test("Log.exception() writes the cause of an error", () => {
  const { log, recorder } = makeLog();
  log.exception("it failed", new Error("a", { cause: new Error("b") }));
  assert.match(recorder.lines[0]!, /Error: a\n[^]*Error: b\n/);
});

Deno.test("Log.exception() writes what is thrown and is no error", () => {
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

Deno.test("Log.exception() lives with an error that cannot be inspected", () => {
  const { log, recorder } = makeLog();
  log.exception("it failed", hostileError());
  assert.deepEqual(recorder.lines, [
    "error error: it failed\nan error that cannot be shown",
  ]);
});

function hostileError(): object {
  return {
    [Symbol.for("Deno.customInspect")]() {
      throw new Error("not to be shown");
    },
  };
}

Deno.test("debug() shows everything on logs that exist already", () => {
  const { log, recorder } = makeLog("error");
  {
    using _debugging = debug();
    writeAll(log);
  }
  assert.deepEqual(recorder.lines, ALL_LINES);
});

Deno.test("disposing of debug() goes back to the level of each log", () => {
  const info = makeLog("info");
  const error = makeLog("error");
  debug()[Symbol.dispose]();
  writeAll(info.log);
  writeAll(error.log);
  assert.deepEqual(info.recorder.lines, ALL_LINES.slice(1));
  assert.deepEqual(error.recorder.lines, ALL_LINES.slice(3));
});

Deno.test("disposing of an inner debug() goes back to the outer one", () => {
  const { log, recorder } = makeLog("error");
  using _outer = debug();
  debug({ trace: true, http: true })[Symbol.dispose]();
  log.debug("key", () => "text");
  log.http(() => "text");
  assert.deepEqual(recorder.lines, ["debug key: text"]);
});

Deno.test("disposing of debug() twice does not end a later debug()", () => {
  const { log, recorder } = makeLog("error");
  const first = debug();
  first[Symbol.dispose]();
  using _second = debug();
  first[Symbol.dispose]();
  log.debug("key", () => "text");
  assert.deepEqual(recorder.lines, ["debug key: text"]);
});

Deno.test("debug() reaches a server that runs already", async () => {
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

Deno.test("Log.http() writes nothing at level debug", () => {
  const { log, recorder } = makeLog("debug");
  log.http(() => assert.fail("the text was made"));
  assert.deepEqual(recorder.lines, []);
});

Deno.test("Log.http() writes nothing after debug() without http", () => {
  const { log, recorder } = makeLog();
  using _debugging = debug();
  log.http(() => assert.fail("the text was made"));
  assert.deepEqual(recorder.lines, []);
});

Deno.test("Log.http() writes at any level after debug({ http: true })", () => {
  const { log, recorder } = makeLog("error");
  using _debugging = debug({ http: true });
  log.http(() => "text");
  assert.deepEqual(recorder.lines, ["debug http: text"]);
});

/** Every place that a line can come from. */
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

Deno.test("debug({ trace: true }) says of an anonymous function that it is one", () => {
  const { log, recorder } = makeLog();
  using _debugging = debug({ trace: true });
  // Functions with names are further out: none of them wrote the line.
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

Deno.test("disposing of debug({ trace: true }) ends the tracing", () => {
  const { log, recorder } = makeLog();
  debug({ trace: true })[Symbol.dispose]();
  namedFunction(log);
  assert.deepEqual(recorder.lines, ["info key: text"]);
});

Deno.test("Log.redact() takes the token out, wherever it stands", () => {
  const { log } = makeLog();
  assert.equal(
    log.redact(`${SECRET} and "${SECRET}", a${SECRET}b`),
    '[redacted] and "[redacted]", a[redacted]b',
  );
});

Deno.test("Log.redact() takes other secrets out, too", () => {
  const { log } = makeLog();
  assert.equal(
    log.redact(`one, two, three, ${SECRET}`, "one", "three"),
    "[redacted], two, [redacted], [redacted]",
  );
});

Deno.test("Log.redact() leaves nothing of a secret that starts with the token", () => {
  const { log } = makeLog();
  const longer = `${SECRET}-of-production`;
  assert.equal(log.redact(`it was ${longer}`, longer), "it was [redacted]");
});

Deno.test("Log.redact() does not look for secrets in what it put in", () => {
  const { log } = makeLog();
  assert.equal(log.redact(`it was ${SECRET}`, "red"), "it was [redacted]");
});

Deno.test("Log.redact() takes a secret for text and not for a pattern", () => {
  const { log } = makeLog();
  const secret = "a.c^$\\*+?()[]{}|/-";
  assert.equal(log.redact(`abc ${secret}`, "a.c", secret), "abc [redacted]");
  assert.equal(log.redact("a|b", "a|b"), "[redacted]");
});

Deno.test("Log.redact() leaves a text alone if a secret is empty", () => {
  const log = new Log({
    logger: new LogRecorder(),
    logLevel: "info",
    secrets: [""],
  });
  assert.equal(log.redact("text", ""), "text");
});

Deno.test("Log.exception() takes the token out of the stack and the causes", () => {
  const { log, recorder } = makeLog();
  const cause = Object.assign(new Error("cause"), { token: SECRET });
  log.exception("it failed", new Error(`not ${SECRET}`, { cause }));
  assert.match(recorder.lines[0]!, /Error: not \[redacted\]\n/);
  assert.match(recorder.lines[0]!, /token: "\[redacted\]"/);
  assert.doesNotMatch(recorder.lines[0]!, new RegExp(SECRET));
});

Deno.test("Log.exception() takes other secrets out of the stack, too", () => {
  const { log, recorder } = makeLog();
  log.exception(
    "it failed",
    new Error("not pass-1 or pass-2"),
    "pass-1",
    "pass-2",
  );
  assert.match(recorder.lines[0]!, /Error: not \[redacted\] or \[redacted\]\n/);
});

Deno.test("a logger that throws does not disturb who writes", () => {
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

Deno.test("a logger without one of the methods does not disturb who writes", () => {
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

Deno.test("a server runs on with a logger that rejects", async () => {
  const { code, stdout, stderr } = await runScript(`
    const fail = async () => { throw new Error("the disk is full"); };
    const logger = { debug: fail, info: fail, warn: fail, error: fail };
    await using server = serve("test", { hostname: "127.0.0.1", port: 0, logger });
    await (await fetch(server.url)).text();
    console.log("still there");
  `);
  assert.deepEqual([code, stdout, stderr], [0, "still there\n", ""]);
});

Deno.test("a logger of the user's own is called as a method of itself", () => {
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

/** A server that starts and stops, which makes two lines. */
const SERVE_ONCE = `{
  await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
}`;

const TWO_LINES =
  /^startup: server started on 127\.0\.0\.1:\d+ with token test\nshutdown: server shutdown started\nshutdown: server closed\n$/;

Deno.test("the default logger writes to standard error, without colours", async () => {
  const { code, stdout, stderr } = await runScript(SERVE_ONCE);
  assert.equal(code, 0);
  assert.equal(stdout, "");
  assert.match(stderr, TWO_LINES);
});

Deno.test("the default logger writes the levels that the server asks for", async () => {
  const { stderr } = await runScript(`{
    const options = { hostname: "127.0.0.1", port: 0 };
    await using _warn = serve("test", { ...options, logLevel: "warn" });
    await using _debug = serve("test", { ...options, logLevel: "debug" });
  }`);
  assert.match(
    stderr,
    /^startup: .*\nshutdown: server shutdown started\nshutdown: server closed\n$/,
  );
});

Deno.test("the default logger writes a line once, however many servers there are", async () => {
  const { stderr } = await runScript(`
    const options = { hostname: "127.0.0.1", port: 0 };
    await using _first = serve("one", options);
    await using _second = serve("two", options);
  `);
  assert.deepEqual(stderr.match(/with token \w+/g), [
    "with token one",
    "with token two",
  ]);
});

Deno.test("the default logger writes a text as it is", async () => {
  const { stderr } = await runScript(`
    const log = new Log({ logLevel: "info", secrets: [""] });
    log.info("key", "50% %s %c: a: b");
  `);
  assert.equal(stderr, "key: 50% %s %c: a: b\n");
});

/** Sets @std/log up to write to standard output. */
const SETUP = `
  class Output extends BaseHandler {
    override log(text: string) { console.log(text); }
  }
  setup({
    handlers: { output: new Output("DEBUG") },
    loggers: { hoist: { level: "WARN", handlers: ["output"] } },
  });
`;

Deno.test("the default logger is the one that setup() of @std/log made", async () => {
  const { stdout, stderr } = await runScript(`
    ${SETUP}
    const log = new Log({ logLevel: "debug", secrets: [""] });
    log.info("key", "below the level of setup()");
    log.warn("key", "text");
  `);
  assert.deepEqual([stdout, stderr], ["WARN key: text\n", ""]);
});

Deno.test("each server takes the logger that is set up when it starts", async () => {
  const { stdout, stderr } = await runScript(`
    const before = new Log({ logLevel: "debug", secrets: [""] });
    ${SETUP}
    const after = new Log({ logLevel: "debug", secrets: [""] });
    before.warn("key", "before");
    after.warn("key", "after");
  `);
  assert.deepEqual([stdout, stderr], ["WARN key: after\n", "key: before\n"]);
});

const LINE_OF_EACH_LEVEL = `
  const log = new Log({ logLevel: "debug", secrets: [""] });
  log.debug("key", () => "text");
  log.info("key", "text");
  log.warn("key", "text");
  log.error("key", "text");
`;

Deno.test({
  name: "the default logger colours the keys on a terminal",
  ignore: !hasScriptCommand(),
  fn: async () => {
    const { stdout } = await runScript(LINE_OF_EACH_LEVEL, {
      onTerminal: true,
    });
    const lines = stdout.split("\r\n").slice(0, 4);
    const colors = lines.map((line) => line.split("key")[0]);
    assert.ok(colors.every((color) => color?.startsWith("\x1b[")));
    assert.equal(new Set(colors).size, 4);
    // The colour ends before the text.
    assert.ok(lines.every((line) => line.includes("\x1b[39m: text")));
  },
});

Deno.test({
  name: "the default logger has no colours under NO_COLOR, on a terminal too",
  ignore: !hasScriptCommand(),
  fn: async () => {
    const { stdout } = await runScript(LINE_OF_EACH_LEVEL, {
      onTerminal: true,
      env: { NO_COLOR: "1" },
    });
    assert.equal(stdout, "key: text\r\n".repeat(4));
  },
});

Deno.test({
  name:
    "the default logger has no colours in a file, started from a terminal too",
  ignore: !hasScriptCommand(),
  fn: async () => {
    const { stdout } = await runScript(LINE_OF_EACH_LEVEL, {
      onTerminal: true,
      redirect: "2>errors; cat errors",
    });
    assert.equal(stdout, "key: text\r\n".repeat(4));
  },
});

interface ScriptOptions {
  /** Whether the script gets a terminal, whose output is then `stdout` */
  readonly onTerminal?: boolean;
  /** What the shell does with the output of a script on a terminal */
  readonly redirect?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a script in a process of its own. */
async function runScript(
  source: string,
  { onTerminal = false, redirect = "", env = {} }: ScriptOptions = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  await using script = await makeScript(IMPORTS + source);
  const args = ["run", "--allow-all", "--config", CONFIG, script.path];
  const [command, commandArgs] = onTerminal
    ? ["script", ["-qec", `${shell(args)} ${redirect}`, "/dev/null"]] as const
    : [Deno.execPath(), args] as const;
  const output = await new Deno.Command(command, {
    args: [...commandArgs],
    cwd: script.directory,
    stdin: "null",
    clearEnv: true,
    env: { ...plainEnvironment(), ...env },
  }).output();
  const decoder = new TextDecoder();
  return {
    code: output.code,
    stdout: decoder.decode(output.stdout),
    stderr: decoder.decode(output.stderr),
  };
}

const IMPORTS = `
  import { BaseHandler, setup } from "@std/log";
  import { Log } from "${import.meta.resolve("../../server/log.ts")}";
  import { serve } from "${import.meta.resolve("../../server.ts")}";
`;

/** The environment without what has a say in colours. */
function plainEnvironment(): Record<string, string> {
  const { NO_COLOR: _, FORCE_COLOR: __, ...rest } = Deno.env.toObject();
  return { ...rest, TERM: "xterm" };
}

function shell(args: readonly string[]): string {
  return [Deno.execPath(), ...args]
    .map((word) => `'${word.replaceAll("'", `'\\''`)}'`)
    .join(" ");
}

/** Whether there is the `script` of util-linux, which gives a program a terminal. */
function hasScriptCommand(): boolean {
  try {
    const { stdout } = new Deno.Command("script", { args: ["--version"] })
      .outputSync();
    return new TextDecoder().decode(stdout).includes("util-linux");
  } catch {
    return false;
  }
}
