/** The default logger: the format, the colors and the set-up of @std/log. */

import assert from "node:assert/strict";
import { CONFIG, makeScript, quoteWords } from "../support/program.ts";
import { cleanEnvironment } from "../support/environment.ts";

Deno.test("a server continues with a logger that rejects", async () => {
  const { code, stdout, stderr } = await runScript(`
    const fail = async () => { throw new Error("the disk is full"); };
    const logger = { debug: fail, info: fail, warn: fail, error: fail };
    await using server = serve("test", { hostname: "127.0.0.1", port: 0, logger });
    await (await fetch(server.url)).text();
    console.log("still there");
  `);
  assert.deepEqual([code, stdout, stderr], [0, "still there\n", ""]);
});

/** A server that starts and stops, and logs three lines */
const SERVE_ONCE = `{
  await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
}`;

const THREE_LINES =
  /^TIME INFO startup: starting server on 127\.0\.0\.1:\d+\nTIME INFO shutdown: closing server\nTIME INFO shutdown: server closed\n$/;

Deno.test("the default logger writes the time and the level to standard error, without colors", async () => {
  const { code, stdout, stderr } = await runScript(SERVE_ONCE);
  assert.equal(code, 0);
  assert.equal(stdout, "");
  assert.match(withoutTimes(stderr), THREE_LINES);
});

Deno.test("the default logger applies the level of each server", async () => {
  const { stderr } = await runScript(`{
    const options = { hostname: "127.0.0.1", port: 0 };
    await using _warn = serve("test", { ...options, logLevel: "warn" });
    await using _debug = serve("test", { ...options, logLevel: "debug" });
  }`);
  assert.match(
    withoutTimes(stderr),
    /^TIME INFO startup: .*\nTIME INFO shutdown: closing server\nTIME INFO shutdown: server closed\n$/,
  );
});

Deno.test("the default logger shows generated tokens, and others with showToken", async () => {
  const { stderr } = await runScript(`
    const options = { hostname: "127.0.0.1", port: 0 };
    await using _first = serve("one", options);
    await using _second = serve("two", { ...options, showToken: true });
    await using _third = serve({ ...options, tokenLength: 5 });
    await using _fourth = serve({ ...options, hideToken: true });
  `);
  assert.deepEqual(
    stderr.match(/ startup: .*/g)?.map((line) =>
      line.replace(/.*:\d+/, "").replace(/[a-zA-Z]{5}$/, "FIVES")
    ),
    ["", " with token two", " with token FIVES", ""],
  );
});

Deno.test("the default logger does not interpret format specifiers", async () => {
  const { stderr } = await runScript(`
    const log = new Log({ logLevel: "info" });
    log.info("key", "50% %s %c: a: b");
  `);
  assert.equal(withoutTimes(stderr), "TIME INFO key: 50% %s %c: a: b\n");
});

/** Configures @std/log to write to standard output. */
const SETUP = `
  class Output extends BaseHandler {
    override log(text: string) { console.log(text); }
  }
  setup({
    handlers: { output: new Output("DEBUG") },
    loggers: { hoist: { level: "WARN", handlers: ["output"] } },
  });
`;

Deno.test("the default logger is the logger that setup() of @std/log has created", async () => {
  const { stdout, stderr } = await runScript(`
    ${SETUP}
    const log = new Log({ logLevel: "debug" });
    log.info("key", "below the level of setup()");
    log.warn("key", "text");
  `);
  assert.deepEqual([stdout, stderr], ["WARN key: text\n", ""]);
});

Deno.test("each server uses the logger that is configured when it starts", async () => {
  const { stdout, stderr } = await runScript(`
    const before = new Log({ logLevel: "debug" });
    ${SETUP}
    const after = new Log({ logLevel: "debug" });
    before.warn("key", "before");
    after.warn("key", "after");
  `);
  assert.equal(stdout, "WARN key: after\n");
  assert.equal(withoutTimes(stderr), "TIME WARN key: before\n");
});

const PLAIN_LINES = "key: text\r\n".repeat(4);

const TIMED_LINES = ["DEBUG", "INFO", "WARN", "ERROR"]
  .map((level) => `TIME ${level} key: text\r\n`).join("");

const LINE_OF_EACH_LEVEL = `
  const log = new Log({ logLevel: "debug" });
  log.debug("key", () => "text");
  log.info("key", "text");
  log.warn("key", "text");
  log.error("key", "text");
`;

Deno.test({
  name:
    "the default logger writes lines as Python Hoist does on a terminal, in the color of the level",
  ignore: !hasScriptCommand(),
  fn: async () => {
    const { stdout } = await runScript(LINE_OF_EACH_LEVEL, {
      onTerminal: true,
    });
    assert.equal(
      stdout,
      [90, 32, 33, 31].map((color) => `\x1b[${color}mkey\x1b[39m: text\r\n`)
        .join(""),
    );
  },
});

Deno.test({
  name: "the default logger uses no colors under NO_COLOR, even on a terminal",
  ignore: !hasScriptCommand(),
  fn: async () => {
    const { stdout } = await runScript(LINE_OF_EACH_LEVEL, {
      onTerminal: true,
      env: { NO_COLOR: "1" },
    });
    assert.equal(withoutTimes(stdout), PLAIN_LINES);
  },
});

Deno.test({
  name:
    "the default logger writes times and no colors to a file, even if started from a terminal",
  ignore: !hasScriptCommand(),
  fn: async () => {
    const { stdout } = await runScript(LINE_OF_EACH_LEVEL, {
      onTerminal: true,
      redirect: "2>errors; cat errors",
    });
    assert.equal(withoutTimes(stdout), TIMED_LINES);
  },
});

/** Replaces the time at the start of each line. */
function withoutTimes(lines: string): string {
  return lines.replaceAll(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/gm, "TIME");
}

interface ScriptOptions {
  /** Whether the script runs in a terminal, whose output is then `stdout` */
  readonly onTerminal?: boolean;
  /** Redirects the output of a script in a terminal */
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
    ? ["script", [
      "-qec",
      `${quoteWords([Deno.execPath(), ...args])} ${redirect}`,
      "/dev/null",
    ]] as const
    : [Deno.execPath(), args] as const;
  const output = await new Deno.Command(command, {
    args: [...commandArgs],
    cwd: script.directory,
    stdin: "null",
    ...cleanEnvironment(env),
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

/** Returns whether `script` of util-linux exists, which runs a program in a terminal. */
function hasScriptCommand(): boolean {
  try {
    const { stdout } = new Deno.Command("script", { args: ["--version"] })
      .outputSync();
    return new TextDecoder().decode(stdout).includes("util-linux");
  } catch {
    return false;
  }
}
