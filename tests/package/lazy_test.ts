/**
 * What a program does not need is not loaded: a copy of the package, whose modules
 * say so when they are.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The modules that are loaded only when they are needed. */
const LAZY = [
  "auth",
  "channel",
  "checks",
  "client_connection",
  "get_url",
  "open",
  "read_file",
  "reconnector",
];

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
  for (const { name } of Deno.readDirSync(ROOT)) {
    if (!/\.ts$|^deno\.json$/.test(name)) continue;
    await Deno.copyFile(join(ROOT, name), join(directory, name));
  }
  await Deno.symlink(join(ROOT, "links"), join(directory, "links"));
  for (const name of LAZY) {
    const path = join(directory, `${name}.ts`);
    const source = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, `${source}\nconsole.log("(${name})");\n`);
  }
});

Deno.test.afterAll(() => Deno.remove(directory, { recursive: true }));

/** Runs a program beside the copy of the package; returns the lines that it prints. */
async function run(
  program: string,
  permissions: readonly string[] = [],
): Promise<string[]> {
  const path = join(directory, "program.ts");
  await Deno.writeTextFile(path, program);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-check", "--no-lock", "--allow-net"],
      ...permissions,
      path,
    ],
    cwd: directory,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim().split("\n");
}

Deno.test("a server loads what checks a token at its first login, and never the client", async () => {
  const lines = await run(
    `import { serve } from "./mod.ts"; const more = {}; ${SERVE} ${RAW_LOGIN}`,
  );
  assert.deepEqual(lines, [
    "imported",
    "listening",
    "(auth)",
    "refused",
    "logged in",
    "logged in",
  ]);
});

Deno.test("a server with a login of its own never loads what checks a token", async () => {
  const lines = await run(
    `import { serve } from "./mod.ts";
    const more = { login: () => true }; ${SERVE} ${RAW_LOGIN}`,
  );
  const logins = Array(3).fill("logged in");
  assert.deepEqual(lines, ["imported", "listening", ...logins]);
});

Deno.test("a program loads the client when it connects", async () => {
  for (const module of ["./mod.ts", "./client.ts"]) {
    const lines = await run(
      `import { serve } from "./mod.ts"; import { connect } from "${module}";
      const more = { login: () => true }; ${SERVE} ${CONNECT}`,
    );
    assert.deepEqual(lines.toSorted(), [
      "(channel)",
      "(client_connection)",
      "(open)",
      "connected",
      "connected",
      "imported",
      "listening",
    ]);
    assert.deepEqual(lines.slice(0, 2), ["imported", "listening"]);
    assert.deepEqual(lines.slice(-2), ["connected", "connected"]);
  }
});

Deno.test("a program loads what comes back when it asks for that", async () => {
  const lines = await run(
    `import { connect, serve } from "./mod.ts";
    const more = { login: () => true }; ${SERVE}
    for (const reconnect of [false, true, {}]) {
      await using connection = await connect("test", { url: server.url, reconnect });
      console.log("connected");
    }`,
  );
  const loaded = lines.indexOf("(reconnector)");
  assert.equal(lines.lastIndexOf("(reconnector)"), loaded);
  assert.equal(lines.indexOf("connected"), loaded - 1);
  assert.deepEqual(lines.slice(loaded), [
    "(reconnector)",
    "connected",
    "connected",
  ]);
});

Deno.test("a program loads what checks its server when it asks for that", async () => {
  const lines = await run(
    `import { connect, defineContract, serve } from "./mod.ts";
    const contract = defineContract({});
    const more = { login: () => true, contract }; ${SERVE}
    for (const validate of ["none", "all", "all"] as const) {
      await using connection = await connect("test", { url: server.url, contract, validate });
      console.log("connected");
    }`,
  );
  const loaded = lines.indexOf("(checks)");
  assert.equal(lines.lastIndexOf("(checks)"), loaded);
  assert.deepEqual(lines.slice(loaded - 1), [
    "connected",
    "(checks)",
    "connected",
    "connected",
  ]);
});

Deno.test("a server loads what reads and fetches when a client asks for it", async () => {
  const lines = await run(
    `import { connect, serve } from "./mod.ts";
    import { fetchUrl, readFile } from "./builtins/mod.ts";
    const more = { login: () => true }; ${SERVE}
    server.operation("read", readFile({ root: "." }));
    server.operation("get", fetchUrl({ allow: ["http://localhost:1"] }));
    await using connection = await connect("test", { url: server.url });
    for (let n = 1; n <= 2; n++) {
      await connection.operation("read", { path: "none" }).catch(() => {});
      await connection.operation("get", { url: "http://x" }).catch(() => {});
    }`,
    ["--allow-read"],
  );
  assert.deepEqual(lines.slice(-2), ["(read_file)", "(get_url)"]);
});

Deno.test("a server that starts and answers touches no timer, whose first use takes its time", async () => {
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
