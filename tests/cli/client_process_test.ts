/** The commands that talk to a server, as processes: exit codes, pipes, signals and terminals. */

import assert from "node:assert/strict";
import { serveQuietly } from "../support/server.ts";
import { makeScript, Program, quoteWords, ROOT } from "../support/program.ts";
import { defineContract, serve, type Server } from "../../server.ts";
import { cleanEnvironment } from "../support/environment.ts";

const ENV = { HOIST_TOKEN: "test" };

const PERMISSIONS = [
  ...["--no-prompt", "--allow-net=127.0.0.1"],
  "--allow-env=HOIST_TOKEN,HOIST_URL",
];

/** Starts a command against a server. */
function start(
  { url }: Pick<Server, "url">,
  args: readonly string[],
  permissions: readonly string[] = PERMISSIONS,
  stdin: "null" | "piped" = "null",
): Program {
  const env = { ...ENV, HOIST_URL: url };
  const run = [...permissions, `${ROOT}/mod.ts`, ...args];
  return new Program(run, env, { stdin });
}

/** Runs a command in a shell, where `hoist` is the command line. */
async function shell(
  { url }: Pick<Server, "url">,
  script: string,
  env: Readonly<Record<string, string>> = {},
) {
  const directory = await makeHoistCommand();
  const { stdout, stderr } = await new Deno.Command("/bin/bash", {
    args: ["-c", script],
    ...cleanEnvironment({
      ...ENV,
      ...{ HOIST_URL: url, PATH: `${directory}:${Deno.env.get("PATH")}` },
      ...env,
    }),
    stdin: "null",
  }).output();
  await Deno.remove(directory, { recursive: true });
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { output: decode(stdout), errors: decode(stderr) };
}

/**
 * Makes the command `hoist` in a new directory, and returns the directory.
 *
 * A function that bash exports is not enough: `script` starts the user's shell, and only
 * bash passes such a function on.
 */
async function makeHoistCommand(): Promise<string> {
  const directory = await Deno.makeTempDir();
  const run = [
    ...[Deno.execPath(), "run", "--config", `${ROOT}/deno.json`],
    ...[...PERMISSIONS, `${ROOT}/mod.ts`],
  ];
  const source = `#!/bin/sh\nexec ${quoteWords(run)} "$@"\n`;
  await Deno.writeTextFile(`${directory}/hoist`, source, { mode: 0o755 });
  return directory;
}

/** Registers a test that needs a shell. */
function shellTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: Deno.build.os === "windows", fn });
}

/** Starts a server with the operations of these tests. */
function serveOperations(): Server {
  const server = serveQuietly();
  server.operation("echo", (data) => data);
  server.operation("count", async function* () {
    for (let n = 1;; n++) yield { n };
  });
  return server;
}

Deno.test("the results are the only lines on the standard output", async () => {
  await using server = serveOperations();
  await using program = start(server, ["call", "echo", "a=1", "--json"]);
  assert.equal(await program.ended, 0);
  assert.deepEqual(program.output.lines, ['info {"a":"1"}']);
});

Deno.test("the exit code is that of the error", async () => {
  await using server = serveOperations();
  for (
    const [args, code] of [
      ["call nope", 69],
      ["call echo a", 2],
      ["call echo -t wrong", 4],
      ["call echo -u http://127.0.0.1:1", 3],
    ] as const
  ) {
    await using program = start(server, args.split(" "));
    assert.equal(await program.ended, code, args);
    assert.equal(program.output.lines.length, 1);
    assert.match(program.output.lines[0]!, /^error error: /);
  }
});

Deno.test("contract check runs a module that imports the package of the command line", async () => {
  const source = `import { defineContract } from "${
    import.meta.resolve("../../mod.ts")
  }";
export const contract = defineContract({ operations: { add: {} } });`;
  await using script = await makeScript(source);
  const contract = defineContract({ operations: { add: {} } });
  await using server = serve("test", {
    ...{ hostname: "127.0.0.1", port: 0, logLevel: "critical" },
    ...{ contract, exposeContract: true },
  });
  await using program = start(
    server,
    ["contract", "check", script.path],
    [...PERMISSIONS, "--allow-read"],
  );
  await program.line(/the server has no breaking changes/);
  assert.equal(await program.ended, 0);
});

shellTest("Ctrl-C says goodbye to the server, and ends with 130", async () => {
  await using server = serveOperations();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    await using program = start(server, ["listen"]);
    await program.line(/waiting for all events/);
    const [client] = [...server.clients];
    program.process.kill(signal);
    assert.equal(await program.ended, 130);
    assert.equal((await client!.closed).code, 1000);
    assert.deepEqual(program.output.lines.length, 2);
  }
});

shellTest("a closed pipe ends a command without an error", async () => {
  await using server = serveOperations();
  const { output, errors } = await shell(
    server,
    'hoist stream count | head -2; echo "${PIPESTATUS[0]}"',
  );
  assert.deepEqual(output.split("\n"), ['{"n":1}', '{"n":2}', "0", ""]);
  assert.equal(errors, "");
});

Deno.test({
  name: "a full disk ends each command with an error",
  // Only Linux has /dev/full.
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using server = serveOperations();
    using _timer = broadcasting(server);
    for (
      const command of ["call echo a=1", "stream count", "listen -q", "--help"]
    ) {
      const { output, errors } = await shell(
        server,
        `hoist ${command} > /dev/full; echo $?`,
      );
      assert.equal(output, "1\n", command);
      assert.match(
        errors,
        /^error: Cannot write to the standard output: No space left .*\n$/,
      );
    }
  },
});

/** Sends an event again and again. */
function broadcasting(server: Server): Disposable {
  const timer = setInterval(() => void server.broadcast("news"), 20);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

shellTest(
  "--data - reads the standard input, which is not read otherwise",
  async () => {
    await using server = serveOperations();
    const { output, errors } = await shell(
      server,
      `echo '{"a":1}' | hoist call echo --json -d -
     (echo 1; echo 2) | while read n; do hoist call echo --json n:=$n; done`,
    );
    assert.deepEqual(output.split("\n"), ['{"a":1}', '{"n":1}', '{"n":2}', ""]);
    assert.equal(errors, "");
  },
);

shellTest(
  "Ctrl-C ends a command that waits for the standard input",
  async () => {
    const args = ["call", "echo", "-d", "-"];
    await using program = start({ url: "" }, args, PERMISSIONS, "piped");
    const input = program.process.stdin.getWriter();
    // More than fits into the pipe, so that the command has begun to read.
    await input.write(new Uint8Array(1_048_576).fill(0x20));
    await assertInterrupted(program);
    await input.abort().catch(() => {});
  },
);

shellTest(
  "a command says that Deno reads no device with --allow-read",
  async () => {
    const args = ["call", "echo", "--token-file", "/dev/stdin"];
    const permissions = [...PERMISSIONS, "--allow-read"];
    await using program = start({ url: "" }, args, permissions);
    assert.equal(await program.ended, 1);
    assert.match(
      program.output.lines.join(),
      /error: Cannot read the file of --token-file: it is a device, which Deno reads only with --allow-all\./,
    );
  },
);

shellTest("Ctrl-C ends a command that waits for a module", async () => {
  await using script = await makeScript(
    'console.log("waiting"); await new Promise((resolve) => setTimeout(resolve, 2 ** 30));',
  );
  await using server = serveOperations();
  await using program = start(
    server,
    ["contract", "check", script.path],
    [...PERMISSIONS, "--allow-read"],
  );
  await program.line(/^info waiting$/);
  assert.equal(await program.interrupt(), 130);
});

shellTest("Ctrl-C ends a command that waits for a file", async () => {
  const directory = await Deno.makeTempDir();
  const pipe = `${directory}/pipe`;
  await new Deno.Command("mkfifo", { args: [pipe] }).output();
  for (const args of [["-d", `@${pipe}`], ["--token-file", pipe]]) {
    await using program = start({ url: "" }, ["call", "echo", ...args], [
      ...["--no-prompt", "--allow-net=127.0.0.1", `--allow-read=${pipe}`],
      "--allow-env=HOIST_URL",
    ]);
    // Opening it waits until the command has opened it, too.
    using _file = await Deno.open(pipe, { write: true });
    await assertInterrupted(program);
  }
  await Deno.remove(directory, { recursive: true });
});

async function assertInterrupted({ process, ended }: Program): Promise<void> {
  process.kill("SIGINT");
  const guard = setTimeout(() => process.kill("SIGKILL"), 60_000);
  assert.equal(await ended, 130);
  assert.equal((await process.status).signal, null);
  clearTimeout(guard);
}

/** Whether `script` can run a command on a terminal of its own. */
const HAS_SCRIPT = Deno.build.os === "linux" &&
  await Deno.stat("/usr/bin/script").then(() => true, () => false);

Deno.test({
  name: "only a terminal gets colors, and not under NO_COLOR",
  ignore: !HAS_SCRIPT,
  async fn() {
    await using server = serveOperations();
    const call = "hoist call echo a=1 --json";
    const onTerminal = `script -qec "bash -c '${call}'" /dev/null`;
    const terminal = await shell(server, onTerminal);
    assert.equal(
      terminal.output.trim(),
      '{\x1b[36m"a"\x1b[0m:\x1b[32m"1"\x1b[0m}',
    );
    const plain = await shell(server, onTerminal, { NO_COLOR: "1" });
    assert.equal(plain.output.trim(), '{"a":"1"}');
    const pipe = await shell(server, call);
    assert.equal(pipe.output.trim(), '{"a":"1"}');
  },
});

Deno.test({
  name: "asks for the token on a terminal without showing it",
  ignore: !HAS_SCRIPT,
  async fn() {
    await using server = serveOperations();
    const { output } = await shell(
      server,
      `(sleep 2; echo test; sleep 1) | env -u HOIST_TOKEN script -qec "bash -c 'hoist call echo'" /dev/null`,
      { NO_COLOR: "1" },
    );
    assert.match(output, /Token of the server: /);
    assert.match(output, /\{\}\s*$/);
  },
});

Deno.test("ignores the variables without their permission, and does not ask for it", async () => {
  await using server = serveOperations();
  const permissions = ["--allow-net=127.0.0.1"];
  const args = ["call", "echo", "-u", server.url];
  await using program = start(server, args, permissions);
  assert.equal(await program.ended, 2);
  assert.deepEqual(program.output.lines, [
    "error error: There is no token. Use --token-file, or set HOIST_TOKEN and run with --allow-env=HOIST_TOKEN.",
  ]);
});

Deno.test("each command needs the permissions that its help lists, and no others", async () => {
  await using server = serveOperations();
  const directory = await Deno.makeTempDir();
  const file = `${directory}/token.txt`;
  await Deno.writeTextFile(file, "test", { mode: 0o600 });
  const net = "--allow-net=127.0.0.1";
  const read = `--allow-read=${directory}`;
  const url = ["-u", server.url];
  for (
    const [permissions, args, code] of [
      [[], ["token"], 0],
      [[], ["completions", "bash"], 0],
      [[], ["call", "--help"], 0],
      [[net], ["call", "echo", "-t", "test", ...url], 0],
      [[], ["call", "echo", "-t", "test", ...url], 3],
      [[net, read], ["call", "echo", "--token-file", file, ...url], 0],
      [[net], ["call", "echo", "--token-file", file, ...url], 1],
      [[], ["contract", "show", "--token", "test", ...url], 3],
      [[net], ["call", "echo", "-t", "test", "-d", `@${file}`, ...url], 1],
    ] as const
  ) {
    await using program = start(server, args, ["--no-prompt", ...permissions]);
    const ended = await program.ended;
    assert.equal(ended, code, program.output.lines.join("\n"));
    if (code === 0) continue;
    assert.match(program.output.lines[0]!, /--allow-(net|read)/);
  }
  await Deno.remove(directory, { recursive: true });
});
