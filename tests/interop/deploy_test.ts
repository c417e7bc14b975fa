/** Runs what `examples/deploy/` contains: the commands of Docker and systemd, and nginx. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { connect } from "../../client.ts";
import { makeCertificate } from "../support/certificate.ts";
import { hasNginx, Nginx } from "../support/nginx.ts";
import { freePort } from "../../tools/lib/ports.ts";
import { cleanEnvironment } from "../support/environment.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const FOLDER = join(ROOT, "examples/deploy");
const TOKEN = "of-the-clients-of-the-service";

const read = (file: string) => Deno.readTextFile(join(FOLDER, file));

/** Returns a command of the Dockerfile, such as `CMD`. */
async function dockerCommand(instruction: RegExp): Promise<string[]> {
  const [, json] = (await read("Dockerfile")).match(instruction) ?? [];
  assert(json !== undefined, "the Dockerfile has no such command");
  return JSON.parse(json);
}

/** Returns the command of the unit. */
async function unitCommand(): Promise<string[]> {
  const [, command] = (await read("hoist.service")).match(/^ExecStart=(.*)$/m)!;
  return command!.split(" ");
}

/** Runs a command of Deno in the folder, whose modules are those of the clone. */
function run(
  [, ...args]: readonly string[],
  replace: Readonly<Record<string, string>>,
  more: readonly string[] = [],
): Deno.ChildProcess {
  const replaced = args.map((arg) =>
    Object.entries(replace).reduce(
      (text, [from, to]) => text.replaceAll(from, to),
      arg,
    )
  );
  const [first = "", ...rest] = replaced;
  return new Deno.Command(Deno.execPath(), {
    args: [first, "--config", join(ROOT, "deno.json"), ...rest, ...more],
    cwd: FOLDER,
    ...cleanEnvironment({ NO_COLOR: "1" }),
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
}

/** Resolves when the health check of the Dockerfile succeeds. */
async function becomesHealthy(port: number): Promise<void> {
  const health = await dockerCommand(/^ +CMD (\[.*\])$/m);
  for (;;) {
    const { success } = await run(health, {}, [String(port)]).status;
    if (success) return;
  }
}

const COMMANDS = {
  Dockerfile: {
    command: () => dockerCommand(/^CMD (\[.*\])$/m),
    secrets: "/run/secrets",
    more: [],
  },
  "hoist.service": {
    command: unitCommand,
    secrets: "%d",
    more: ["127.0.0.1"],
  },
} as const;

for (const [file, { command, secrets, more }] of Object.entries(COMMANDS)) {
  Deno.test(`the server of ${file} runs, is healthy, and ends at SIGTERM`, async () => {
    const folder = await Deno.makeTempDir();
    for (const name of ["token", "hoist_token"]) {
      await Deno.writeTextFile(join(folder, name), `${TOKEN}\n`);
    }
    const port = freePort();
    const rest = [...more, String(port)];
    const server = run(await command(), { [secrets]: folder }, rest);
    try {
      await becomesHealthy(port);
      await using connection = await connect(TOKEN, {
        url: `http://127.0.0.1:${port}`,
      });
      assert.match(String(await connection.operation("time")), /^20\d\d-/);
    } finally {
      server.kill("SIGTERM");
    }
    assert.equal((await server.status).code, 0);
    await Deno.remove(folder, { recursive: true });
  });
}

Deno.test("the health check fails if nothing listens", async () => {
  const health = await dockerCommand(/^ +CMD (\[.*\])$/m);
  const { code } = await run(health, {}, [String(freePort())]).status;
  assert.equal(code, 1);
});

Deno.test({
  name: "nginx.conf carries WebSockets over TLS, and hides the health check",
  ignore: !hasNginx,
  fn: async () => {
    const [port, target] = [freePort(), freePort()];
    const folder = await Deno.makeTempDir();
    await Deno.writeTextFile(join(folder, "token"), TOKEN);
    const rest = ["127.0.0.1", String(target)];
    const server = run(await unitCommand(), { "%d": folder }, rest);
    const { cert, key } = makeCertificate();
    for (const [name, pem] of [["cert", cert], ["key", key]] as const) {
      await Deno.writeTextFile(join(folder, name), pem);
    }
    const given = await read("nginx.conf");
    const site = given.replace("listen 443", `listen 127.0.0.1:${port}`)
      .replace("127.0.0.1:5000", `127.0.0.1:${target}`)
      .replace("server_name example.org", "server_name localhost")
      .replace("/etc/ssl/example.org.pem", join(folder, "cert"))
      .replace("/etc/ssl/example.org.key", join(folder, "key"));
    try {
      await becomesHealthy(target);
      await using _nginx = await Nginx.start(port, () => site);
      const url = `https://localhost:${port}`;
      await using connection = await connect(TOKEN, { url, caCerts: [cert] });
      assert.match(String(await connection.operation("time")), /^20\d\d-/);
      assert.equal(await statusOf(`${url}/hoist/health`, cert), 200);
      const stranger = "127.0.0.2";
      assert.equal(await statusOf(`${url}/hoist/health`, cert, stranger), 403);
      assert.equal(await statusOf(`${url}/hoist/ack`, cert, stranger), 200);
    } finally {
      server.kill("SIGTERM");
      await server.status;
      await Deno.remove(folder, { recursive: true });
    }
  },
});

/** Returns the status of a response to a client with an address. */
async function statusOf(
  url: string,
  cert: string,
  localAddress = "127.0.0.1",
): Promise<number> {
  using client = Deno.createHttpClient({ caCerts: [cert], localAddress });
  const response = await fetch(url, { client });
  await response.body?.cancel();
  return response.status;
}
