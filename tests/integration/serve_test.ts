import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import { serve, type ServeOptions, Server, start } from "../../server.ts";
import { VERSION } from "../../version.ts";
import { freePort } from "../../tools/lib/ports.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { RawClient } from "../support/raw_client.ts";
import { serveQuietly } from "../support/server.ts";

Deno.test("serve() listens on 0.0.0.0:5000 by default", async () => {
  const { serve: original } = Deno;
  const opened: { hostname?: string; port?: number }[] = [];
  Deno.serve = ((options: Deno.ServeTcpOptions, handler: Deno.ServeHandler) => {
    opened.push({ hostname: options.hostname!, port: options.port! });
    return original({ ...options, hostname: "127.0.0.1", port: 0 }, handler);
  }) as typeof Deno.serve;
  try {
    await using _server = serve("test", { logger: new LogRecorder() });
  } finally {
    Deno.serve = original;
  }
  assert.deepEqual(opened, [{ hostname: "0.0.0.0", port: 5000 }]);
});

Deno.test("serve() generates a token if it gets only options", async () => {
  await using server = serveWithoutToken({
    tokenLength: 12,
    tokenAlphabet: "ab",
  });
  assert.match(server.token, /^[ab]{12}$/);
  await using _connection = await connect(server.token, { url: server.url });
});

function serveWithoutToken(options: ServeOptions): Server {
  const where = { hostname: "127.0.0.1", port: 0, logger: new LogRecorder() };
  return serve({ ...where, ...options });
}

Deno.test("serve() rejects an empty token", () => {
  assert.throws(() => serve("", { port: 0 }), {
    name: "TypeError",
    message:
      "Cannot serve: the token must be a non-empty string. Omit it to generate one.",
  });
});

Deno.test("serve() rejects null as the token and a login that is not a function", () => {
  assert.throws(
    () => serve(null as unknown as string, { port: 0 }),
    /the token must be a non-empty string/,
  );
  const login = 5 as unknown as () => boolean;
  assert.throws(() => serve("test", { port: 0, login }), {
    name: "TypeError",
    message: "Cannot serve: 'login' must be a function. It is 5.",
  });
});

Deno.test("serve() rejects an invalid minimum version before it opens the port", () => {
  const port = freePort();
  assert.throws(
    () => serve("test", { hostname: "127.0.0.1", port, minimumVersion: "1.2" }),
    /'minimumVersion' must be a version such as "1\.2\.3"\. It is "1\.2"\.$/,
  );
  Deno.listen({ hostname: "127.0.0.1", port }).close();
});

Deno.test("start() returns a server that stays open at the end of its block", async () => {
  let server: Server;
  {
    server = start("test", {
      hostname: "127.0.0.1",
      port: 0,
      logger: new LogRecorder(),
    });
  }
  const answer = await fetch(`${server.url}/hoist/ack`);
  assert.equal((await answer.json()).version, VERSION);
  await server.close();
});

Deno.test("the server closes when its signal aborts", async () => {
  const controller = new AbortController();
  const server = serveQuietly({ signal: controller.signal });
  await using client = await RawClient.logIn(server);
  controller.abort();
  assert.equal((await client.closed).code, 1001);
  await server.finished;
});

Deno.test("new Server() with an aborted signal is closed", async () => {
  const server = new Server("test", {
    signal: AbortSignal.abort(),
    logger: new LogRecorder(),
  });
  await server.finished;
  assert.throws(
    () => server.listen({ port: 0 }),
    /the server is closed\. Create a new one\.$/,
  );
});

Deno.test("serve() with an aborted signal throws its reason", () => {
  const reason = new Error("cancelled");
  assert.throws(
    () => serveQuietly({ signal: AbortSignal.abort(reason) }),
    (error) => error === reason,
  );
});

Deno.test("a server that cannot listen ignores its signal afterwards", async () => {
  await using busy = serveQuietly({ port: freePort() });
  const controller = new AbortController();
  const logger = new LogRecorder();
  const { port } = busy.addr;
  const { signal } = controller;
  assert.throws(
    () => serveQuietly({ port, signal, logger }),
    Deno.errors.AddrInUse,
  );
  controller.abort();
  assert.deepEqual(logger.lines, []);
});

Deno.test("new Server() accepts options without a token", () => {
  const server = new Server({ tokenLength: 3, logger: new LogRecorder() });
  assert.match(server.token, /^[a-zA-Z]{3}$/);
});

Deno.test("listen() throws on the second call", async () => {
  await using server = serveQuietly();
  assert.throws(() => server.listen({ port: 0 }), {
    name: "HoistError",
    message:
      `Cannot listen: the server already listens on ${server.url}. Create another server for another port.`,
  });
});

Deno.test("addr and url throw for a server without a port", () => {
  const server = new Server("test", { logger: new LogRecorder() });
  assert.throws(
    () => server.addr,
    /the server does not listen\. Call listen\(\) first\.$/,
  );
  assert.throws(
    () => server.url,
    /the server does not listen\. Call listen\(\) first\.$/,
  );
});

Deno.test("a server is running from listen() to close()", async () => {
  const server = new Server("test", { logger: new LogRecorder() });
  assert.equal(server.running, false);
  server.listen({ hostname: "127.0.0.1", port: 0 });
  assert.equal(server.running, true);
  const closed = server.close();
  assert.equal(server.running, false);
  await closed;
  assert.equal(server.running, false);
});

Deno.test("onListen receives the bound address", async () => {
  const bound: Deno.NetAddr[] = [];
  await using server = serveQuietly({
    onListen: (address) => void bound.push(address),
  });
  assert.deepEqual(bound, [server.addr]);
});
