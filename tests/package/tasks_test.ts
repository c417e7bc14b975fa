/** Options that a user appends to `deno task start`. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { firstMatch } from "../support/process.ts";
import { makeCertificate } from "../support/certificate.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const LOOPBACK = ["--hostname", "127.0.0.1", "--port", "0"];

/** Runs `deno task start` until its startup line; returns the rest of the line. */
async function start(...options: readonly string[]): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["task", "start", ...LOOPBACK, ...options],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
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
