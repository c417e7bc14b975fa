/** Tests the live view in a real terminal, which `script` of util-linux provides. */

import assert from "node:assert/strict";
import { makeScript, ROOT } from "../support/program.ts";
import { serveQuietly } from "../support/server.ts";
import { cleanEnvironment } from "../support/environment.ts";

const ENTER = "\x1b[?1049h";
const LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l";

function hasScript(): boolean {
  try {
    return new Deno.Command("script", { args: ["--version"] }).outputSync()
      .success;
  } catch {
    return false;
  }
}

/** What a terminal shows before a string is typed into it, or before something else happens. */
type Typing = readonly (readonly [
  shown: RegExp,
  keys: string | ((output: string) => void),
])[];

/** Runs a command in a terminal, and types what follows each output; returns the output. */
async function type(command: string, typing: Typing): Promise<string> {
  const process = new Deno.Command("script", {
    args: ["-qefc", `stty columns 80 rows 24; ${command}`, "/dev/null"],
    ...{ stdin: "piped", stdout: "piped", cwd: ROOT },
    ...cleanEnvironment({ HISTFILE: "/dev/null" }),
  }).spawn();
  const keys = process.stdin.getWriter();
  const waiting = [...typing];
  let output = "";
  let start = 0;
  for await (
    const text of process.stdout.pipeThrough(new TextDecoderStream())
  ) {
    output += text;
    const [next] = waiting;
    if (next === undefined || !next[0].test(output.slice(start))) continue;
    waiting.shift();
    start = output.length;
    if (typeof next[1] === "function") next[1](output);
    else await keys.write(new TextEncoder().encode(next[1]));
  }
  await keys.close().catch(() => {});
  await process.status;
  assert.deepEqual(waiting, [], JSON.stringify(output));
  return output;
}

function topOf({ url }: { readonly url: string }): string {
  const deno = [Deno.execPath(), "run", "--no-prompt", "-N", "-E=TERM"];
  const top = ["admin", "top", "-i", "100ms", "-t", "ops_secret", "-u", url];
  return [...deno, `${ROOT}/mod.ts`, ...top].join(" ");
}

function serveAdmin() {
  const tokens = [{ name: "ops", token: "ops_secret", admin: true }];
  return serveQuietly({ tokens });
}

const SHELL = "env PS1='shell> ' bash --norc -i";

const ONE_CLIENT = / 1 to 1 of 1/;

for (
  const [name, key] of [
    ["q", "q"],
    ["Ctrl-C", "\x03"],
    ["Ctrl-\\", "\x1c"],
    ["keys that arrive together", "s\x1b[Bq"],
  ] as const
) {
  Deno.test({
    name: `top gives the terminal back after ${name}`,
    ignore: !hasScript(),
    fn: async () => {
      await using server = serveAdmin();
      const output = await type(topOf(server), [[ONE_CLIENT, key]]);
      const start = output.indexOf(ENTER);
      const end = output.indexOf(LEAVE);
      assert(start >= 0 && end > start, JSON.stringify(output));
      // Nothing is drawn behind the end.
      assert(!output.slice(end + LEAVE.length).includes("\x1b[H"));
      assert.match(output, /clients 1 to 1 of 1, by pending/);
    },
  });
}

for (
  const [name, args, error] of [
    ["a wrong token", "-t wrong", /rejected the token/],
    ["the token of a client", "-t test", /not that of an admin/],
    ["no server", "-u http://127.0.0.1:2", /no server answers/],
  ] as const
) {
  Deno.test({
    name: `top shows the error of ${name} where it stays`,
    ignore: !hasScript(),
    fn: async () => {
      await using server = serveAdmin();
      const output = await type(`${topOf(server)} ${args}`, []);
      const after = output.split(LEAVE).at(-1)!;
      assert.match(after, error);
      assert(!after.includes(ENTER), JSON.stringify(output));
    },
  });
}

Deno.test({
  name: "top shows why its token is not accepted any more",
  ignore: !hasScript(),
  fn: async () => {
    await using server = serveAdmin();
    const revoke = () => void server.revoke("ops");
    const output = await type(topOf(server), [[ONE_CLIENT, revoke]]);
    assert.match(output.split(LEAVE).at(-1)!, /error: .*token/);
  },
});

Deno.test({
  name: "top reads keys after it has asked for the token",
  ignore: !hasScript(),
  fn: async () => {
    await using server = serveAdmin();
    const command = topOf(server).replace(" -t ops_secret", "");
    const output = await type(command, [
      [/Token of the server/, "ops_secret\n"],
      [ONE_CLIENT, "q"],
    ]);
    assert(!output.split(ENTER)[1]!.includes("Token"), JSON.stringify(output));
  },
});

Deno.test({
  name: "top shows clients in a terminal of unknown size",
  ignore: !hasScript(),
  fn: async () => {
    await using server = serveAdmin();
    const command = `stty columns 0 rows 0; ${topOf(server)}`;
    const output = await type(command, [[/memory /, "q"]]);
    assert.match(output, /clients 1/);
  },
});

Deno.test({
  name: "top gives the terminal to the shell while it is stopped",
  ignore: !hasScript(),
  fn: async () => {
    await using server = serveAdmin();
    const output = await type(SHELL, [
      [/shell> /, `${topOf(server)}\n`],
      [ONE_CLIENT, "\x1a"],
      [/Stopped[^]*shell> /, "fg\n"],
      [ONE_CLIENT, "q"],
      [/shell> /, "exit\n"],
    ]);
    const screens = output.split(ENTER);
    assert.equal(screens.length, 3, JSON.stringify(output));
    for (const screen of screens.slice(1)) {
      // Nothing is drawn before the shell has the terminal, and after it.
      assert(screen.indexOf(LEAVE) > screen.lastIndexOf("\x1b[H"), screen);
    }
  },
});

/** Draws between the end of a stop and the signal that reports it, as a busy program does. */
const CONTINUED = `
import { openTerminal } from "${import.meta.resolve("../../cli/terminal.ts")}";
const kill = Deno.kill;
const stopped = Promise.withResolvers();
Deno.kill = () => stopped.resolve();
const terminal = openTerminal();
const continued = Promise.withResolvers();
terminal.start();
terminal.onResize(() => continued.resolve());
terminal.draw(["before"]);
kill(Deno.pid, "SIGTSTP");
await stopped.promise;
terminal.draw(["too early"]);
kill(Deno.pid, "SIGCONT");
await continued.promise;
terminal.draw(["after"]);
terminal[Symbol.dispose]();
`;

Deno.test({
  name: "a live view draws nothing between the end of a stop and its signal",
  ignore: !hasScript(),
  fn: async () => {
    await using script = await makeScript(CONTINUED);
    const output = await type(`${Deno.execPath()} run -A ${script.path}`, []);
    const shown = output.match(/before|after|too early/g);
    assert.deepEqual(shown, ["before", "after"], JSON.stringify(output));
  },
});

Deno.test({
  name: "top gives the terminal back when a program hangs up",
  ignore: !hasScript(),
  fn: async () => {
    await using server = serveAdmin();
    const hangUp = (output: string) => {
      const [, id] = /process (\d+)/.exec(output) ?? [];
      Deno.kill(Number(id), "SIGHUP");
    };
    const command = `sh -c 'echo process $$; exec ${topOf(server)}'`;
    const output = await type(`${command}; echo code $?`, [
      [ONE_CLIENT, hangUp],
    ]);
    assert.match(output, /code 129/);
    assert(output.lastIndexOf(LEAVE) > output.lastIndexOf("\x1b[H"), output);
  },
});

Deno.test({
  name: "top prints lines in a terminal that knows no control sequences",
  ignore: !hasScript(),
  fn: async () => {
    await using server = serveAdmin();
    const command = `env TERM=dumb ${topOf(server)}`;
    const output = await type(command, [[/clients 1, .* requests/, "\x03"]]);
    const lines = output.slice(output.indexOf("connected to"));
    assert(!lines.includes("\x1b"), JSON.stringify(output));
  },
});
