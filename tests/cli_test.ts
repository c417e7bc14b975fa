import assert from "node:assert/strict";
import { BaseHandler, setup } from "@std/log";
import { parseCommand, type ServeFlags } from "../cli/arguments.ts";
import { type Outside } from "../cli/serve.ts";
import { runCommand } from "../cli.ts";
import { connect } from "../client.ts";
import { VERSION } from "../version.ts";
import { LogRecorder } from "./support/log_recorder.ts";
import { makeCertificate } from "./testdata/certificate.ts";
import { makeScript, Program, ROOT } from "./testdata/program.ts";

const LOOPBACK = ["--hostname", "127.0.0.1", "--port", "0"];

/** An outside that records what it is told, and has nothing to tell. */
function makeOutside(changes: Partial<Outside> = {}) {
  const printed: string[] = [];
  const complaints: string[] = [];
  const outside: Outside = {
    print: (text) => void printed.push(text),
    complain: (text) => void complaints.push(text),
    readTextFile: (path) => assert.fail(`${path} was read`),
    tokenVariable: () => undefined,
    signal: new AbortController().signal,
    ...changes,
  };
  return { outside, printed, complaints };
}

/** Runs a command line that is expected to end by itself. */
async function run(args: readonly string[], changes: Partial<Outside> = {}) {
  const { outside, printed, complaints } = makeOutside(changes);
  const code = await runCommand(parseCommand(args), outside);
  return { code, printed, complaints };
}

/** Runs a server until it has written its startup line, and returns that. */
async function startupLine(
  args: readonly string[],
  changes: Partial<Outside> = {},
): Promise<string> {
  const lines = recordLog();
  const stop = new AbortController();
  const { outside } = makeOutside({ ...changes, signal: stop.signal });
  const command = parseCommand([...LOOPBACK, ...args]);
  const ended = runCommand(command, outside);
  const line = await lines.line(/startup/);
  stop.abort();
  assert.equal(await ended, 0);
  return line;
}

/** Sets @std/log up so that the lines of the next server are recorded. */
function recordLog(): LogRecorder {
  const recorder = new LogRecorder();
  class Output extends BaseHandler {
    override log(line: string): void {
      recorder.info(line);
    }
  }
  setup({
    handlers: { output: new Output("DEBUG") },
    loggers: { hoist: { level: "DEBUG", handlers: ["output"] } },
  });
  return recorder;
}

Deno.test("runCommand() prints the help", async () => {
  const { code, printed, complaints } = await run(["--help"]);
  assert.equal(code, 0);
  assert.equal(printed.length, 1);
  assert.match(printed[0]!, /^Hoist \d[^]*\nUsage: [^]*\nOptions:\n/);
  assert.deepEqual(complaints, []);
});

Deno.test("runCommand() prints the version", async () => {
  const { code, printed, complaints } = await run(["--version"]);
  assert.deepEqual([code, printed, complaints], [0, [`hoist ${VERSION}`], []]);
});

Deno.test("runCommand() complains of wrong usage", async () => {
  const { code, printed, complaints } = await run(["--nope"]);
  assert.equal(code, 2);
  assert.deepEqual(printed, []);
  assert.deepEqual(complaints, [
    "error: Unknown option --nope; --help shows what there is",
  ]);
});

Deno.test("runCommand() serves until the signal aborts", async () => {
  const lines = recordLog();
  const stop = new AbortController();
  const { outside, printed, complaints } = makeOutside({ signal: stop.signal });
  const ended = runCommand(
    parseCommand([...LOOPBACK, "--token", "secret"]),
    outside,
  );
  const [url] = urlOf(await lines.line(/startup/));
  await using connection = await connect("secret", { url });
  stop.abort();
  assert.deepEqual(await connection.closed, {
    code: 1001,
    reason: "server closed",
  });
  assert.equal(await ended, 0);
  assert.deepEqual([printed, complaints], [[], []]);
});

/** The URL in a startup line, for one item of it. */
function urlOf(line: string): [string] {
  const address = line.match(/starting server on (127\.0\.0\.1:[1-9]\d*)/)?.[1];
  assert(address !== undefined, line);
  return [`http://${address}`];
}

Deno.test("runCommand() ends well if the signal aborts while it reads a file", async () => {
  recordLog();
  const stop = new AbortController();
  const { code, complaints } = await run(
    [...LOOPBACK, "--token-file", "token.txt"],
    {
      signal: stop.signal,
      readTextFile: (_path) => {
        stop.abort();
        return Promise.resolve("secret");
      },
    },
  );
  assert.deepEqual([code, complaints], [0, []]);
});

Deno.test("runCommand() makes a token at random if none is given", async () => {
  assert.match(await startupLine([]), / with token [a-zA-Z]{25}$/);
});

Deno.test("runCommand() makes the token that --token-length and --token-alphabet ask for", async () => {
  const args = ["--token-length", "8", "--token-alphabet", "01"];
  assert.match(await startupLine(args), / with token [01]{8}$/);
});

Deno.test("runCommand() takes the token of --token and looks no further", async () => {
  const line = await startupLine(["--token", "flag"], {
    tokenVariable: () => assert.fail("HOIST_TOKEN was read"),
  });
  assert.match(line, / with token flag$/);
});

Deno.test("runCommand() prefers --token to --token-file", async () => {
  const lines = recordLog();
  const stop = new AbortController();
  const { outside } = makeOutside({ signal: stop.signal });
  const command = parseCommand([...LOOPBACK, "--token", "flag"]);
  assert(command.kind === "serve");
  // The arguments refuse this; the function must not depend on that.
  const flags: ServeFlags = { ...command.flags, tokenFile: "token.txt" };
  const ended = runCommand({ kind: "serve", flags }, outside);
  assert.match(await lines.line(/startup/), / with token flag$/);
  stop.abort();
  assert.equal(await ended, 0);
});

Deno.test("runCommand() prefers --token-file to HOIST_TOKEN", async () => {
  const line = await startupLine(["--token-file", "token.txt"], {
    readTextFile: (path) => Promise.resolve(`text of ${path}`),
    tokenVariable: () => assert.fail("HOIST_TOKEN was read"),
  });
  assert.match(line, / with token text of token\.txt$/);
});

Deno.test("runCommand() takes HOIST_TOKEN if there is no flag", async () => {
  const line = await startupLine([], { tokenVariable: () => "variable" });
  assert.match(line, / with token variable$/);
});

for (const end of ["\n", "\r\n", "\n\n", " \n", ""]) {
  Deno.test(`runCommand() does not take ${JSON.stringify(end)} at the end of the token file for a part of the token`, async () => {
    const line = await startupLine(["--token-file", "token.txt"], {
      readTextFile: () => Promise.resolve(`a b${end}`),
    });
    assert.match(line, / with token a b$/);
  });
}

const NO_TOKEN =
  "error: Cannot serve as the token must be a text of at least one character: leave it out to have one made";

Deno.test("runCommand() refuses an empty token file", async () => {
  const { code, complaints } = await run(
    [...LOOPBACK, "--token-file", "token.txt"],
    { readTextFile: () => Promise.resolve("\n") },
  );
  assert.deepEqual([code, complaints], [2, [NO_TOKEN]]);
});

Deno.test("runCommand() refuses an empty HOIST_TOKEN", async () => {
  const { code, complaints } = await run(LOOPBACK, { tokenVariable: () => "" });
  assert.deepEqual([code, complaints], [2, [NO_TOKEN]]);
});

for (
  const flags of [["--token-file", "a.txt"], [
    "--cert",
    "a.txt",
    "--key",
    "a.txt",
  ]]
) {
  Deno.test(`runCommand() says of ${flags[0]} that there is no such file`, async () => {
    const { code, complaints } = await run([...LOOPBACK, ...flags], {
      readTextFile: () =>
        Promise.reject(new Deno.errors.NotFound("os error 2")),
    });
    assert.equal(code, 1);
    assert.deepEqual(complaints, [
      "error: Cannot read a.txt: there is no such file",
    ]);
  });
}

Deno.test("runCommand() says that the permission to read is missing", async () => {
  const { code, complaints } = await run(
    [...LOOPBACK, "--token-file", "a.txt"],
    { readTextFile: () => Promise.reject(new Deno.errors.NotCapable("no")) },
  );
  assert.equal(code, 1);
  assert.deepEqual(complaints, [
    "error: Cannot read a.txt: the permission is missing, run with --allow-read",
  ]);
});

const REFUSED: readonly (readonly [readonly string[], string])[] = [
  [
    ["--port", "65536"],
    "error: Cannot listen as 'port' must be a whole number from 0 to 65535: current value is 65536",
  ],
  [
    ["--minimum-version", "1.2"],
    'error: Cannot serve as \'minimumVersion\' must be a version such as "1.2.3": current value is "1.2"',
  ],
  [
    ["--token-length", "0"],
    "error: Cannot make a token as its length must be a whole number from 1 to 1024: current value is 0",
  ],
  [
    ["--token-alphabet", "a"],
    "error: Cannot make a token as its alphabet must have at least two characters: current number is 1",
  ],
];

for (const [args, complaint] of REFUSED) {
  Deno.test(`runCommand() refuses ${args.join(" ")} without a stack`, async () => {
    const { code, complaints } = await run([...LOOPBACK, ...args]);
    assert.deepEqual([code, complaints], [2, [complaint]]);
  });
}

Deno.test("runCommand() refuses a hostname that is none without a stack", async () => {
  const { code, complaints } = await run(["-H", "a b", "-p", "0"]);
  assert.notEqual(code, 0);
  assert.equal(complaints.length, 1);
  assert.match(complaints[0]!, /^error: Cannot listen .*$/);
});

Deno.test("runCommand() says that the machine does not have an address", async () => {
  const { code, complaints } = await run(["-H", "192.0.2.1", "-p", "0"]);
  assert.equal(code, 1);
  assert.deepEqual(complaints, [
    "error: Cannot listen on 192.0.2.1:0: this machine does not have the address",
  ]);
});

Deno.test("runCommand() shows the stack of an error that it does not know", async () => {
  const { code, complaints } = await run(
    [...LOOPBACK, "--token-file", "a.txt"],
    { readTextFile: () => Promise.reject(new Error("unheard of")) },
  );
  assert.equal(code, 1);
  assert.match(complaints[0]!, /^error: Error: unheard of\n {4}at /);
});

/** Starts the command line, with permissions and arguments. */
function start(
  permissions: readonly string[],
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Program {
  return new Program([...permissions, `${ROOT}/mod.ts`, ...args], env);
}

/** Runs the command line to its end. */
async function finish(
  permissions: readonly string[],
  args: readonly string[],
): Promise<{ code: number; lines: readonly string[] }> {
  const { ended, output } = start(permissions, args);
  return { code: await ended, lines: output.lines };
}

const WITHOUT_SIGNALS = Deno.build.os === "windows";

Deno.test("--version prints the version, without any permission", async () => {
  const { code, lines } = await finish([], ["--version"]);
  assert.deepEqual([code, lines], [0, [`info hoist ${VERSION}`]]);
});

Deno.test("--help fits a terminal of 80 columns and 40 lines", async () => {
  const { code, lines } = await finish([], ["--help"]);
  assert.equal(code, 0);
  const text = lines.map((line) => line.replace(/^info /, ""));
  assert.deepEqual(text.filter((line) => line.length > 80), []);
  assert(text.length <= 40);
});

Deno.test("--help does not end with an empty line", async () => {
  const { lines } = await finish([], ["--help"]);
  assert.notEqual(lines.at(-1), "info ");
});

Deno.test("--help names every option", async () => {
  const { lines } = await finish([], ["--help"]);
  const help = lines.join("\n");
  const options =
    "-t, --token |--token-file |-H, --hostname |-p, --port |-m, --minimum-version |" +
    "--token-length |--token-alphabet |--hide-token |--cert |--key |-l, --log-level |" +
    "--debug |--trace |-v, --version |-h, --help ";
  for (const option of options.split("|")) {
    assert(help.includes(option), option);
  }
});

Deno.test({
  name: "the command line tells on standard error where it really listens",
  ignore: WITHOUT_SIGNALS,
  fn: async () => {
    await using program = start(["--allow-net"], [...LOOPBACK, "-t", "secret"]);
    const line = await program.line(/startup/);
    assert.match(
      line,
      /^error startup: starting server on 127\.0\.0\.1:[1-9]\d* with token secret$/,
    );
    const [url] = urlOf(line);
    const response = await fetch(`${url}/hoist/ack`);
    assert.equal((await response.json()).version, VERSION);
    assert.equal(await program.interrupt(), 0);
    // Nothing is on standard output.
    assert(program.output.lines.every((line) => line.startsWith("error ")));
  },
});

Deno.test({
  name: "--hide-token leaves the token out of the startup line",
  ignore: WITHOUT_SIGNALS,
  fn: async () => {
    const args = [...LOOPBACK, "-t", "secret", "--hide-token"];
    await using program = start(["--allow-net"], args);
    const line = await program.line(/startup/);
    assert.match(line, /^error startup: starting server on 127\.0\.0\.1:\d+$/);
    assert.equal(await program.interrupt(), 0);
  },
});

Deno.test({
  name: "--log-level error leaves nothing to read",
  ignore: WITHOUT_SIGNALS,
  fn: async () => {
    const { port } = freePort();
    const args = ["-H", "127.0.0.1", "-p", `${port}`, "-t", "a", "-l", "error"];
    await using program = start(["--allow-net"], args);
    await listens(port);
    assert.equal(await program.interrupt(), 0);
    assert.deepEqual(program.output.lines, []);
  },
});

function freePort(): Deno.NetAddr {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr as Deno.NetAddr;
}

/** Waits until somebody listens on a port. */
async function listens(port: number): Promise<void> {
  while (true) {
    try {
      return (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

Deno.test({
  name: "--debug shows payloads and requests, but not the token of a login",
  ignore: WITHOUT_SIGNALS,
  fn: async () => {
    const args = [...LOOPBACK, "-t", "secret", "--debug", "--hide-token"];
    await using program = start(["--allow-net"], args);
    const [url] = urlOf(await program.line(/startup/));
    await using connection = await connect("secret", { url });
    await connection.message("hello", { a: "payload" });
    await program.line(/^error http: GET \/hoist\/ack 200 in /);
    await program.line(/^error receive: .*"payload"/);
    assert.equal(await program.interrupt(), 0);
    assert.doesNotMatch(program.output.lines.join("\n"), /secret/);
  },
});

Deno.test({
  name: "--trace shows the function that wrote each line",
  ignore: WITHOUT_SIGNALS,
  fn: async () => {
    await using program = start(["--allow-net"], [
      ...LOOPBACK,
      "-t",
      "a",
      "--trace",
    ]);
    await program.line(/^error \[\w+\] startup: starting server/);
    assert.equal(await program.interrupt(), 0);
    assert.deepEqual(
      program.output.lines.filter((line) => !/^error \[\w+\] \w+: /.test(line)),
      [],
    );
  },
});

Deno.test({
  name: "--cert and --key make the command line speak TLS",
  ignore: WITHOUT_SIGNALS,
  fn: async () => {
    const directory = await Deno.makeTempDir();
    const { cert, key } = makeCertificate();
    await Deno.writeTextFile(`${directory}/cert.pem`, cert);
    await Deno.writeTextFile(`${directory}/key.pem`, key);
    await using program = start(
      ["--allow-net", `--allow-read=${directory}`],
      [
        ...LOOPBACK,
        ...["--cert", `${directory}/cert.pem`, "--key", `${directory}/key.pem`],
      ],
    );
    const [url] = urlOf(await program.line(/startup/));
    using client = Deno.createHttpClient({ caCerts: [cert] });
    const secureUrl = url.replace("http://127.0.0.1", "https://localhost");
    const response = await fetch(`${secureUrl}/hoist/ack`, { client });
    assert.equal((await response.json()).version, VERSION);
    assert.equal(await program.interrupt(), 0);
    await Deno.remove(directory, { recursive: true });
  },
});

const USAGE: readonly (readonly [readonly string[], string])[] = [
  [["--nope"], "error: Unknown option --nope; --help shows what there is"],
  [["start"], "error: Unknown command start; --help shows what there is"],
  [
    ["-p", "99999"],
    "error: Cannot listen as 'port' must be a whole number from 0 to 65535: current value is 99999",
  ],
];

for (const [args, complaint] of USAGE) {
  Deno.test(`the command line ends with 2 and one line at [${args.join(" ")}]`, async () => {
    const { code, lines } = await finish(["--allow-net"], args);
    assert.deepEqual([code, lines], [2, [`error ${complaint}`]]);
  });
}

Deno.test("the command line ends with 1 and one line at a busy port", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const args = ["-H", "127.0.0.1", "-p", `${port}`];
  const { code, lines } = await finish(["--allow-net"], args);
  assert.equal(code, 1);
  assert.deepEqual(lines, [
    `error error: Cannot listen on port ${port}: it is already in use, choose another or 0 for a free one`,
  ]);
});

Deno.test("the command line ends with 1 and one line without --allow-net", async () => {
  const { code, lines } = await finish([], []);
  assert.equal(code, 1);
  assert.deepEqual(lines, [
    "error error: Cannot listen on 0.0.0.0:5000: the permission is missing, run with --allow-net",
  ]);
});

Deno.test("the command line ends with 1 and one line without --allow-read", async () => {
  const args = [...LOOPBACK, "--token-file", "a.txt"];
  const { code, lines } = await finish(["--allow-net"], args);
  assert.equal(code, 1);
  assert.deepEqual(lines, [
    "error error: Cannot read a.txt: the permission is missing, run with --allow-read",
  ]);
});

Deno.test("the command line ends with one line at a certificate that is none", async () => {
  await using script = await makeScript("no certificate");
  const args = [...LOOPBACK, "--cert", script.path, "--key", script.path];
  const { code, lines } = await finish(["--allow-net", "--allow-read"], args);
  assert.notEqual(code, 0);
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /^error error: .*certificate/);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test({
    name: `${signal} closes the command line's server and tells its clients`,
    ignore: WITHOUT_SIGNALS,
    fn: async () => {
      await using program = start(["--allow-net"], [
        ...LOOPBACK,
        "-t",
        "secret",
      ]);
      const [url] = urlOf(await program.line(/startup/));
      await using connection = await connect("secret", { url });
      program.process.kill(signal);
      assert.deepEqual(await connection.closed, {
        code: 1001,
        reason: "server closed",
      });
      assert.equal(await program.ended, 0);
      const last = program.output.lines.at(-1);
      assert.equal(last, "error shutdown: the server is closed");
    },
  });
}

Deno.test({
  name: "HOIST_TOKEN is the token with --allow-env=HOIST_TOKEN",
  ignore: WITHOUT_SIGNALS,
  fn: async () => {
    const permissions = ["--allow-net", "--allow-env=HOIST_TOKEN"];
    await using program = start(permissions, LOOPBACK, {
      HOIST_TOKEN: "variable",
    });
    const line = await program.line(/startup/);
    assert.match(line, / with token variable$/);
    assert.equal(await program.interrupt(), 0);
  },
});

Deno.test({
  name: "HOIST_TOKEN is left alone without --allow-env, and nobody is asked",
  ignore: WITHOUT_SIGNALS,
  fn: async () => {
    const env = { HOIST_TOKEN: "variable" };
    await using program = start(["--allow-net"], LOOPBACK, env);
    const line = await program.line(/./);
    assert.match(line, /^error startup: .* with token [a-zA-Z]{25}$/);
    assert.equal(await program.interrupt(), 0);
  },
});

Deno.test({
  name: "a token is made with --allow-env=HOIST_TOKEN if there is no variable",
  ignore: WITHOUT_SIGNALS,
  fn: async () => {
    const permissions = ["--allow-net", "--allow-env=HOIST_TOKEN"];
    await using program = start(permissions, LOOPBACK);
    const line = await program.line(/startup/);
    assert.match(line, / with token [a-zA-Z]{25}$/);
    assert.equal(await program.interrupt(), 0);
  },
});

Deno.test("importing the library starts nothing", async () => {
  const module = import.meta.resolve("../mod.ts");
  await using script = await makeScript(
    `import "${module}"; console.log("done");`,
  );
  await using program = new Program([script.path, "--nope"]);
  assert.equal(await program.ended, 0);
  assert.deepEqual(program.output.lines, ["info done"]);
});
