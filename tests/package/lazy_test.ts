/**
 * Modules that a program does not need are not loaded. The tests run programs beside a
 * copy of the package, in which each lazy module prints its name.
 */

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { run as runProcess } from "../support/process.ts";
import { LAZY, readSources } from "../support/modules.ts";
import { cleanEnvironment } from "../support/environment.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const SERVE = `
  const options = { hostname: "127.0.0.1", port: 0, logLevel: "error" } as const;
  console.log("imported");
  await using server = serve("test", { ...options, ...more });
  console.log("listening");
`;

const RAW_LOGIN = `
  for (const token of ["tesT", "test", "test"]) {
    const socket = new WebSocket(server.url.replace("http", "ws") + "/hoist");
    socket.onopen = () =>
      socket.send(JSON.stringify({ id: 0, token, version: "1.0.0" }));
    const { data } = await new Promise((resolve) => socket.onmessage = resolve);
    console.log(JSON.parse(data).success ? "logged in" : "refused");
    socket.close();
    await new Promise((resolve) => socket.onclose = resolve);
  }
`;

const CONNECT = `
  for (let n = 1; n <= 2; n++) {
    await using connection = await connect("test", { url: server.url });
    console.log("connected");
  }
`;

let directory = "";

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir();
  for (const [path, source] of await readSources()) {
    const isLazy = LAZY.includes(path);
    const code = isLazy ? `${source}\nconsole.log("(${path})");\n` : source;
    const target = join(directory, path);
    await Deno.mkdir(dirname(target), { recursive: true });
    await Deno.writeTextFile(target, code);
  }
  const config = await Deno.readTextFile(join(ROOT, "deno.json"));
  await Deno.writeTextFile(join(directory, "deno.json"), config);
  await Deno.mkdir(join(directory, "tools"));
  const links = join(directory, "tools/links");
  await Deno.symlink(join(ROOT, "tools/links"), links);
});

Deno.test.afterAll(() => Deno.remove(directory, { recursive: true }));

/** Runs a program beside the copy of the package; returns the lines of its output. */
async function run(
  program: string,
  permissions: readonly string[] = [],
): Promise<string[]> {
  const path = join(directory, "program.ts");
  await Deno.writeTextFile(path, program);
  const flags = ["--no-check", "--no-lock", "--allow-net", ...permissions];
  const env = { NO_COLOR: "1" };
  const args = ["run", ...flags, path];
  const output = await runProcess(Deno.execPath(), args, {
    cwd: directory,
    env,
  });
  return output.trim().split("\n");
}

/** Logs the modules of Node.js that the package loads later. */
const WATCH_NODE = `
  const real = process.getBuiltinModule;
  process.getBuiltinModule = (name) => (console.log(name), real(name));
`;

Deno.test("a server loads node:crypto at its first login, and never the client", async () => {
  const lines = await run(
    `import { serve } from "./mod.ts"; const more = {};
    ${WATCH_NODE} ${SERVE} ${RAW_LOGIN}`,
  );
  assert.deepEqual(lines, [
    "imported",
    "listening",
    "node:crypto",
    "refused",
    "logged in",
    "logged in",
  ]);
});

Deno.test("a server with a login function never loads node:crypto", async () => {
  const lines = await run(
    `import { serve } from "./mod.ts";
    const more = { login: () => true }; ${WATCH_NODE} ${SERVE} ${RAW_LOGIN}`,
  );
  const logins = Array(3).fill("logged in");
  assert.deepEqual(lines, ["imported", "listening", ...logins]);
});

Deno.test("a program loads the client when it connects first", async () => {
  for (const module of ["./mod.ts", "./client.ts"]) {
    const lines = await run(
      `import { serve } from "./mod.ts"; import { connect } from "${module}";
      const more = { login: () => true }; ${SERVE} ${CONNECT}`,
    );
    assert.deepEqual(lines.toSorted(), [
      "(client/deno_socket_opener.ts)",
      "(client/link_factory.ts)",
      "connected",
      "connected",
      "imported",
      "listening",
    ]);
    assert.deepEqual(lines.slice(0, 2), ["imported", "listening"]);
    assert.deepEqual(lines.slice(-2), ["connected", "connected"]);
  }
});

Deno.test("a program loads nothing else for any option of a client", async () => {
  const lines = await run(
    `import { connect, createConnection, defineContract, serve } from "./mod.ts";
    const contract = defineContract({});
    const more = { login: () => true, contract }; ${SERVE}
    const strict = { url: server.url, contract, validate: "all" } as const;
    {
      await using connection = createConnection("test", strict);
      console.log(connection.state);
      await connection.opened;
    }
    for (const reconnect of [false, true, {}]) {
      await using connection = await connect("test", { ...strict, reconnect });
      console.log("connected");
    }`,
  );
  assert.deepEqual(lines, [
    ...["imported", "listening", "connecting", "(client/link_factory.ts)"],
    "(client/deno_socket_opener.ts)",
    ...["connected", "connected", "connected"],
  ]);
});

Deno.test("a server loads the format of the metrics only with the option", async () => {
  const lines = await run(
    `import { serve as start } from "./mod.ts";
    const admin = { name: "ops", token: "an admin", admin: true };
    const serve = (token, options) => start(token, { ...options, tokens: [admin] });
    const more = { metrics: true }; ${SERVE}
    const headers = { authorization: "Bearer an admin" };
    const response = await fetch(server.url + "/hoist/metrics", { headers });
    console.log(response.status, (await response.text()).slice(0, 6));`,
  );
  assert.deepEqual(lines.toSorted(), [
    "(admin/serve_admin.ts)",
    "(server/prometheus.ts)",
    "200 # HELP",
    "imported",
    "listening",
  ]);
});

Deno.test("a server loads the dashboard only with the option", async () => {
  const lines = await run(
    `import { serve as start } from "./mod.ts";
    const admin = { name: "ops", token: "an admin", admin: true };
    const serve = (token, options) => start(token, { ...options, tokens: [admin] });
    const more = { dashboard: true }; ${SERVE}
    const response = await fetch(server.url + "/hoist/dashboard/");
    console.log(response.status, (await response.text()).slice(0, 15));`,
  );
  assert.deepEqual(lines.toSorted(), [
    "(admin/dashboard.ts)",
    "(admin/serve_admin.ts)",
    "200 <!DOCTYPE html>",
    "imported",
    "listening",
  ]);
});

Deno.test("a server loads the built-in operations when it registers them", async () => {
  const lines = await run(
    `import { serve } from "./mod.ts";
    import { fetchUrl, readFile } from "./builtins/mod.ts";
    const more = { login: () => true }; ${SERVE}
    server.operation("read", readFile({ root: "." }));
    server.operation("get", fetchUrl({ allow: ["http://localhost:1"] }));
    await fetch(server.url).then((response) => response.text());`,
    ["--allow-read"],
  );
  assert.deepEqual(lines.slice(0, 2), ["imported", "listening"]);
  assert.deepEqual(lines.slice(2).toSorted(), [
    "(builtins/get.ts)",
    "(builtins/read.ts)",
  ]);
});

/** Runs the command line of the copy until it ends; returns the modules that it loads. */
async function loadedBy(...args: readonly string[]): Promise<string[]> {
  const module = join(directory, "mod.ts");
  const flags = ["--no-check", "--no-lock", "--allow-net=127.0.0.1"];
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["run", ...flags, module, ...args],
    cwd: directory,
    ...cleanEnvironment({ NO_COLOR: "1" }),
    stdin: "null",
  }).output();
  const lines = new TextDecoder().decode(output.stdout).split("\n");
  return lines.filter((line) => /^\(.*\)$/.test(line)).toSorted();
}

Deno.test("each command loads its own module only", async () => {
  // The address of another machine ends the server at once.
  const serve = await loadedBy("serve", "--hostname", "192.0.2.1");
  assert.deepEqual(serve, ["(cli/commands.ts)", "(cli/serve.ts)"]);
  const url = "http://127.0.0.1:1";
  const call = await loadedBy("call", "add", "-t", "a", "-u", url);
  assert.deepEqual(call, [
    ...["(cli/commands.ts)", "(cli/requests.ts)", "(client/link_factory.ts)"],
  ]);
  const token = await loadedBy("token");
  assert.deepEqual(token, ["(cli/commands.ts)", "(cli/tokens.ts)"]);
  const help = await loadedBy("call", "--help");
  assert.deepEqual(help, ["(cli/commands.ts)", "(cli/help.ts)"]);
});

Deno.test("a server that starts and answers uses no timer, because the first use is slow", async () => {
  const lines = await run(`
    for (const name of ["setTimeout", "clearTimeout", "setInterval"]) {
      const real = globalThis[name];
      globalThis[name] = (...args) => (console.log(name), real(...args));
    }
    const { Server } = await import("./mod.ts");
    const server = new Server("test", { logLevel: "error" });
    const request = new Request("http://localhost/hoist/ack");
    console.log(server.fetch(request).status);
    Deno.exit();
  `);
  assert.deepEqual(lines, ["200"]);
});
