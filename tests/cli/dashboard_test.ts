import assert from "node:assert/strict";
import { runCommand } from "../../cli/commands.ts";
import type { CommandContext } from "../../cli/context.ts";
import { connect } from "../../client.ts";
import {
  LOOPBACK,
  makeContext,
  problemOf,
  recordLog,
  run,
} from "../support/command_line.ts";

/** What a server with a dashboard writes when it starts. */
interface Started extends AsyncDisposable {
  readonly startup: string;
  /** The lines that no collector of the console gets */
  readonly secrets: readonly string[];
  readonly others: readonly string[];
}

/** Starts a server on the command line. */
async function start(
  args: readonly string[],
  changes: Partial<CommandContext> = {},
): Promise<Started> {
  const log = recordLog();
  const stop = new AbortController();
  const secrets: string[] = [];
  const printed = Promise.withResolvers<void>();
  const { context, errors } = makeContext({
    writeError: (text) => {
      secrets.push(text.replace(/\n$/, ""));
      printed.resolve();
    },
    ...changes,
    signal: stop.signal,
  });
  const ended = runCommand([...LOOPBACK, ...args], context);
  const startup = await log.line(/starting server/);
  if (args.includes("--dashboard")) await printed.promise;
  return {
    startup,
    secrets,
    others: errors,
    async [Symbol.asyncDispose]() {
      stop.abort();
      assert.equal(await ended, 0);
    },
  };
}

/** Returns whether a token opens the admin contract. */
async function isAdmin(url: string, token: string): Promise<boolean> {
  await using connection = await connect(token, { url });
  return await connection.operation("hoist.admin.health").then(
    () => true,
    () => false,
  );
}

Deno.test("--dashboard writes the URL and a random admin token, beside that of the clients", async () => {
  await using started = await start(["--dashboard"]);
  assert.equal(started.secrets.length, 1);
  const [, origin = "", token = ""] = started.secrets[0]!.match(
    /INFO startup: the dashboard is at (http:\/\/127\.0\.0\.1:\d+)\/hoist\/dashboard\/ with admin token ([a-zA-Z]{25})$/,
  ) ?? [];
  const clients = started.startup.match(/with token ([a-zA-Z]{25})$/)?.[1];
  assert(clients !== undefined && clients !== token);
  assert.equal(await isAdmin(origin, token), true);
  assert.equal(await isAdmin(origin, clients), false);
  const page = await fetch(`${origin}/hoist/dashboard/`);
  assert.match(await page.text(), /dashboard\.js/);
  assert(!started.others.join().includes(token));
});

Deno.test("--dashboard keeps a given token of the clients, which the startup line omits", async () => {
  await using started = await start(["--dashboard", "--token", "a secret"]);
  assert.doesNotMatch(started.startup, /secret|token/);
  const [origin = ""] = started.secrets[0]!.match(/http:\/\/[\d.:]+/) ?? [];
  assert.equal(await isAdmin(origin, "a secret"), false);
});

Deno.test("--token-length and --token-alphabet define the token of the clients, also with --dashboard", async () => {
  const args = ["--token-length", "40", "--token-alphabet", "01"];
  await using started = await start(["--dashboard", ...args]);
  assert.match(started.startup, /with token [01]{40}$/);
});

Deno.test("--admin-token-file names the token of admins, which no line contains", async () => {
  const args = ["--dashboard", "--hide-token", "--admin-token-file", "a.txt"];
  await using started = await start(args, {
    readTextFile: () => Promise.resolve("a long admin token\n"),
  });
  const [line = ""] = started.secrets;
  assert.match(line, /the dashboard is at http\S+\/hoist\/dashboard\/$/);
  const lines = [started.startup, ...started.secrets, ...started.others];
  assert.doesNotMatch(lines.join("\n"), /long admin|with token/);
  const origin = line.match(/http:\/\/[\d.:]+/)![0];
  assert.equal(await isAdmin(origin, "a long admin token"), true);
});

Deno.test("--admin-token-file alone allows admins, without a dashboard", async () => {
  await using started = await start(["--admin-token-file", "admin.txt"], {
    readTextFile: () => Promise.resolve("a long admin token"),
  });
  const [address] = started.startup.match(/127\.0\.0\.1:\d+/)!;
  assert.equal(await isAdmin(`http://${address}`, "a long admin token"), true);
  const response = await fetch(`http://${address}/hoist/dashboard/`);
  assert.match(await response.text(), /This is a Hoist server/);
  assert.deepEqual(started.secrets, []);
});

Deno.test("--log-format json has the URL and the token as fields", async () => {
  await using started = await start(["--dashboard", "--log-format", "json"]);
  const { url, adminToken, message } = JSON.parse(started.secrets[0]!);
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/hoist\/dashboard\/$/);
  assert(message.endsWith(`${url} with admin token ${adminToken}`));
});

Deno.test("--dashboard and --hide-token need --admin-token-file", () => {
  assert.equal(
    problemOf(["--dashboard", "--hide-token"]),
    "With --hide-token, nothing shows the random admin token of --dashboard. Pass one with --admin-token-file. Run with --help to list the options.",
  );
});

for (
  const [content, problem] of [
    ["", "the file is empty"],
    ["a\nb", "more than one line"],
  ] as const
) {
  Deno.test(`--admin-token-file rejects ${JSON.stringify(content)}`, async () => {
    recordLog();
    const args = [...LOOPBACK, "--admin-token-file", "admin.txt"];
    const { code, errors } = await run(args, {
      readTextFile: () => Promise.resolve(content),
    });
    assert.equal(code, 1);
    assert(errors.join().includes(problem));
  });
}

Deno.test("the token of admins must differ from that of the clients", async () => {
  recordLog();
  const args = [
    ...LOOPBACK,
    "--token",
    "shared secret",
    "--admin-token-file",
    "a",
  ];
  const { code, errors } = await run(args, {
    readTextFile: () => Promise.resolve("shared secret"),
  });
  assert.equal(code, 2);
  assert.match(
    errors.join(),
    /^error: Cannot serve: .* Write another one into the file of --admin-token-file\.$/,
  );
  assert(!errors.join().includes("shared secret"));
});
