import assert from "node:assert/strict";
import type { ServeFlags } from "../../cli/serve_flags.ts";
import type { CommandContext } from "../../cli/context.ts";
import { runCommand } from "../../cli/commands.ts";
import { run as runServe } from "../../cli/serve.ts";
import { connect } from "../../client.ts";
import {
  LOOPBACK,
  makeContext,
  recordLog,
  run,
  serveFlags,
  startupLine,
  urlOf,
} from "../support/command_line.ts";

Deno.test("serves until the signal aborts", async () => {
  const log = recordLog();
  const stop = new AbortController();
  const { context, printed, errors } = makeContext({ signal: stop.signal });
  const args = [...LOOPBACK, "--token", "secret"];
  const ended = runCommand(args, context);
  const url = urlOf(await log.line(/startup/));
  await using connection = await connect("secret", { url });
  stop.abort();
  assert.deepEqual(await connection.closed, {
    code: 1001,
    reason: "server closed",
  });
  assert.equal(await ended, 0);
  assert.deepEqual([printed, errors], [[], []]);
});

Deno.test("ends with 0 if the signal aborts while a file is read", async () => {
  recordLog();
  const stop = new AbortController();
  const { code, errors } = await run([...LOOPBACK, "--token-file", "t.txt"], {
    signal: stop.signal,
    readTextFile: (_path) => {
      stop.abort();
      return Promise.resolve("secret");
    },
  });
  assert.deepEqual([code, errors], [0, []]);
});

Deno.test("generates a random token if there is none", async () => {
  assert.match(await startupLine([]), / with token [a-zA-Z]{25}$/);
});

Deno.test("--token-length and --token-alphabet define the random token", async () => {
  const args = ["--token-length", "8", "--token-alphabet", "01"];
  assert.match(await startupLine(args), / with token [01]{8}$/);
});

Deno.test("--token has priority over HOIST_TOKEN", async () => {
  const line = await startupLine(["--token", "flag"], {
    readTokenVariable: () => assert.fail("HOIST_TOKEN was read"),
  });
  assert.match(line, / with token flag$/);
});

Deno.test("--token has priority over --token-file", async () => {
  const log = recordLog();
  const stop = new AbortController();
  const { context } = makeContext({ signal: stop.signal });
  const given = serveFlags([...LOOPBACK, "--show-token", "--token", "flag"]);
  // The parser rejects both together. The command does not depend on this.
  const flags: ServeFlags = { ...given, tokenFile: "token.txt" };
  const ended = runServe({ flags, words: [], commands: [] }, context);
  assert.match(await log.line(/startup/), / with token flag$/);
  stop.abort();
  assert.equal(await ended, 0);
});

Deno.test("--token-file has priority over HOIST_TOKEN", async () => {
  const line = await startupLine(["--token-file", "token.txt"], {
    readTextFile: (path) => Promise.resolve(`content of ${path}`),
    readTokenVariable: () => assert.fail("HOIST_TOKEN was read"),
  });
  assert.match(line, / with token content of token\.txt$/);
});

Deno.test("HOIST_TOKEN is the token if there is no flag", async () => {
  const line = await startupLine([], {
    readTokenVariable: () => ({ isDenied: false, token: "variable" }),
  });
  assert.match(line, / with token variable$/);
});

for (const end of ["\n", "\r\n", "\n\n", " \n", ""]) {
  Deno.test(`removes ${JSON.stringify(end)} from the end of the token file`, async () => {
    const line = await startupLine(["--token-file", "token.txt"], {
      readTextFile: () => Promise.resolve(`a b${end}`),
    });
    assert.match(line, / with token a b$/);
  });
}

Deno.test("rejects an empty HOIST_TOKEN", async () => {
  const { code, errors } = await run(LOOPBACK, {
    readTokenVariable: () => ({ isDenied: false, token: "" }),
  });
  assert.deepEqual([code, errors.length], [2, 1]);
  assert.match(errors[0]!, /^error: Cannot serve\b.*\btoken must be\b/);
});

for (const [option, ...more] of [["--token-file"], ["--cert", "--key"]]) {
  const args = [option!, "a.txt", ...more.flatMap((name) => [name, "a.txt"])];

  Deno.test(`${option} reports that the file does not exist`, async () => {
    const { code, errors } = await run([...LOOPBACK, ...args], {
      readTextFile: () =>
        Promise.reject(new Deno.errors.NotFound("os error 2")),
    });
    assert.equal(code, 1);
    assert.deepEqual(errors, [
      `error: Cannot read the file of ${option}: the file does not exist. Pass the path of the file, and not its content.`,
    ]);
  });

  Deno.test(`${option} reports that the read permission is missing`, async () => {
    const { code, errors } = await run([...LOOPBACK, ...args], {
      readTextFile: () => Promise.reject(new Deno.errors.NotCapable("no")),
    });
    assert.equal(code, 1);
    assert.deepEqual(errors, [
      `error: Cannot read the file of ${option}: the permission is missing. Run with --allow-read.`,
    ]);
  });
}

/** Invalid values, and what the one line of the error contains. */
const INVALID: readonly (readonly [readonly string[], RegExp])[] = [
  [["--port", "65536"], /: --port must be a whole number .*65536/],
  [["--minimum-version", "1.2"], /: --minimum-version must be .*"1\.2"/],
  [["--token-length", "0"], /--token-length must be a whole number .* 0\b/],
  [["--token-alphabet", "a"], /alphabet'? must .*at least two characters/],
];

for (const [args, expected] of INVALID) {
  Deno.test(`rejects ${args.join(" ")} without a stack`, async () => {
    const { code, errors } = await run([...LOOPBACK, ...args]);
    assert.equal(code, 2);
    assert.equal(errors.length, 1);
    assert.match(errors[0]!, /^error: Cannot .*$/);
    assert.match(errors[0]!, expected);
    assert.doesNotMatch(errors[0]!, /'/);
  });
}

Deno.test("rejects an invalid hostname without a stack", async () => {
  const { code, errors } = await run(["-H", "a b", "-p", "0"]);
  assert.notEqual(code, 0);
  assert.equal(errors.length, 1);
  assert.match(errors[0]!, /^error: Cannot listen .*$/);
});

Deno.test("reports that the machine does not have the address", async () => {
  const { code, errors } = await run(["-H", "192.0.2.1", "-p", "0"]);
  assert.equal(code, 1);
  assert.equal(errors.length, 1);
  assert.match(
    errors[0]!,
    /^error: Cannot listen on 192\.0\.2\.1:0: this machine does not have the address\. Choose another --hostname\.$/,
  );
});

Deno.test("shows the stack of an unexpected error", async () => {
  const { code, errors } = await run([...LOOPBACK, "--token-file", "a.txt"], {
    readTextFile: () => Promise.reject(new Error("unheard of")),
  });
  assert.equal(code, 1);
  assert.match(errors[0]!, /^error: Error: unheard of\n {6}at /);
});

for (
  const [content, problem] of [
    ["\n", "the file is empty. Write the token into it."],
    ["\ufeffsecret\n", "the file begins with a byte order mark"],
    ["secret\nanother\n", "the file has more than one line"],
    ["secret\ranother", "the file has more than one line"],
    ["secret\u0000", "the file contains an invisible character"],
    ["s\u001b[31mecret", "the file contains an invisible character"],
    ["s\u200becret", "the file contains an invisible character"],
    [
      "secret\ufffd",
      "the file contains an invisible character, or is not UTF-8",
    ],
  ] as const
) {
  Deno.test(`rejects a token file with ${JSON.stringify(content)}, without its content`, async () => {
    const { code, errors } = await run([...LOOPBACK, "--token-file", "a.txt"], {
      readTextFile: () => Promise.resolve(content),
      // A server that accepts the token would not end.
      signal: AbortSignal.abort(),
    });
    assert.deepEqual([code, errors.length], [1, 1]);
    const start = `error: Cannot use the token in a.txt: ${problem}`;
    assert(errors[0]!.startsWith(start), errors[0]);
    assert.doesNotMatch(errors[0]!, /s.*ecret|\n/);
  });
}

Deno.test("the path of a token file is escaped", async () => {
  const { errors } = await run([...LOOPBACK, "--token-file", "a\n\u001b[31m"], {
    readTextFile: () => Promise.resolve(""),
  });
  assert.deepEqual(errors, [
    "error: Cannot use the token in a\\u{a}\\u{1b}[31m: the file is empty. Write the token into it.",
  ]);
});

/** Runs a server with a recorded log; returns the lines of the command line itself. */
async function notesOf(
  args: readonly string[],
  changes: Partial<CommandContext> = {},
): Promise<readonly string[]> {
  const log = recordLog();
  const stop = new AbortController();
  const { context, errors } = makeContext({ ...changes, signal: stop.signal });
  const ended = runCommand([...LOOPBACK, ...args], context);
  await log.line(/startup/);
  stop.abort();
  assert.equal(await ended, 0);
  return errors;
}

const FILE = ["--token-file", "token.txt"];

/** A token file with these permissions. */
function fileWith(mode: number | null) {
  return {
    readTextFile: () => Promise.resolve("secret"),
    readFileMode: () => Promise.resolve(mode),
  };
}

Deno.test("logs a warning if other users can read the token file", async () => {
  for (const mode of [0o100644, 0o100640, 0o100604]) {
    const [line = "", ...rest] = await notesOf(FILE, fileWith(mode));
    assert.deepEqual(rest, []);
    assert.match(
      line,
      /^\S+Z WARN startup: other users of this machine can read the token in token\.txt\. Run: chmod 600 token\.txt$/,
    );
  }
  for (const mode of [0o100600, 0o100400, 0o100711, null]) {
    assert.deepEqual(await notesOf(FILE, fileWith(mode)), []);
  }
});

Deno.test("the warning has the format of the log", async () => {
  const file = fileWith(0o100644);
  const [line = ""] = await notesOf([...FILE, "--log-format", "json"], file);
  const { level, event } = JSON.parse(line);
  assert.deepEqual([level, event], ["warn", "startup"]);
});

Deno.test("mentions on a terminal that HOIST_TOKEN was not read", async () => {
  const denied = { readTokenVariable: () => ({ isDenied: true }) };
  const terminal = { ...denied, isTerminal: true };
  const [line = "", ...rest] = await notesOf([], terminal);
  assert.deepEqual(rest, []);
  assert.match(
    line,
    /^startup: .*HOIST_TOKEN was not read: the permission is missing\. .*--allow-env=HOIST_TOKEN\.$/,
  );
  assert.deepEqual(await notesOf([], denied), []);
  assert.deepEqual(await notesOf(["-t", "flag"], terminal), []);
  assert.deepEqual(await notesOf(["--hide-token"], terminal), []);
  const readable = { readTokenVariable: () => ({ isDenied: false }) };
  assert.deepEqual(await notesOf([], { ...readable, isTerminal: true }), []);
});
