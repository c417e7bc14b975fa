import assert from "node:assert/strict";
import { Hono } from "hono";
import { connect } from "../../client.ts";
import { Server } from "../../server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { firstMatch } from "../support/process.ts";
import { cleanEnvironment } from "../support/environment.ts";

Deno.test("Server.fetch is bound and works in Deno.serve", async () => {
  const hoist = new Server("test", { logger: new LogRecorder() });
  hoist.operation("who", (_data, { client }) => client.address);
  const { fetch } = hoist;
  await using http = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    fetch,
  );
  const url = `http://127.0.0.1:${http.addr.port}`;
  await using connection = await connect("test", { url });
  assert.match(String(await connection.operation("who")), /^127\.0\.0\.1:\d+$/);
  await hoist.close();
});

Deno.test("Server.fetch works in Hono below a path", async () => {
  const hoist = new Server("test", { logger: new LogRecorder() });
  hoist.operation("who", (_data, { client }) => client.address);
  const app = new Hono<{ Bindings: Deno.ServeHandlerInfo }>();
  app.get("/", (context) => context.text("the app"));
  app.all("/hoist/*", ({ req, env }) => hoist.fetch(req.raw, env));
  await using http = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    app.fetch,
  );
  const url = `http://127.0.0.1:${http.addr.port}`;
  assert.equal(await (await fetch(url)).text(), "the app");
  await using connection = await connect("test", { url });
  assert.match(String(await connection.operation("who")), /^127\.0\.0\.1:\d+$/);
  await hoist.close();
});

Deno.test("a server can be the default export of a module for deno serve", async () => {
  const directory = await Deno.makeTempDir();
  const module = new URL("../../mod.ts", import.meta.url).href;
  await Deno.writeTextFile(
    `${directory}/main.ts`,
    `import { Server } from "${module}";
     const server = new Server("test");
     server.operation("ping", () => "pong");
     export default server satisfies Deno.ServeDefaultExport;`,
  );
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args:
      `serve --check --allow-net --config ${config} --host 127.0.0.1 --port 0 main.ts`
        .split(" "),
    cwd: directory,
    ...cleanEnvironment({ NO_COLOR: "1" }),
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const url = await firstMatch(child.stderr, /http:\/\/127\.0\.0\.1:\d+/);
  await using connection = await connect("test", { url });
  assert.equal(await connection.operation("ping"), "pong");
  await connection.close();
  child.kill();
  await child.status;
  await Deno.remove(directory, { recursive: true });
});
