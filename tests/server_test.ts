import assert from "node:assert/strict";
import { Hono } from "npm:hono@4.9.9";
import { connect } from "../client.ts";
import { serve, type ServeOptions, start } from "../serve.ts";
import { Server } from "../server.ts";
import {
  connectTo,
  firstMatch,
  pause,
  RawClient,
  Recorder,
  serveQuietly,
} from "./helpers.ts";

const SUCCESS = {
  success: true,
  data: null,
  error: null,
  code: 0,
  message: null,
  desc: null,
};

/** A request of a raw client. */
function message(
  id: number,
  name: string,
  data = {},
  replying: unknown = null,
) {
  return { id, action: "message", data: { message: name, data, replying } };
}

function operation(id: number, name: string, data = {}) {
  return { id, action: "operation", data: { operation: name, data } };
}

/** A promise with its resolver, for handlers that a test holds open. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => open = resolve);
  return { opened, open };
}

async function isFree(server: Server): Promise<boolean> {
  const { hostname, port } = server.addr;
  try {
    Deno.listen({ hostname, port }).close();
    return true;
  } catch {
    return await Promise.resolve(false);
  }
}

// Listening and closing

Deno.test("serve() listens on 0.0.0.0:5000 unless told otherwise", async () => {
  const { serve: original } = Deno;
  const asked: { hostname?: string; port?: number }[] = [];
  Deno.serve = ((options: Deno.ServeTcpOptions, handler: Deno.ServeHandler) => {
    asked.push({ hostname: options.hostname!, port: options.port! });
    return original({ ...options, hostname: "127.0.0.1", port: 0 }, handler);
  }) as typeof Deno.serve;
  try {
    await using _server = serve("test", { logger: new Recorder() });
  } finally {
    Deno.serve = original;
  }
  assert.deepEqual(asked, [{ hostname: "0.0.0.0", port: 5000 }]);
});

Deno.test("serve() takes options alone and makes a token", async () => {
  await using server = serveWithoutToken({
    tokenLength: 12,
    tokenAlphabet: "ab",
  });
  assert.match(server.token, /^[ab]{12}$/);
  await using connection = await connect(server.token, { url: server.url });
  assert(connection);
});

function serveWithoutToken(options: ServeOptions): Server {
  const where = { hostname: "127.0.0.1", port: 0, logger: new Recorder() };
  return serve({ ...where, ...options });
}

Deno.test("serve() refuses a token without a character", () => {
  assert.throws(() => serve("", { port: 0 }), {
    name: "TypeError",
    message:
      "Cannot serve as the token must be a text of at least one character: leave it out to have one made",
  });
});

Deno.test("serve() refuses a minimum version that is none before it takes the port", () => {
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

Deno.test("start() gives a server that outlives its block", async () => {
  let server: Server;
  {
    server = start("test", {
      hostname: "127.0.0.1",
      port: 0,
      logger: new Recorder(),
    });
  }
  const answer = await fetch(`${server.url}/hoist/ack`);
  assert.equal((await answer.json()).version, "1.0.0");
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

Deno.test("Server.close() is the same closing however often it is called", async () => {
  const server = serveQuietly();
  const closing = server.close();
  assert.equal(server.close(), closing);
  await closing;
  assert.equal(server.close(), closing);
});

Deno.test("Server.close() tells the clients that the server goes away", async () => {
  const server = serveQuietly();
  await using client = await RawClient.logIn(server);
  await using silent = await RawClient.open(server);
  await server.close();
  const expected = { code: 1001, reason: "server closed" };
  assert.deepEqual(await client.closed, expected);
  assert.deepEqual(await silent.closed, expected);
});

Deno.test("Server.close() lets the requests under way finish", async () => {
  const server = serveQuietly();
  const { opened, open } = gate();
  server.operation("slow", () => opened.then(() => "late"));
  await using client = await RawClient.logIn(server);
  await using idle = await RawClient.logIn(server);
  client.send(operation(1, "slow"));
  client.send(message(2, "mark"));
  while ((await client.next()).message !== "done");
  const closing = server.close();
  assert.equal((await idle.closed).code, 1001);
  client.send(operation(3, "slow"));
  open();
  assert.deepEqual((await client.next()).data, { result: "late" });
  assert.equal((await client.closed).code, 1001);
  await closing;
});

Deno.test("Server.close() cuts what takes longer than closeTimeout", async () => {
  const server = serveQuietly({ closeTimeout: 1 });
  server.operation("never", () => new Promise(() => {}));
  await using client = await RawClient.logIn(server);
  client.send(operation(1, "never"));
  client.send(message(2, "mark"));
  while ((await client.next()).message !== "done");
  await server.close();
  assert.equal((await client.closed).code, 1001);
});

Deno.test("Server.close() resolves though a peer never answers and never reads", async () => {
  const server = serveQuietly({ closeTimeout: 1 });
  using peer = await openRaw(server);
  await peer.write(maskedFrame('{"id":0,"token":"test","version":"1.0.0"}'));
  while (server.clients.size === 0) await pause(5);
  const [client] = server.clients;
  // More than the buffers of the system take: closing has to wait behind it.
  for (let n = 0; n < 64; n++) {
    client?.message("flood", { text: "x".repeat(1e6) });
  }
  await server.close();
  assert.equal(await isFree(server), true);
});

/** A WebSocket that does nothing of its own accord. */
async function openRaw(server: Server): Promise<Deno.TcpConn> {
  const peer = await Deno.connect({
    hostname: "127.0.0.1",
    port: server.addr.port,
  });
  await peer.write(new TextEncoder().encode(
    "GET /hoist HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  ));
  await peer.read(new Uint8Array(1024));
  return peer;
}

/** A text frame of a client, masked with zeros: RFC 6455, section 5.2. */
function maskedFrame(text: string): Uint8Array<ArrayBuffer> {
  const payload = new TextEncoder().encode(text);
  return new Uint8Array([0x81, 0x80 | payload.length, 0, 0, 0, 0, ...payload]);
}

Deno.test("Server.close() is safe within a handler", async () => {
  const server = serveQuietly();
  server.operation("shut down", () => void server.close());
  await using connection = await connectTo(server);
  assert.equal(await connection.operation("shut down"), null);
  await server.finished;
});

Deno.test("an abort of the signal closes the server", async () => {
  const controller = new AbortController();
  const server = serveQuietly({ signal: controller.signal });
  await using client = await RawClient.logIn(server);
  controller.abort();
  assert.equal((await client.closed).code, 1001);
  await server.finished;
});

Deno.test("a signal that was aborted before closes the server at once", async () => {
  const server = new Server("test", {
    signal: AbortSignal.abort(),
    logger: new Recorder(),
  });
  await server.finished;
  assert.throws(
    () => server.listen({ port: 0 }),
    /the server is closed, make a new one/,
  );
});

Deno.test("Server.listen() listens once", async () => {
  await using server = serveQuietly();
  assert.throws(() => server.listen({ port: 0 }), {
    name: "HoistError",
    message: `Cannot listen: the server already does, on ${server.url}`,
  });
});

Deno.test("Server.addr and url need a port", () => {
  const server = new Server("test", { logger: new Recorder() });
  assert.throws(
    () => server.addr,
    /the server has no port of its own, call listen\(\)/,
  );
  assert.throws(
    () => server.url,
    /the server has no port of its own, call listen\(\)/,
  );
});

Deno.test("onListen gets the address that is really bound", async () => {
  const bound: Deno.NetAddr[] = [];
  await using server = serveQuietly({
    onListen: (address) => void bound.push(address),
  });
  assert.deepEqual(bound, [server.addr]);
});

// Without a port of its own

Deno.test("Server.fetch is mounted in Deno.serve without its server", async () => {
  const hoist = new Server("test", { logger: new Recorder() });
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

Deno.test("Server.fetch is mounted in Hono below a path", async () => {
  const hoist = new Server("test", { logger: new Recorder() });
  hoist.operation("add", ({ a, b }) => Number(a) + Number(b));
  const app = new Hono();
  app.get("/", (context) => context.text("the app"));
  app.all("/hoist/*", (context) => hoist.fetch(context.req.raw));
  await using http = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    app.fetch,
  );
  const url = `http://127.0.0.1:${http.addr.port}`;
  assert.equal(await (await fetch(url)).text(), "the app");
  await using connection = await connect("test", { url });
  assert.equal(await connection.operation("add", { a: 1, b: 2 }), 3);
  await hoist.close();
});

Deno.test("a server is the default export of a program for deno serve", async () => {
  const directory = await Deno.makeTempDir();
  const module = new URL("../mod.ts", import.meta.url).href;
  await Deno.writeTextFile(
    `${directory}/main.ts`,
    `import { Server } from "${module}";
     const server = new Server("test");
     server.operation("ping", () => "pong");
     export default server satisfies Deno.ServeDefaultExport;`,
  );
  const config = new URL("../deno.json", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args:
      `serve --check --allow-net --config ${config} --host 127.0.0.1 --port 0 main.ts`
        .split(" "),
    cwd: directory,
    env: { NO_COLOR: "1" },
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

Deno.test("a server that closes refuses upgrades with 503", async () => {
  const hoist = new Server("test", { logger: new Recorder() });
  await using http = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    hoist.fetch,
  );
  await hoist.close();
  const peer = await Deno.connect({
    hostname: "127.0.0.1",
    port: http.addr.port,
  });
  await peer.write(new TextEncoder().encode(
    "GET /hoist HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  ));
  const buffer = new Uint8Array(1024);
  const length = await peer.read(buffer) ?? 0;
  peer.close();
  assert.match(
    new TextDecoder().decode(buffer.subarray(0, length)),
    /^HTTP\/1\.1 503 /,
  );
});

// Logging in

Deno.test("a login is answered as protocol.md has it", async () => {
  await using server = serveQuietly();
  await using client = await RawClient.open(server);
  client.send({ id: 0, token: "test", version: "1.0.2" });
  assert.deepEqual(await client.next(), { ...SUCCESS, id: 0 });
});

Deno.test("a wrong token is refused with code 3", async () => {
  const logger = new Recorder();
  await using server = serveQuietly({ logger });
  await using client = await RawClient.open(server);
  client.send({ id: 0, token: "tesT", version: "1.0.0" });
  const { code, error, id } = await client.next();
  assert.deepEqual({ code, error, id }, {
    code: 3,
    error: "LOGIN_FAILED",
    id: 0,
  });
  assert.deepEqual(await client.closed, {
    code: 1008,
    reason: "login refused",
  });
  await logger.line(/^warn error: 127\.0\.0\.1:\d+: login refused$/);
});

for (
  const [what, login] of [
    ["false", () => false],
    ["a promise of false", () => Promise.resolve(false)],
    // A login in JavaScript can return anything.
    ["something truthy", () => 1 as unknown as boolean],
    ["undefined", () => undefined as unknown as boolean],
  ] as const
) {
  Deno.test(`a login that returns ${what} refuses`, async () => {
    await using server = serveQuietly({ login });
    await using client = await RawClient.open(server);
    client.send({ id: 0, token: "test", version: "1.0.0" });
    assert.equal((await client.next()).code, 3);
    assert.equal((await client.closed).code, 1008);
  });
}

for (
  const [what, login] of [
    ["throws", (_server: Server, token: string) => {
      throw new Error(`no ${token}`);
    }],
    [
      "rejects",
      (_server: Server, token: string) =>
        Promise.reject(new Error(`no ${token}`)),
    ],
  ] as const
) {
  Deno.test(`a login that ${what} refuses and is logged without the token`, async () => {
    const logger = new Recorder();
    await using server = serveQuietly({ login, logger });
    await using client = await RawClient.open(server);
    client.send({ id: 0, token: "sesame", version: "1.0.0" });
    assert.equal((await client.next()).code, 3);
    const line = await logger.line(/the login function failed/);
    assert.match(
      line,
      /^error error: 127\.0\.0\.1:\d+: the login function failed\nError: no \[redacted\]\n\s+at /,
    );
    assert(!logger.lines.some((line) => line.includes("sesame")));
  });
}

Deno.test("a login may take its time and gets the server, the token and the context", async () => {
  const seen: unknown[] = [];
  await using server = serveQuietly({
    login: async (server, token, { address, version, url, headers }) => {
      await Promise.resolve();
      seen.push(server, token, version, url.pathname, headers.get("upgrade"));
      return /^127\.0\.0\.1:\d+$/.test(address);
    },
  });
  await using connection = await connect("sesame", { url: server.url });
  assert.deepEqual(seen, [server, "sesame", "1.0.0", "/hoist", "websocket"]);
  assert(connection);
});

Deno.test("a login that never settles is cut off", async () => {
  const login = () => new Promise<boolean>(() => {});
  await using server = serveQuietly({ login, loginTimeout: 20 });
  await using client = await RawClient.open(server);
  client.send({ id: 0, token: "test", version: "1.0.0" });
  assert.equal((await client.next()).code, 3);
  assert.deepEqual(await client.closed, {
    code: 1008,
    reason: "login timed out",
  });
});

Deno.test("a client that never says a word is cut off", async () => {
  await using server = serveQuietly({ loginTimeout: 20 });
  await using client = await RawClient.open(server);
  assert.deepEqual(await client.closed, {
    code: 1008,
    reason: "login timed out",
  });
});

Deno.test("a login in time is not cut off later", async () => {
  await using server = serveQuietly({ loginTimeout: 50 });
  await using client = await RawClient.logIn(server);
  await pause(100);
  client.send(message(1, "still here"));
  assert.equal((await client.next()).message, "open");
});

Deno.test("nobody takes part before the login", async () => {
  const { opened, open } = gate();
  await using server = serveQuietly({ login: () => opened.then(() => true) });
  const received: string[] = [];
  server.receive(({ name }) => void received.push(name));
  await using silent = await RawClient.open(server);
  await using client = await RawClient.open(server);
  client.send({ id: 0, token: "test", version: "1.0.0" });
  client.send(message(1, "early"));
  const refusal = await client.next();
  assert.deepEqual([refusal.id, refusal.code], [1, 8]);
  assert.equal(refusal.desc, "the login has not been answered yet");
  assert.equal(await server.broadcast("news"), 0);
  assert.equal(server.clients.size, 0);
  open();
  assert.deepEqual(await client.next(), { ...SUCCESS, id: 0 });
  assert.equal(await server.broadcast("news"), 1);
  assert.equal((await client.next()).message, "s_newmsg");
  assert.deepEqual(received, []);
  assert(silent);
});

Deno.test("a client that leaves while its login is decided never takes part", async () => {
  const { opened, open } = gate();
  const logger = new Recorder();
  await using server = serveQuietly({
    logger,
    login: () => opened.then(() => true),
  });
  {
    await using client = await RawClient.open(server);
    client.send({ id: 0, token: "test", version: "1.0.0" });
    await logger.line(/connect: /);
  }
  await logger.line(/disconnect: /);
  open();
  await pause(10);
  assert.equal(server.clients.size, 0);
  assert(!logger.lines.some((line) => line.includes("authenticated")));
});

Deno.test("a client below the minimum version is told what is needed", async () => {
  await using server = serveQuietly({ minimumVersion: "1.2.0" });
  await using client = await RawClient.open(server);
  client.send({ id: 0, token: "wrong", version: "1.1.9" });
  const { code, error, data } = await client.next();
  assert.deepEqual([code, error, data], [4, "BAD_VERSION", {
    needed: "1.2.0",
  }]);
  assert.equal((await client.closed).code, 1008);
});

Deno.test("a client version that is no version is code 2", async () => {
  await using server = serveQuietly();
  await using client = await RawClient.open(server);
  client.send({ id: 0, token: "test", version: "new" });
  const { code, desc } = await client.next();
  assert.deepEqual([code, desc], [
    2,
    '"version" must be a version such as "1.0.0"',
  ]);
});

// Messages

Deno.test("a message is answered as protocol.md has it", async () => {
  await using server = serveQuietly();
  server.receive("hello", (message) => {
    message.reply("hi", { x: 1 });
  });
  await using client = await RawClient.logIn(server);
  client.send(message(1, "hello", { a: 1 }));
  const original = { message: "hello", data: { a: 1 }, id: 1, replying: null };
  assert.deepEqual(await client.next(), {
    ...SUCCESS,
    message: "open",
    id: 1,
    data: { id: 1 },
  });
  assert.deepEqual(await client.next(), {
    ...SUCCESS,
    message: "newmsg",
    id: 1,
    data: { message: "hi", data: { x: 1 }, replying: original, id: 2 },
  });
  assert.deepEqual(await client.next(), { ...SUCCESS, message: "done", id: 1 });
});

Deno.test("a message that nobody listens to is done, and the operator hears of it", async () => {
  const logger = new Recorder();
  await using server = serveQuietly({ logger });
  await using client = await RawClient.logIn(server);
  client.send(message(1, "a\ntest"));
  assert.equal((await client.next()).message, "open");
  assert.equal((await client.next()).message, "done");
  // The name is quoted and the token taken out of it: a client cannot forge lines.
  await logger.line(
    /^warn message: 127\.0\.0\.1:\d+: nobody listens to message "a\\n\[redacted\]"$/,
  );
});

Deno.test("Server.receive() gives a listener the message and its client", async () => {
  await using server = serveQuietly();
  const seen: unknown[] = [];
  server.receive("hello", ({ name, data, id, replying, client }) => {
    seen.push(
      name,
      data,
      id,
      replying?.name,
      client.version,
      [...server.clients][0],
    );
    assert.equal(client, [...server.clients][0]);
  });
  await using client = await RawClient.logIn(server);
  const earlier = { message: "before", data: {}, id: 9, replying: null };
  client.send(message(1, "hello", { a: [1, null] }, earlier));
  await client.next();
  await client.next();
  assert.deepEqual(seen.slice(0, 5), [
    "hello",
    { a: [1, null] },
    1,
    "before",
    "1.0.0",
  ]);
});

Deno.test("Server.receive() listeners run in order, the next after the one before", async () => {
  await using server = serveQuietly();
  const order: string[] = [];
  server.receive((message) => void order.push(`any ${message.name}`));
  server.receive("a", async () => {
    await pause(5);
    order.push("first");
  });
  server.receive(["a", "b"], () => void order.push("second"));
  await using connection = await connectTo(server);
  await connection.message("a");
  await connection.message("b");
  assert.deepEqual(order, ["first", "second", "any a", "second", "any b"]);
});

Deno.test("Server.receive() returns what removes the listener", async () => {
  await using server = serveQuietly();
  const seen: string[] = [];
  {
    using _listener = server.receive("a", () => void seen.push("removed"));
    server.receive("a", () => void seen.push("kept"));
    await using connection = await connectTo(server);
    await connection.message("a");
  }
  await using connection = await connectTo(server);
  await connection.message("a");
  assert.deepEqual(seen, ["removed", "kept", "kept"]);
});

Deno.test("a listener that throws is code 6 without its text, and the others run", async () => {
  const logger = new Recorder();
  await using server = serveQuietly({ logger });
  server.receive("hello", () => {
    throw new RangeError("a secret of the host");
  });
  server.receive("hello", (message) => void message.reply("still here"));
  await using client = await RawClient.logIn(server);
  client.send(message(1, "hello"));
  assert.equal((await client.next()).message, "open");
  assert.equal((await client.next()).message, "newmsg");
  assert.deepEqual(await client.next(), {
    ...SUCCESS,
    success: false,
    error: "SERVER_ERROR",
    code: 6,
    message: "Internal server error.",
    id: 1,
    data: {
      message: "the server could not carry out the request",
      exc: "InternalError",
    },
  });
  const line = await logger.line(/^error /);
  assert.match(
    line,
    /: a listener to message "hello" failed\nRangeError: a secret of the host\n\s+at /,
  );
  client.send(message(2, "another"));
  assert.deepEqual([(await client.next()).id, (await client.next()).message], [
    2,
    "done",
  ]);
});

Deno.test("exposeErrors tells the client the class and message of the error", async () => {
  await using server = serveQuietly({ exposeErrors: true });
  server.receive("error", () => {
    throw new RangeError("out of range");
  });
  server.receive("text", () => {
    throw "a text";
  });
  await using client = await RawClient.logIn(server);
  client.send(message(1, "error"));
  await client.next();
  const expected = { message: "out of range", exc: "RangeError" };
  assert.deepEqual((await client.next()).data, expected);
  client.send(message(2, "text"));
  await client.next();
  assert.deepEqual((await client.next()).data, {
    message: "a text",
    exc: "Error",
  });
});

Deno.test("a reply whose data JSON cannot hold throws in the listener", async () => {
  await using server = serveQuietly();
  const errors: unknown[] = [];
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  server.receive("hello", (message) => {
    for (const data of [cycle, [1], "text", null, { n: 1n }, new Date(0)]) {
      try {
        message.reply("hi", data as Record<string, never>);
      } catch (error) {
        errors.push(error);
      }
    }
  });
  await using client = await RawClient.logIn(server);
  client.send(message(1, "hello"));
  assert.equal((await client.next()).message, "open");
  assert.equal((await client.next()).message, "done");
  assert.equal(errors.length, 6);
  for (const error of errors) {
    assert(error instanceof TypeError);
    assert.match(
      error.message,
      /^Cannot send message "hi" as its data must be an object that JSON can hold: /,
    );
  }
});

Deno.test("a reply after the listeners have finished stands alone", async () => {
  await using server = serveQuietly();
  const { opened, open } = gate();
  server.receive("hello", (message) => {
    opened.then(() => message.reply("late"));
  });
  await using client = await RawClient.logIn(server);
  client.send(message(1, "hello"));
  await client.next();
  assert.equal((await client.next()).message, "done");
  open();
  const late = await client.next();
  assert.deepEqual([late.message, late.id], ["s_newmsg", null]);
  assert.equal(late.data.replying.message, "hello");
});

Deno.test("a reply to a client that has left goes nowhere", async () => {
  await using server = serveQuietly();
  const { opened, open } = gate();
  const replied = Promise.withResolvers<unknown>();
  server.receive("hello", async (message) => {
    await opened;
    replied.resolve(message.reply("too late").id);
  });
  {
    await using client = await RawClient.logIn(server);
    client.send(message(1, "hello"));
    await client.next();
  }
  while (server.clients.size > 0) await pause(5);
  open();
  assert.equal(typeof await replied.promise, "number");
});

Deno.test("Client.message() reaches this client alone", async () => {
  await using server = serveQuietly();
  server.receive(
    "hello",
    ({ client }) => void client.message("you", { n: client.id }),
  );
  await using client = await RawClient.logIn(server);
  await using other = await RawClient.logIn(server);
  client.send(message(1, "hello"));
  await client.next();
  const { message: kind, id, data } = await client.next();
  assert.deepEqual([kind, id], ["s_newmsg", null]);
  assert.deepEqual([data.message, data.data, data.replying], [
    "you",
    { n: 1 },
    null,
  ]);
  other.send(message(1, "mark"));
  assert.equal((await other.next()).message, "open");
});

Deno.test("Client.close() closes with the code and the reason", async () => {
  await using server = serveQuietly();
  await using client = await RawClient.logIn(server);
  const [inside] = server.clients;
  for (const code of [999, 1001, 1006, 2999, 5000, NaN]) {
    assert.throws(
      () => inside?.close(code),
      /the code must be 1000 or from 3000 to 4999: current value is/,
    );
  }
  assert.throws(
    () => inside?.close(4000, "é".repeat(62)),
    /the reason must be at most 123 bytes: current length is 124$/,
  );
  assert.equal(server.clients.size, 1);
  inside?.close(4001, "enough");
  assert.equal(server.clients.size, 0);
  assert.deepEqual(await client.closed, { code: 4001, reason: "enough" });
  inside?.close();
  inside?.message("nobody there");
});

// Operations

Deno.test("an operation is answered as protocol.md has it", async () => {
  await using server = serveQuietly();
  server.operation("add", ({ a, b }) => Number(a) + Number(b));
  await using client = await RawClient.logIn(server);
  client.send(operation(2, "add", { a: 1, b: 2 }));
  assert.deepEqual(await client.next(), {
    ...SUCCESS,
    id: 2,
    data: { result: 3 },
  });
});

for (
  const [what, value, result] of [
    ["undefined", undefined, null],
    ["null", null, null],
    ["false", false, false],
    ["a promise", Promise.resolve([1, "two"]), [1, "two"]],
    ["a date", new Date(0), "1970-01-01T00:00:00.000Z"],
    ["NaN", NaN, null],
  ] as const
) {
  Deno.test(`an operation may return ${what}`, async () => {
    await using server = serveQuietly();
    server.operation("value", () => value);
    await using client = await RawClient.logIn(server);
    client.send(operation(1, "value"));
    assert.deepEqual((await client.next()).data, { result });
  });
}

for (
  const [what, make] of [
    ["a bigint", () => 1n],
    ["a function", () => () => {}],
    ["a symbol", () => Symbol("no")],
    ["what throws in toJSON", () => ({
      toJSON() {
        throw new Error("no");
      },
    })],
    ["a rejection", () => Promise.reject(new Error("no"))],
    ["a rejection with nothing", () => Promise.reject()],
  ] as const
) {
  Deno.test(`an operation that returns ${what} is code 6 and named in the log`, async () => {
    const logger = new Recorder();
    await using server = serveQuietly({ logger });
    server.operation("odd", make);
    await using client = await RawClient.logIn(server);
    client.send(operation(7, "odd"));
    const { code, id } = await client.next();
    assert.deepEqual([code, id], [6, 7]);
    await logger.line(
      /^error error: 127\.0\.0\.1:\d+: operation "odd" failed\n/,
    );
  });
}

Deno.test("no operation exists unless the host registers it", async () => {
  await using server = serveQuietly();
  await using client = await RawClient.logIn(server);
  const names = [
    "print",
    "read",
    "get",
    "__proto__",
    "constructor",
    "toString",
    "",
  ];
  for (const [id, name] of names.entries()) {
    client.send(operation(id, name, { path: "/etc/passwd" }));
    assert.deepEqual(await client.next(), {
      ...SUCCESS,
      success: false,
      error: "UNKNOWN_OPERATION",
      code: 5,
      message: "Operation not found.",
      id,
    });
  }
});

Deno.test("Server.operation() gives the handler the client, and is removed", async () => {
  await using server = serveQuietly();
  const registered = server.operation("who", (_data, { client }) => client.id);
  assert.throws(
    () => server.operation("who", () => 1),
    /operation "who" as it exists already/,
  );
  await using client = await RawClient.logIn(server);
  client.send(operation(1, "who"));
  assert.deepEqual((await client.next()).data, {
    result: [...server.clients][0]?.id,
  });
  registered[Symbol.dispose]();
  client.send(operation(2, "who"));
  assert.equal((await client.next()).code, 5);
});

Deno.test("requests of one client run at the same time, answers carry their id", async () => {
  await using server = serveQuietly();
  const { opened, open } = gate();
  server.operation("slow", () => opened.then(() => "slow"));
  server.operation("fast", () => "fast");
  await using client = await RawClient.logIn(server);
  client.send(operation(1, "slow"));
  client.send(operation(2, "fast"));
  const first = await client.next();
  assert.deepEqual([first.id, first.data.result], [2, "fast"]);
  open();
  const second = await client.next();
  assert.deepEqual([second.id, second.data.result], [1, "slow"]);
});

Deno.test("an error of one request leaves the connection and other requests alone", async () => {
  await using server = serveQuietly();
  const { opened, open } = gate();
  server.operation("slow", () => opened);
  await using client = await RawClient.logIn(server);
  client.send(operation(1, "slow"));
  for (
    const [frame, id, code] of [
      [{ id: 2, action: "fly", data: {} }, 2, 8],
      [{ id: 3, action: "message", data: { message: 1, data: {} } }, 3, 2],
      [{ id: 4, action: "operation", data: [] }, 4, 2],
      [{ id: "5", action: "message", data: {} }, null, 2],
      [{ id: 0, token: "test", version: "1.0.0" }, 0, 2],
      [{}, null, 2],
    ] as const
  ) {
    client.send(frame);
    const answer = await client.next();
    assert.deepEqual([answer.id, answer.code], [id, code]);
  }
  open();
  assert.deepEqual((await client.next()).data, { result: null });
});

for (
  const [what, frame, code] of [
    ["no JSON", "{", 1],
    ["nothing", "", 1],
    ["binary", new Uint8Array([123, 125]), 1],
    ["an array", "[]", 2],
    ["null", "null", 2],
    ["a number", "1", 2],
  ] as const
) {
  Deno.test(`a frame that is ${what} is answered and ends the connection`, async () => {
    await using server = serveQuietly();
    await using other = await RawClient.logIn(server);
    await using client = await RawClient.logIn(server);
    client.send(frame);
    const answer = await client.next();
    assert.deepEqual([answer.code, answer.id], [code, null]);
    assert.equal((await client.closed).code, 1003);
    other.send(message(1, "undisturbed"));
    assert.equal((await other.next()).message, "open");
  });
}

Deno.test("a goodbye is closed with 1000", async () => {
  const logger = new Recorder();
  await using server = serveQuietly({ logger });
  await using client = await RawClient.logIn(server);
  client.send({ id: null, end: true });
  assert.deepEqual(await client.closed, { code: 1000, reason: "goodbye" });
  await logger.line(/^info disconnect: 127\.0\.0\.1:\d+ has said goodbye$/);
});

Deno.test("names and keys of the object prototype are plain data", async () => {
  await using server = serveQuietly();
  const seen: unknown[] = [];
  for (const name of ["__proto__", "constructor", "toString"]) {
    server.receive(
      name,
      ({ data }) => void seen.push([name, Object.entries(data)]),
    );
  }
  server.operation("__proto__", (data) => data);
  await using client = await RawClient.logIn(server);
  const data = '{"__proto__":{"polluted":1},"constructor":2,"toString":3}';
  for (const name of ["__proto__", "constructor", "toString"]) {
    client.send(
      `{"id":1,"action":"message","data":{"message":"${name}","data":${data},"replying":null}}`,
    );
    await client.next();
    await client.next();
    const entries = [["__proto__", { polluted: 1 }], ["constructor", 2], [
      "toString",
      3,
    ]];
    assert.deepEqual(seen.pop(), [name, entries]);
  }
  client.send(
    `{"id":2,"action":"operation","data":{"operation":"__proto__","data":${data}}}`,
  );
  assert.equal(JSON.stringify((await client.next()).data.result), data);
  assert.equal(({} as { polluted?: number }).polluted, undefined);
});

Deno.test("the numbers of messages never repeat in a server", async () => {
  await using server = serveQuietly();
  server.receive("hello", (message) => void message.reply("hi"));
  await using one = await RawClient.logIn(server);
  await using two = await RawClient.logIn(server);
  const ids: number[] = [];
  for (const client of [one, two, one]) {
    client.send(message(1, "hello"));
    for (const _ of ["open", "newmsg"]) ids.push((await client.next()).data.id);
    await client.next();
  }
  await server.broadcast("news");
  ids.push((await one.next()).data.id);
  assert.equal(new Set(ids).size, 7);
});

// Broadcasts

Deno.test("Server.broadcast() reaches every client, encoded once", async () => {
  await using server = serveQuietly();
  await using one = await RawClient.logIn(server);
  await using two = await RawClient.logIn(server);
  let encoded = 0;
  const data = {
    toJSON() {
      encoded++;
      return { n: 1 };
    },
  };
  const count = await server.broadcast(
    "news",
    data as unknown as Record<string, never>,
  );
  assert.deepEqual([count, encoded], [2, 1]);
  for (const client of [one, two]) {
    const { data, id, message } = await client.next();
    assert.deepEqual([message, id], ["s_newmsg", null]);
    const { id: _, ...rest } = data;
    assert.deepEqual(rest, { message: "news", data: { n: 1 }, replying: null });
  }
});

Deno.test("Server.broadcast() is not disturbed by a client that broke", async () => {
  await using server = serveQuietly();
  using broken = await openRaw(server);
  await broken.write(maskedFrame('{"id":0,"token":"test","version":"1.0.0"}'));
  while (server.clients.size === 0) await pause(5);
  await using client = await RawClient.logIn(server);
  broken.close();
  assert((await server.broadcast("news")) >= 1);
  assert.equal((await client.next()).data.message, "news");
});

Deno.test("Server.broadcast() without clients is a warning", async () => {
  const logger = new Recorder();
  await using server = serveQuietly({ logger });
  assert.equal(await server.broadcast("news"), 0);
  await logger.line(
    /^warn broadcast: no clients are connected to get message "news"$/,
  );
});

Deno.test("Server.broadcast() after the closing is an error", async () => {
  const server = serveQuietly();
  await server.close();
  await assert.rejects(server.broadcast("news"), {
    name: "HoistError",
    message: 'Cannot broadcast message "news": the server is closed',
  });
});

Deno.test("Server.clients has those who are there", async () => {
  await using server = serveQuietly();
  await using one = await RawClient.logIn(server);
  {
    await using _two = await RawClient.logIn(server);
    const ids = [...server.clients].map(({ id }) => id);
    assert.equal(new Set(ids).size, 2);
  }
  while (server.clients.size > 1) await pause(5);
  const [client] = server.clients;
  assert.match(client?.address ?? "", /^127\.0\.0\.1:\d+$/);
  assert.equal(client?.version, "1.0.0");
  assert(one);
});

// What the operator sees

Deno.test("the log tells the life of a connection", async () => {
  const logger = new Recorder();
  {
    await using server = serveQuietly({ logger });
    await using connection = await connectTo(server);
    assert(connection);
  }
  const lines = logger.lines.map((line) =>
    line.replace(/127\.0\.0\.1:\d+/, "HOST")
  );
  assert.deepEqual(lines, [
    "info startup: starting server on HOST with token test",
    "info connect: HOST has connected",
    "info login: HOST has successfully authenticated",
    "info disconnect: HOST has said goodbye",
    "info shutdown: the server is closed",
  ]);
});

Deno.test("hideToken leaves the token out of the startup line", async () => {
  const logger = new Recorder();
  await using server = serveQuietly({ logger, hideToken: true });
  const { port } = server.addr;
  assert.deepEqual(logger.lines, [
    `info startup: starting server on 127.0.0.1:${port}`,
  ]);
});

Deno.test("logLevel leaves out what is below", async () => {
  const logger = new Recorder();
  await using server = serveQuietly({ logger, logLevel: "warn" });
  await using connection = await connectTo(server);
  await connection.message("nobody listens");
  assert.deepEqual(logger.lines.map((line) => line.split(":")[0]), [
    "warn message",
  ]);
});

Deno.test("no line but the first holds a token, and none below debug a payload", async () => {
  for (const logLevel of ["info", "debug"] as const) {
    const logger = new Recorder();
    {
      await using server = serveQuietly({
        logger,
        logLevel,
        login: () => true,
      });
      server.receive("x", ({ data }) => {
        throw new Error(String(data.text));
      });
      server.operation("test", () => Promise.reject(new Error("test")));
      await using client = await RawClient.open(server);
      client.send({ id: 0, token: 'se\\sa"me', version: "1.0.0" });
      await client.next();
      client.send(message(1, "x", { text: "payload", token: "sesame" }));
      client.send(operation(2, "test", { payload: true }));
      client.send({ id: 3, token: "sesame", version: "test" });
      await server.broadcast("test", { test: "test" });
      while ((await client.next()).id !== 3);
    }
    const [first = "", ...lines] = logger.lines.filter((line) =>
      !line.includes(" failed\n")
    );
    assert.match(first, /^info startup: .* with token test$/);
    for (const line of lines) assert.doesNotMatch(line, /test|sesame|se\\/);
    const payloads = lines.filter((line) => line.includes("payload"));
    assert.equal(payloads.length > 0, logLevel === "debug");
  }
});
