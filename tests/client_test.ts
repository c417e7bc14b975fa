import assert from "node:assert/strict";
import {
  connect,
  ConnectError,
  ConnectionClosedError,
  type ConnectOptions,
  LoginError,
  ResponseError,
  TimeoutError,
  VersionError,
} from "../client.ts";
import {
  connectTo,
  firstMatch,
  pause,
  Recorder,
  serveQuietly,
} from "./helpers.ts";

const ACK = Response.json.bind(Response, { version: "1.0.1" });

/** A server that is no Hoist server of ours: it does what the test says. */
function fakeServer(
  onFrame: (socket: WebSocket, frame: Record<string, unknown>) => void,
  ack: (request: Request) => Response | Promise<Response> = () => ACK(),
): AsyncDisposable & { readonly url: string } {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      if (request.headers.get("upgrade") === null) return ack(request);
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.onmessage = ({ data }) => onFrame(socket, JSON.parse(data));
      return response;
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function success(
  id: number | null,
  message: string | null,
  data: unknown = null,
) {
  const rest = { success: true, error: null, code: 0, desc: null };
  return JSON.stringify({ ...rest, id, message, data });
}

function failure(id: number | null, code: number, data: unknown = null) {
  const rest = { success: false, error: "SOME_ERROR", message: "Some error." };
  return JSON.stringify({ ...rest, id, code, data, desc: null });
}

/** What a promise rejects with. */
async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    assert(error instanceof Error);
    return error;
  }
  throw new assert.AssertionError({ message: "The promise did not reject" });
}

// Connecting

Deno.test("connect() says so if nothing listens there", async () => {
  const url = `http://127.0.0.1:${closedPort()}`;
  const error = await rejection(connect("test", { url }));
  assert(error instanceof ConnectError);
  assert.equal(
    error.message,
    `Cannot connect to ${url}: nothing answers there; check the URL and that the server is running`,
  );
  assert(error.cause instanceof TypeError);
});

function closedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

for (
  const [what, ack] of [
    ["a page", () => new Response("<h1>Hello</h1>")],
    ["404", () => new Response("Not found", { status: 404 })],
    ["other JSON", () => Response.json({ name: "other" })],
    ["a version that is no text", () => Response.json({ version: 1 })],
  ] as const
) {
  Deno.test(`connect() says so if the server answers the ack with ${what}`, async () => {
    await using server = fakeServer(() => {}, ack);
    const error = await rejection(connect("test", { url: server.url }));
    assert(error instanceof ConnectError);
    assert.equal(
      error.message,
      `Cannot connect to ${server.url}: this is no Hoist server, ${server.url}/hoist/ack does not tell a version; check the URL`,
    );
  });
}

Deno.test("connect() says so if no WebSocket opens", async () => {
  await using http = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => ACK(),
  );
  const url = `http://127.0.0.1:${http.addr.port}`;
  const error = await rejection(connect("test", { url }));
  assert(error instanceof ConnectError);
  assert.match(
    error.message,
    /: no WebSocket opens at ws:\/\/127\.0\.0\.1:\d+\/hoist; check that nothing on the way refuses it$/,
  );
});

Deno.test("connect() says so if the token is wrong", async () => {
  await using server = serveQuietly();
  const error = await rejection(connect("wrong", { url: server.url }));
  assert(error instanceof LoginError);
  assert.equal(
    error.message,
    `Cannot log in to ${server.url}: the server refused the token; check that it is the one of the server's startup line`,
  );
  assert(!error.message.includes("wrong"));
});

Deno.test("connect() says so if the server is too old", async () => {
  await using server = serveQuietly();
  const error = await rejection(connectTo(server, { minimumVersion: "1.0.1" }));
  assert(error instanceof VersionError);
  assert.deepEqual([error.needed, error.current], ["1.0.1", "1.0.0"]);
  assert.match(
    error.message,
    /: the server has version 1\.0\.0, at least 1\.0\.1 is asked for; update the server or lower 'minimumVersion'$/,
  );
  await using connection = await connectTo(server, { minimumVersion: "1.0.0" });
  assert(connection);
});

Deno.test("connect() says so if the client is too old", async () => {
  await using server = serveQuietly({ minimumVersion: "1.0.1" });
  const error = await rejection(connectTo(server));
  assert(error instanceof VersionError);
  assert.deepEqual([error.needed, error.current], ["1.0.1", "1.0.0"]);
  assert.match(
    error.message,
    /: the server needs version 1\.0\.1 or later, this client has 1\.0\.0; update the client$/,
  );
});

Deno.test("connect() says so if the server hangs up before it answers", async () => {
  await using server = fakeServer((socket) => socket.close(4000, "no time"));
  const error = await rejection(connect("test", { url: server.url }));
  assert(error instanceof ConnectError);
  assert.match(
    error.message,
    /: the server closed the connection \(4000, "no time"\) before it answered the login; look at its log$/,
  );
});

Deno.test("connect() says so if the server answers the login with another error", async () => {
  await using server = fakeServer((socket) => socket.send(failure(null, 6)));
  const error = await rejection(connect("test", { url: server.url }));
  assert(error instanceof ConnectError);
  assert.match(error.message, /: the server answered SOME_ERROR, Some error$/);
});

Deno.test("connect() takes the refusal of a Python server, whose id is null", async () => {
  await using server = fakeServer((socket) => {
    socket.send(failure(null, 3));
    socket.close(1003);
  });
  const error = await rejection(connect("test", { url: server.url }));
  assert(error instanceof LoginError);
});

for (const url of ["", "localhost:5000", "ftp://localhost", "http://"]) {
  Deno.test(`connect() refuses the url "${url}"`, async () => {
    await assert.rejects(connect("test", { url }), {
      name: "TypeError",
      message:
        `Cannot connect as 'url' must be like "http://localhost:5000": current value is "${url}"`,
    });
  });
}

Deno.test("connect() refuses a minimum version that is none", async () => {
  await assert.rejects(
    connect("test", { minimumVersion: "1" }),
    /'minimumVersion' must be a version such as "1\.2\.3": current value is "1"$/,
  );
});

Deno.test("connect() refuses to do without a WebSocket", async () => {
  await using server = serveQuietly();
  const options = { WebSocket: null } as unknown as ConnectOptions;
  await assert.rejects(
    connectTo(server, options),
    /this runtime has no WebSocket: pass one in the option 'WebSocket', as that of npm:ws$/,
  );
});

Deno.test("connect() takes ws: URLs, URL objects and a path", async () => {
  await using server = serveQuietly();
  const { port } = server.addr;
  await using proxy = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      const { pathname } = new URL(request.url);
      return pathname === "/below/hoist/ack"
        ? ACK()
        : new Response(pathname, { status: 404 });
    },
  );
  for (
    const url of [
      `ws://127.0.0.1:${port}`,
      new URL(server.url),
      `${server.url}/`,
    ]
  ) {
    await using connection = await connect("test", { url });
    assert(connection);
  }
  const url = `http://127.0.0.1:${proxy.addr.port}/below`;
  await assert.rejects(
    connect("test", { url }),
    /no WebSocket opens at ws:.*\/below\/hoist;/,
  );
});

Deno.test("connect() gives up after its timeout, whatever it waits for", async () => {
  const never = new Promise<Response>(() => {});
  await using slowLogin = fakeServer(() => {});
  const slowAck = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  for (const url of [slowLogin.url, `http://127.0.0.1:${slowAck.addr.port}`]) {
    const error = await rejection(connect("test", { url, timeout: 50 }));
    assert(error instanceof TimeoutError);
    assert.equal(
      error.message,
      `Cannot connect to ${url}: no answer within 50 ms; check the URL or raise 'timeout'`,
    );
  }
  slowAck.close();
  assert(never);
});

Deno.test("connect() gives up when its signal aborts", async () => {
  const controller = new AbortController();
  const reason = new Error("changed my mind");
  await using server = fakeServer(() => controller.abort(reason));
  const { signal } = controller;
  assert.equal(
    await rejection(connect("test", { url: server.url, signal })),
    reason,
  );
  assert.equal(
    await rejection(connect("test", { url: server.url, signal })),
    reason,
  );
});

Deno.test("an abort after connect() leaves the connection open", async () => {
  await using server = serveQuietly();
  const controller = new AbortController();
  await using connection = await connectTo(server, {
    signal: controller.signal,
  });
  controller.abort();
  assert.deepEqual((await connection.message("hello")).replies, []);
});

// Messages and operations

Deno.test("Connection.message() resolves to the message with its replies", async () => {
  await using server = serveQuietly();
  server.receive("hello", async (message) => {
    message.reply("hi", { n: 1 });
    await pause(1);
    message.reply("hi", { n: 2 });
  });
  await using connection = await connectTo(server);
  const seen: unknown[] = [];
  const sent = await connection.message("hello", { a: 1 }, {
    onReply: ({ data }) => void seen.push(data.n),
  });
  assert.deepEqual([sent.name, sent.data, sent.replying], [
    "hello",
    { a: 1 },
    null,
  ]);
  assert.deepEqual(sent.replies.map(({ data }) => data.n), [1, 2]);
  assert.deepEqual(seen, [1, 2]);
  assert.equal(sent.replies[0]?.replying?.id, sent.id);
});

Deno.test("onReply sees a reply before the message is done", async () => {
  await using server = serveQuietly();
  const finish = Promise.withResolvers<void>();
  server.receive("hello", async (message) => {
    message.reply("hi");
    await finish.promise;
  });
  await using connection = await connectTo(server);
  await connection.message("hello", {}, { onReply: () => finish.resolve() });
});

Deno.test("ServerMessage.reply() answers with what it replies to", async () => {
  await using server = serveQuietly();
  const seen: unknown[] = [];
  server.receive(
    "question",
    (message) => void message.reply("counter-question"),
  );
  server.receive("answer", ({ data, replying }) => {
    seen.push(
      data,
      replying?.name,
      replying?.replying?.name,
      replying?.replying?.replying,
    );
  });
  await using connection = await connectTo(server);
  const { replies: [reply] } = await connection.message("question");
  const answer = await reply?.reply("answer", { n: 42 });
  assert.deepEqual(seen, [{ n: 42 }, "counter-question", "question", null]);
  assert.equal(answer?.replying?.name, "counter-question");
});

Deno.test("Connection.operation() resolves to the result", async () => {
  await using server = serveQuietly();
  server.operation("echo", (data) => data.value);
  await using connection = await connectTo(server);
  for (const value of [3, "text", null, false, [1, { a: null }], { b: [] }]) {
    assert.deepEqual(await connection.operation("echo", { value }), value);
  }
  assert.equal(await connection.operation("echo"), null);
});

Deno.test("any number of requests may be under way, each gets its own answer", async () => {
  await using server = serveQuietly();
  server.operation("square", async ({ n }) => {
    await pause(Number(n) % 7);
    return Number(n) ** 2;
  });
  await using connection = await connectTo(server);
  const numbers = Array.from({ length: 200 }, (_, n) => n);
  const results = await Promise.all(
    numbers.map((n) => connection.operation("square", { n })),
  );
  assert.deepEqual(results, numbers.map((n) => n ** 2));
});

Deno.test("an error answer rejects its request with code, name and details", async () => {
  await using server = serveQuietly({ exposeErrors: true });
  server.operation("fail", () => {
    throw new RangeError("too much");
  });
  await using connection = await connectTo(server);
  const error = await rejection(connection.operation("fail"));
  assert(error instanceof ResponseError);
  assert.deepEqual([error.code, error.error], [6, "SERVER_ERROR"]);
  assert.deepEqual(error.data, { message: "too much", exc: "RangeError" });
  assert.equal(
    error.message,
    'Cannot finish operation "fail": the server answered SERVER_ERROR, RangeError: too much',
  );
  const unknown = await rejection(connection.operation("fly"));
  assert.equal(
    unknown.message,
    'Cannot finish operation "fly": the server answered UNKNOWN_OPERATION, Operation not found',
  );
});

Deno.test("an error has the stack of its caller", async () => {
  await using server = serveQuietly();
  await using connection = await connectTo(server);
  async function theCaller(): Promise<void> {
    await connection.operation("fly");
  }
  assert.match((await rejection(theCaller())).stack ?? "", /theCaller/);
});

Deno.test("what JSON cannot hold is refused and nothing is sent", async () => {
  await using server = serveQuietly();
  server.operation("echo", (data) => data);
  await using connection = await connectTo(server);
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  for (
    const data of [cycle, [1], "text", null, { n: 1n }, new Date(0), () => {}]
  ) {
    const bad = data as Record<string, never>;
    for (const name of ["message", "operation"] as const) {
      const error = await rejection(connection[name]("echo", bad));
      assert(error instanceof TypeError);
      assert.match(
        error.message,
        /^Cannot send (message|operation) "echo" as its data must be an object that JSON can hold: /,
      );
    }
  }
  assert.deepEqual(await connection.operation("echo", { fine: true }), {
    fine: true,
  });
});

Deno.test("a request gives up after its timeout and leaves the others alone", async () => {
  await using server = serveQuietly({ closeTimeout: 1 });
  const finish = Promise.withResolvers<void>();
  server.operation("slow", () => finish.promise);
  server.receive("slow", () => finish.promise);
  await using connection = await connectTo(server);
  const patient = connection.operation("slow");
  const error = await rejection(
    connection.operation("slow", {}, { timeout: 10 }),
  );
  assert(error instanceof TimeoutError);
  assert.equal(
    error.message,
    'Cannot finish operation "slow": no answer within 10 ms',
  );
  const other = await rejection(
    connection.message("slow", {}, { timeout: 10 }),
  );
  assert.equal(
    other.message,
    'Cannot finish message "slow": no answer within 10 ms',
  );
  finish.resolve();
  assert.equal(await patient, null);
  await assert.rejects(connection.operation("slow", {}, { timeout: -1 }), {
    name: "RangeError",
    message:
      "Cannot wait as 'timeout' must be from 0 to 2147483647 milliseconds, or Infinity: current value is -1",
  });
  assert.equal(
    await connection.operation("slow", {}, { timeout: Infinity }),
    null,
  );
});

Deno.test("a request gives up when its signal aborts", async () => {
  await using server = serveQuietly({ closeTimeout: 1 });
  server.operation("never", () => new Promise(() => {}));
  await using connection = await connectTo(server);
  const controller = new AbortController();
  const { signal } = controller;
  const waiting = rejection(connection.operation("never", {}, { signal }));
  const reason = new Error("changed my mind");
  controller.abort(reason);
  assert.equal(await waiting, reason);
  assert.equal(
    await rejection(connection.message("x", {}, { signal })),
    reason,
  );
});

// Listeners

Deno.test("Connection.receive() gets broadcasts, messages and replies", async () => {
  await using server = serveQuietly();
  server.receive("hello", (message) => {
    message.reply("reply");
    message.client.message("alone");
  });
  await using connection = await connectTo(server);
  const seen: string[] = [];
  const broadcast = Promise.withResolvers<void>();
  connection.receive(["reply", "alone"], ({ name }) => void seen.push(name));
  connection.receive((message) => {
    seen.push(`any ${message.name}`);
    if (message.name === "news") broadcast.resolve();
  });
  await connection.message("hello");
  await server.broadcast("news");
  await broadcast.promise;
  assert.deepEqual(seen.sort(), [
    "alone",
    "any alone",
    "any news",
    "any reply",
    "reply",
  ]);
});

Deno.test("Connection.receive() returns what removes the listener", async () => {
  await using server = serveQuietly();
  server.receive("hello", (message) => void message.reply("hi"));
  await using connection = await connectTo(server);
  let count = 0;
  {
    using _listener = connection.receive("hi", () => void count++);
    await connection.message("hello");
  }
  await connection.message("hello");
  assert.equal(count, 1);
});

Deno.test("listeners and onReply that fail are logged and disturb nothing", async () => {
  await using server = serveQuietly();
  server.receive("hello", (message) => void message.reply("hi"));
  const logger = new Recorder();
  await using connection = await connectTo(server, { logger });
  connection.receive("hi", () => {
    throw new Error("first");
  });
  connection.receive("hi", () => Promise.reject(new Error("second")));
  const sent = await connection.message("hello", {}, {
    onReply: () => {
      throw new Error("third");
    },
  });
  assert.equal(sent.replies.length, 1);
  for (const name of ["first", "second", "third"]) {
    await logger.line(
      new RegExp(`^error Hoist: a listener failed\nError: ${name}\n\\s+at `),
    );
  }
});

Deno.test("a frame that is not of Hoist 1 is ignored with a warning", async () => {
  await using server = fakeServer((socket, { id, action }) => {
    if (action === undefined) return socket.send(success(0, null));
    for (
      const frame of [
        "{",
        "[]",
        "{}",
        '{"success":true,"id":1,"message":"open"}',
      ]
    ) {
      socket.send(frame);
    }
    socket.send(new Uint8Array([1]));
    socket.send(success(99, "done"));
    socket.send(success(id as number, null, { result: "fine" }));
  });
  const logger = new Recorder();
  await using connection = await connect("test", { url: server.url, logger });
  assert.equal(await connection.operation("any"), "fine");
  const warning = "warn Hoist: ignored a frame that is not of Hoist 1";
  assert.deepEqual(logger.lines, Array(5).fill(warning));
});

// A Python server

Deno.test("an error without an id is that of the oldest request, then all are closed", async () => {
  await using server = fakeServer((socket, { id, action }) => {
    if (action === undefined) return socket.send(success(0, null));
    if (id !== 3) return;
    socket.send(failure(null, 5));
    socket.close(1003);
  });
  await using connection = await connect("test", { url: server.url });
  const [first, second, third] = await Promise.all([
    rejection(connection.operation("a")),
    rejection(connection.operation("b")),
    rejection(connection.message("c")),
  ]);
  assert(first instanceof ResponseError);
  assert.equal(first.code, 5);
  for (const error of [second, third]) {
    assert(error instanceof ConnectionClosedError);
    assert.equal(error.code, 1003);
  }
});

Deno.test("an error that is followed by done fails its message only", async () => {
  await using server = fakeServer((socket, { id, action }) => {
    if (action === undefined) return socket.send(success(0, null));
    if (action === "operation") {
      return socket.send(success(id as number, null, { result: 1 }));
    }
    socket.send(success(id as number, "open", { id: 1 }));
    socket.send(
      failure(null, 6, {
        message: "division by zero",
        exc: "ZeroDivisionError",
      }),
    );
    socket.send(success(id as number, "done"));
  });
  await using connection = await connect("test", { url: server.url });
  const error = await rejection(connection.message("hello"));
  assert.equal(
    error.message,
    'Cannot finish message "hello": the server answered SOME_ERROR, ZeroDivisionError: division by zero',
  );
  assert.equal(await connection.operation("add"), 1);
});

// Ending

Deno.test("everything under way rejects at once when the server closes", async () => {
  const server = serveQuietly({ closeTimeout: 1 });
  server.operation("never", () => new Promise(() => {}));
  server.receive("never", () => new Promise(() => {}));
  await using connection = await connectTo(server);
  const errors = [
    rejection(connection.operation("never")),
    rejection(connection.message("never")),
  ];
  await server.close();
  for (const error of await Promise.all(errors)) {
    assert(error instanceof ConnectionClosedError);
    assert.deepEqual([error.code, error.reason], [1001, "server closed"]);
    assert.match(
      error.message,
      /^Cannot finish (operation|message) "never": the connection is closed \(1001, "server closed"\)$/,
    );
  }
  assert.deepEqual(await connection.closed, {
    code: 1001,
    reason: "server closed",
  });
  assert(
    (await rejection(connection.operation("x"))) instanceof
      ConnectionClosedError,
  );
});

Deno.test("everything under way rejects when the server is killed", async () => {
  const program = new URL("../mod.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--allow-net",
      program,
      "-t",
      "test",
      "-H",
      "127.0.0.1",
      "-p",
      "0",
    ],
    stderr: "piped",
    stdout: "null",
  }).spawn();
  const address = await firstMatch(child.stderr, /127\.0\.0\.1:\d+/);
  await using connection = await connect("test", { url: `http://${address}` });
  // Stopped, it cannot answer before it is killed.
  child.kill("SIGSTOP");
  const waiting = rejection(connection.operation("any"));
  child.kill("SIGKILL");
  await child.status;
  const error = await waiting;
  assert(error instanceof ConnectionClosedError);
  assert.equal(error.code, 1006);
  assert.deepEqual(await connection.closed, { code: 1006, reason: "" });
});

Deno.test("Connection.close() says goodbye and rejects what is under way", async () => {
  await using server = serveQuietly({ closeTimeout: 1 });
  server.operation("never", () => new Promise(() => {}));
  const connection = await connectTo(server);
  const waiting = rejection(connection.operation("never"));
  await Promise.all([connection.close(), connection.close()]);
  const error = await waiting;
  assert(error instanceof ConnectionClosedError);
  assert.equal(error.code, 1000);
  assert.deepEqual(await connection.closed, { code: 1000, reason: "goodbye" });
  await connection.close();
});

Deno.test("Connection.close() does not wait for ever for the server", async () => {
  await using server = fakeServer((socket, { id }) => {
    if (id === 0) socket.send(success(0, null));
  });
  const connection = await connect("test", { url: server.url });
  await connection.close();
  assert.equal((await connection.closed).code, 1000);
});

Deno.test("an await using block closes the connection", async () => {
  await using server = serveQuietly();
  {
    await using connection = await connectTo(server);
    assert.equal(server.clients.size, 1);
    assert(connection);
  }
  assert.equal(server.clients.size, 0);
});
