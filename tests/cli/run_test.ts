import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import { VERSION } from "../../version.ts";
import {
  LOOPBACK,
  run,
  runProgram,
  startProgram,
  urlOf,
} from "../support/command_line.ts";
import { makeCertificate } from "../support/certificate.ts";
import { freePort } from "../../tools/lib/ports.ts";
import { makeScript, Program } from "../support/program.ts";

const NET = ["--allow-net"];

const WITHOUT_SIGNALS = Deno.build.os === "windows";

/** Registers a test that ends a program with a signal. */
function signalTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: WITHOUT_SIGNALS, fn });
}

Deno.test("--help prints the help", async () => {
  const { code, printed, errors } = await run(["--help"]);
  assert.equal(code, 0);
  assert.equal(printed.length, 1);
  assert.match(printed[0]!, /^Hoist \d[^]*\nUsage: [^]*\nOptions:\n/);
  assert.deepEqual(errors, []);
});

Deno.test("--version prints the version without any permission", async () => {
  const { code, lines } = await runProgram([], ["--version"]);
  assert.deepEqual([code, lines], [0, [`info hoist ${VERSION}`]]);
});

const USAGE: readonly (readonly [readonly string[], string])[] = [
  [["--nope"], "Unknown option --nope."],
  [["--prot", "1"], "Unknown option --prot. Did you mean --port?"],
];

for (const [args, problem] of USAGE) {
  Deno.test(`[${args.join(" ")}] ends with 2 and one line`, async () => {
    const { code, lines } = await runProgram(NET, args);
    const help = "Run with --help to list the options.";
    assert.deepEqual([code, lines], [2, [`error error: ${problem} ${help}`]]);
  });
}

Deno.test("an unknown command ends with 2 and one line", async () => {
  const { code, lines } = await runProgram(NET, ["start"]);
  const problem = `Unknown command "start". Did you mean 'serve'?`;
  assert.deepEqual([code, lines], [2, [`error error: ${problem}`]]);
});

Deno.test("an invalid option ends with 2 and one line", async () => {
  const { code, lines } = await runProgram(NET, ["-p", "99999"]);
  assert.deepEqual([code, lines.length], [2, 1]);
  assert.match(lines[0]!, /^error error: Cannot listen: --port must be /);
});

signalTest(
  "the startup line on standard error names the real port",
  async () => {
    await using program = startProgram(NET, [...LOOPBACK, "-t", "secret"]);
    const line = await program.line(/startup/);
    assert.match(
      line,
      /^error .*startup: starting server on 127\.0\.0\.1:[1-9]\d*$/,
    );
    const response = await fetch(`${urlOf(line)}/hoist/ack`);
    assert.equal((await response.json()).version, VERSION);
    assert.equal(await program.interrupt(), 0);
    // Nothing is on standard output.
    assert(program.output.lines.every((line) => line.startsWith("error ")));
  },
);

signalTest("--show-token shows a given token in the startup line", async () => {
  const args = [...LOOPBACK, "-t", "secret", "--show-token"];
  await using program = startProgram(NET, args);
  assert.match(await program.line(/startup/), / with token secret$/);
  assert.equal(await program.interrupt(), 0);
});

signalTest(
  "--hide-token omits a random token from the startup line",
  async () => {
    const args = [...LOOPBACK, "--hide-token"];
    await using program = startProgram(NET, args);
    const line = await program.line(/startup/);
    assert.match(line, /startup: starting server on 127\.0\.0\.1:\d+$/);
    assert.equal(await program.interrupt(), 0);
  },
);

signalTest("--log-level error writes nothing", async () => {
  const port = freePort();
  const args = ["-H", "127.0.0.1", "-p", `${port}`, "-t", "a", "-l", "error"];
  await using program = startProgram(NET, args);
  await listens(port);
  assert.equal(await program.interrupt(), 0);
  assert.deepEqual(program.output.lines, []);
});

/** Waits until a program listens on a port. */
async function listens(port: number): Promise<void> {
  while (true) {
    try {
      return (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

signalTest(
  "--debug logs payloads and requests, but not the token of a login",
  async () => {
    const args = [...LOOPBACK, "-t", "secret", "--debug", "--hide-token"];
    await using program = startProgram(NET, args);
    const url = urlOf(await program.line(/startup/));
    await using connection = await connect("secret", { url });
    await connection.message("hello", { a: "payload" });
    await program.line(/^error .*http: GET \/hoist\/ack 200 in /);
    await program.line(/^error .*receive: .*"payload"/);
    assert.equal(await program.interrupt(), 0);
    assert.doesNotMatch(program.output.lines.join("\n"), /secret/);
  },
);

signalTest(
  "--trace begins each line with the function that caused it",
  async () => {
    const args = [...LOOPBACK, "-t", "a", "--trace"];
    await using program = startProgram(NET, args);
    await program.line(/^error .*\(start\) startup: starting server/);
    assert.equal(await program.interrupt(), 0);
    const untraced = program.output.lines.filter((line) =>
      !/^error .*\(\w+\) \w+: /.test(line)
    );
    assert.deepEqual(untraced, []);
  },
);

signalTest("--cert and --key enable TLS", async () => {
  const directory = await Deno.makeTempDir();
  const { cert, key } = makeCertificate();
  const files = [`${directory}/cert.pem`, `${directory}/key.pem`] as const;
  await Deno.writeTextFile(files[0], cert);
  await Deno.writeTextFile(files[1], key);
  const args = [...LOOPBACK, "--cert", files[0], "--key", files[1]];
  const permissions = [...NET, `--allow-read=${directory}`];
  await using program = startProgram(permissions, args);
  const url = urlOf(await program.line(/startup/));
  using client = Deno.createHttpClient({ caCerts: [cert] });
  const secureUrl = url.replace("http://127.0.0.1", "https://localhost");
  const response = await fetch(`${secureUrl}/hoist/ack`, { client });
  assert.equal((await response.json()).version, VERSION);
  assert.equal(await program.interrupt(), 0);
  await Deno.remove(directory, { recursive: true });
});

Deno.test("a port in use ends with 1 and one line", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const args = ["-H", "127.0.0.1", "-p", `${port}`];
  const { code, lines } = await runProgram(NET, args);
  assert.deepEqual([code, lines.length], [1, 1]);
  const start = `error error: Cannot listen on port ${port}: `;
  assert(lines[0]!.startsWith(start), lines[0]);
});

Deno.test("a missing --allow-net ends with 1 and one line", async () => {
  const { code, lines } = await runProgram([], []);
  assert.deepEqual([code, lines.length], [1, 1]);
  assert.match(lines[0]!, /Cannot listen on 0\.0\.0\.0:5000: .* --allow-net/);
});

Deno.test("a missing --allow-read ends with 1 and one line", async () => {
  const args = [...LOOPBACK, "--token-file", "a.txt"];
  const { code, lines } = await runProgram(NET, args);
  assert.deepEqual([code, lines.length], [1, 1]);
  assert.match(
    lines[0]!,
    /Cannot read the file of --token-file: .* Run with --allow-read\.$/,
  );
});

Deno.test("an invalid certificate ends with one line", async () => {
  await using script = await makeScript("no certificate");
  const args = [...LOOPBACK, "--cert", script.path, "--key", script.path];
  const { code, lines } = await runProgram([...NET, "--allow-read"], args);
  assert.notEqual(code, 0);
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /^error error: .*certificate/);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  signalTest(`${signal} closes the server with 1001`, async () => {
    await using program = startProgram(NET, [...LOOPBACK, "-t", "secret"]);
    const url = urlOf(await program.line(/startup/));
    await using connection = await connect("secret", { url });
    program.process.kill(signal);
    assert.deepEqual(await connection.closed, {
      code: 1001,
      reason: "server closed",
    });
    assert.equal(await program.ended, 0);
    assert.match(
      program.output.lines.at(-1)!,
      /shutdown: server closed$/,
    );
  });
}

const ENV = [...NET, "--allow-env=HOIST_TOKEN"];

signalTest(
  "HOIST_TOKEN is the token with --allow-env=HOIST_TOKEN",
  async () => {
    const env = { HOIST_TOKEN: "variable" };
    await using program = startProgram(ENV, [...LOOPBACK, "--show-token"], env);
    assert.match(await program.line(/startup/), / with token variable$/);
    assert.equal(await program.interrupt(), 0);
  },
);

signalTest(
  "HOIST_TOKEN is ignored without --allow-env, and without a prompt",
  async () => {
    const env = { HOIST_TOKEN: "variable" };
    await using program = startProgram(NET, LOOPBACK, env);
    const line = await program.line(/./);
    assert.match(line, /startup: .* with token [a-zA-Z]{25}$/);
    assert.equal(await program.interrupt(), 0);
  },
);

signalTest("the token is random if HOIST_TOKEN is not set", async () => {
  await using program = startProgram(ENV, LOOPBACK);
  const line = await program.line(/startup/);
  assert.match(line, / with token [a-zA-Z]{25}$/);
  assert.equal(await program.interrupt(), 0);
});

Deno.test("importing the library does not run the command line", async () => {
  const module = import.meta.resolve("../../mod.ts");
  await using script = await makeScript(
    `import "${module}"; console.log("done");`,
  );
  await using program = new Program([script.path, "--nope"]);
  assert.equal(await program.ended, 0);
  assert.deepEqual(program.output.lines, ["info done"]);
});
