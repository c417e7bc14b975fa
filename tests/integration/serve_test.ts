import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import { serve, type ServeOptions, Server, start } from "../../server.ts";
import { VERSION } from "../../version.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { message, operation, RawClient } from "../support/raw_client.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { TcpPeer } from "../support/tcp_peer.ts";
import { gate } from "../support/timing.ts";

async function isFree(server: Server): Promise<boolean> {
  const { hostname, port } = server.addr;
  try {
    Deno.listen({ hostname, port }).close();
    return true;
  } catch {
    return await Promise.resolve(false);
  }
}

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
  await using connection = await connect(server.token, { url: server.url });
  assert(connection);
});

function serveWithoutToken(options: ServeOptions): Server {
  const where = { hostname: "127.0.0.1", port: 0, logger: new LogRecorder() };
  return serve({ ...where, ...options });
}

Deno.test("serve() rejects an empty token", () => {
  assert.throws(() => serve("", { port: 0 }), {
    name: "TypeError",
    message:
      "Cannot serve as the token must be a text of at least one character: leave it out to have one made",
  });
});

Deno.test("serve() rejects null as the token and a login that is not a function", () => {
  assert.throws(
    () => serve(null as unknown as string, { port: 0 }),
    /the token must be a text of at least one character/,
  );
  const login = 5 as unknown as () => boolean;
  assert.throws(() => serve("test", { port: 0, login }), {
    name: "TypeError",
    message:
      "Cannot serve as 'login' must be a function: current value is of type number",
  });
});

Deno.test("serve() rejects an invalid minimum version before it opens the port", () => {
  const port = freePort();
  assert.throws(
    () => serve("test", { hostname: "127.0.0.1", port, minimumVersion: "1.2" }),
    /'minimumVersion' must be a version such as "1\.2\.3": current value is "1\.2"$/,
  );
  Deno.listen({ hostname: "127.0.0.1", port }).close();
});

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

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

Deno.test("an await using block closes the server and frees the port", async () => {
  let server: Server;
  {
    await using block = serveQuietly();
    server = block;
    assert.equal(await isFree(server), false);
  }
  assert.equal(await isFree(server), true);
  await server.finished;
});

Deno.test("close() returns the same promise on every call", async () => {
  const server = serveQuietly();
  const closing = server.close();
  assert.equal(server.close(), closing);
  await closing;
  assert.equal(server.close(), closing);
});

Deno.test("close() closes all connections with 1001", async () => {
  const server = serveQuietly();
  await using client = await RawClient.logIn(server);
  await using silent = await RawClient.open(server);
  await server.close();
  const expected = { code: 1001, reason: "server closed" };
  assert.deepEqual(await client.closed, expected);
  assert.deepEqual(await silent.closed, expected);
});

Deno.test("close() finishes pending requests and accepts no new ones", async () => {
  const logger = new LogRecorder();
  // Longer than the test, so the server must notice itself that nothing is pending.
  const closeTimeout = 2 ** 31 - 1;
  const server = serveQuietly({ closeTimeout, logger, logLevel: "debug" });
  const { opened, open } = gate();
  const calls: unknown[] = [];
  server.operation("slow", ({ n }) => opened.then(() => calls.push(n)));
  await using client = await RawClient.logIn(server);
  await using idle = await RawClient.logIn(server);
  client.send(operation(1, "slow", { n: "before" }));
  client.send(message(2, "mark"));
  while ((await client.next()).message !== "done");
  const closing = server.close();
  assert.equal((await idle.closed).code, 1001);
  client.send(operation(3, "slow", { n: "after" }));
  await logger.line(/receive: .*"after"/);
  open();
  assert.deepEqual((await client.next()).data, { result: 1 });
  assert.equal((await client.closed).code, 1001);
  await closing;
  assert.deepEqual(calls, ["before"]);
});

Deno.test("pending handlers can broadcast while the server closes", async () => {
  const server = serveQuietly();
  const { opened, open } = gate();
  server.operation("slow", () => opened.then(() => server.broadcast("last")));
  await using client = await RawClient.logIn(server);
  await using leaving = await RawClient.logIn(server);
  for (const busy of [client, leaving]) {
    busy.send(operation(1, "slow"));
    busy.send(message(2, "mark"));
    while ((await busy.next()).message !== "done");
  }
  const closing = server.close();
  leaving.send({ id: null, end: true });
  assert.equal((await leaving.closed).code, 1000);
  open();
  assert.equal((await client.next()).data.message, "last");
  assert.equal((await client.closed).code, 1001);
  await closing;
});

Deno.test("close() ends handlers that take longer than closeTimeout", async () => {
  const server = serveQuietly({ closeTimeout: 1 });
  server.operation("never", () => new Promise(() => {}));
  await using client = await RawClient.logIn(server);
  client.send(operation(1, "never"));
  client.send(message(2, "mark"));
  while ((await client.next()).message !== "done");
  await server.close();
  assert.equal((await client.closed).code, 1001);
});

Deno.test("close() resolves if a client never reads and never answers", async () => {
  const server = serveQuietly({ closeTimeout: 1 });
  using _peer = await TcpPeer.logIn(server);
  const [client] = server.clients;
  // More than the buffers of the system hold, so the Close frame waits behind it.
  for (let n = 0; n < 64; n++) {
    client?.message("flood", { text: "x".repeat(1e6) });
  }
  await server.close();
  assert.equal(await isFree(server), true);
});

Deno.test("a handler can call close()", async () => {
  const server = serveQuietly();
  server.operation("shut down", () => void server.close());
  await using connection = await connectTo(server);
  assert.equal(await connection.operation("shut down"), null);
  await server.finished;
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
    /the server is closed, make a new one/,
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
  await using busy = serveQuietly();
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
    message: `Cannot listen: the server already does, on ${server.url}`,
  });
});

Deno.test("addr and url throw for a server without a port", () => {
  const server = new Server("test", { logger: new LogRecorder() });
  assert.throws(
    () => server.addr,
    /the server has no port of its own, call listen\(\)/,
  );
  assert.throws(
    () => server.url,
    /the server has no port of its own, call listen\(\)/,
  );
});

Deno.test("onListen receives the bound address", async () => {
  const bound: Deno.NetAddr[] = [];
  await using server = serveQuietly({
    onListen: (address) => void bound.push(address),
  });
  assert.deepEqual(bound, [server.addr]);
});
