/** Options that a user appends to `deno task start`. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import config from "../../deno.json" with { type: "json" };
import { freePort } from "../../tools/lib/ports.ts";
import { firstMatch } from "../support/process.ts";
import { makeCertificate } from "../support/certificate.ts";
import { cleanEnvironment } from "../support/environment.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const LOOPBACK = ["--hostname", "127.0.0.1", "--port", "0"];

/** Runs `deno task start` until its startup line; returns the rest of the line. */
function start(...options: readonly string[]): Promise<string> {
  return startTask("start", ...options);
}

async function startTask(
  task: string,
  ...options: readonly string[]
): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["task", task, ...LOOPBACK, ...options],
    cwd: ROOT,
    ...cleanEnvironment({ NO_COLOR: "1" }),
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const [head, rest] = child.stderr.tee();
  const [line] = await Promise.all([
    firstMatch(head, /(?<=startup: ).*/).finally(() => child.kill("SIGINT")),
    new Response(rest).text(),
    child.status,
  ]);
  return line;
}

let directory = "";

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir();
  const { cert, key } = makeCertificate();
  await Deno.writeTextFile(join(directory, "cert.pem"), cert);
  await Deno.writeTextFile(join(directory, "key.pem"), key);
  await Deno.writeTextFile(join(directory, "token.txt"), "secret\n");
});

Deno.test.afterAll(() => Deno.remove(directory, { recursive: true }));

const IGNORE = Deno.build.os === "windows";

Deno.test({
  name: "deno task start accepts --token-file",
  ignore: IGNORE,
  fn: async () => {
    const file = join(directory, "token.txt");
    const line = await start("--token-file", file, "--show-token");
    assert.match(line, / with token secret$/);
  },
});

Deno.test({
  name: "deno task start accepts --cert and --key",
  ignore: IGNORE,
  fn: async () => {
    const cert = ["--cert", join(directory, "cert.pem")];
    const key = ["--key", join(directory, "key.pem")];
    assert.match(await start(...cert, ...key), / 127\.0\.0\.1:\d+ with token /);
  },
});

Deno.test({
  name:
    "deno task start:workers starts a worker, with all permissions that it needs",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const file = join(directory, "token.txt");
    // The system could give a port that it draws to a connection before the worker listens.
    const port = ["--port", String(freePort())];
    const broker = ["--broker", "redis://127.0.0.1:1"];
    const options = ["--workers", "1", ...broker, ...port];
    const line = await startTask("start:workers", ...options, "-t", "secret");
    assert.match(line, /^starting server on 127\.0\.0\.1:\d+$/);
    const shown = ["--token-file", file, "--show-token"];
    const other = await startTask("start:workers", ...options, ...shown);
    assert.match(other, / with token secret$/);
  },
});

Deno.test("the tasks that start a server show no progress of downloads", () => {
  // At the end of a download, Deno deletes the last lines of the terminal. At the first
  // start in a clone, the startup line with the token was often one of them.
  const commands = Object.entries(config.tasks)
    .filter(([name]) => name.startsWith("start"))
    .map(([, task]) => "command" in task ? task.command : "");
  assert.equal(commands.length, 2);
  for (const command of commands) assert.match(command, /^deno run --quiet /);
});

for (const url of ["redis://127.0.0.1:1", "nats://127.0.0.1:1"]) {
  Deno.test(`deno task start --broker ${url} names the task that has the engines`, async () => {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["task", "start", ...LOOPBACK, "--broker", url],
      cwd: ROOT,
      ...cleanEnvironment({ NO_COLOR: "1" }),
      stdin: "null",
    }).output();
    assert.equal(code, 1);
    assert.match(
      new TextDecoder().decode(stderr),
      /\nerror: Cannot use --broker: .* run 'deno task start:workers' instead of 'deno task start'\.\n$/,
    );
  });
}
