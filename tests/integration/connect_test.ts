import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import {
  ConnectError,
  LoginError,
  TimeoutError,
  VersionError,
} from "../../common/errors.ts";
import type { ConnectOptions } from "../../client/connect.ts";
import { VERSION } from "../../version.ts";
import { rejection } from "../support/errors.ts";
import { ackResponse, errorFrame, fakeServer } from "../support/fake_server.ts";
import { connectTo, serveQuietly } from "../support/server.ts";

Deno.test("connect() reports that nothing listens at the URL", async () => {
  const url = `http://127.0.0.1:${closedPort()}`;
  const error = await rejection(connect("test", { url }));
  assert(error instanceof ConnectError);
  assert.equal(
    error.message,
    `Cannot connect to ${url}: no server answers there. Check the URL and that the server is running.`,
  );
  assert.match(String(error.cause), /refused/);
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
    ["a version that is not a string", () => Response.json({ version: 1 })],
  ] as const
) {
  Deno.test(`connect() reports a server that answers the ack with ${what}`, async () => {
    await using server = fakeServer(() => {}, ack);
    const error = await rejection(connect("test", { url: server.url }));
    assert(error instanceof ConnectError);
    assert.equal(
      error.message,
      `Cannot connect to ${server.url}: it is not a Hoist server, because ${server.url}/hoist/ack returned no version. Check the URL.`,
    );
  });
}

Deno.test("connect() reports that no WebSocket opens", async () => {
  await using http = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    ackResponse,
  );
  const url = `http://127.0.0.1:${http.addr.port}`;
  const error = await rejection(connect("test", { url }));
  assert(error instanceof ConnectError);
  assert.match(
    error.message,
    /: the WebSocket at ws:\/\/127\.0\.0\.1:\d+\/hoist did not open\. Look at the log of the server: .+ a proxy may block WebSockets\.$/,
  );
});

Deno.test("connect() reports a wrong token", async () => {
  await using server = serveQuietly();
  const error = await rejection(connect("wrong", { url: server.url }));
  assert(error instanceof LoginError);
  assert.equal(
    error.message,
    `Cannot log in to ${server.url}: the server refused the token. Check that it matches the server's token.`,
  );
  assert(!error.message.includes("wrong"));
});

Deno.test("connect() reports a server that is too old", async () => {
  await using server = serveQuietly();
  const error = await rejection(connectTo(server, { minimumVersion: "1.1.1" }));
  assert(error instanceof VersionError);
  assert.deepEqual([error.needed, error.current], ["1.1.1", VERSION]);
  assert.match(
    error.message,
    /: the server has version 1\.1\.0, but 'minimumVersion' is 1\.1\.1\. Update the server or lower 'minimumVersion'\.$/,
  );
  await using connection = await connectTo(server, { minimumVersion: VERSION });
  assert(connection);
});

Deno.test("connect() reports a client that is too old", async () => {
  await using server = serveQuietly({ minimumVersion: "1.1.1" });
  const error = await rejection(connectTo(server));
  assert(error instanceof VersionError);
  assert.deepEqual([error.needed, error.current], ["1.1.1", VERSION]);
  assert.match(
    error.message,
    /: the server needs a client of version 1\.1\.1 or later, but this client has version 1\.1\.0\. Update the client\.$/,
  );
});

Deno.test("connect() reports a server that closes before it answers the login", async () => {
  await using server = fakeServer((socket) => socket.close(4000, "no time"));
  const error = await rejection(connect("test", { url: server.url }));
  assert(error instanceof ConnectError);
  assert.match(
    error.message,
    /: the server closed the connection before it answered the login \(4000, "no time"\)\. Look at the log of the server\.$/,
  );
});

Deno.test("connect() reports other errors in the login reply", async () => {
  await using server = fakeServer((socket) => socket.send(errorFrame(null, 6)));
  const error = await rejection(connect("test", { url: server.url }));
  assert(error instanceof ConnectError);
  assert.match(error.message, /: the server answered SOME_ERROR: Some error$/);
});

Deno.test("connect() reads the login error of a Python server, whose id is null", async () => {
  await using server = fakeServer((socket) => {
    socket.send(errorFrame(null, 3));
    socket.close(1003);
  });
  const error = await rejection(connect("test", { url: server.url }));
  assert(error instanceof LoginError);
});

for (const url of ["", "localhost:5000", "ftp://localhost", "http://"]) {
  Deno.test(`connect() rejects the URL "${url}"`, async () => {
    await assert.rejects(connect("test", { url }), {
      name: "TypeError",
      message:
        `Cannot connect: 'url' must be an HTTP or WebSocket URL such as "http://localhost:5000". It is ${
          url === "" ? "empty" : `"${url}"`
        }.`,
    });
  });
}

Deno.test("connect() rejects an empty token", async () => {
  for (const token of ["", undefined as unknown as string]) {
    await assert.rejects(connect(token), {
      name: "TypeError",
      message:
        "Cannot connect: the token must be a non-empty string. Pass the token of the server.",
    });
  }
});

Deno.test("connect() rejects an invalid minimum version", async () => {
  await assert.rejects(
    connect("test", { minimumVersion: "1" }),
    /'minimumVersion' must be a version such as "1\.2\.3"\. It is "1"\.$/,
  );
});

Deno.test("connect() rejects if the runtime has no WebSocket", async () => {
  await using server = serveQuietly();
  const options = { WebSocket: null } as unknown as ConnectOptions;
  await assert.rejects(
    connectTo(server, options),
    /this runtime has no WebSocket\. Pass one as the option 'WebSocket', for example from npm:ws\.$/,
  );
});

Deno.test("connect() accepts ws: URLs, URL objects and a path", async () => {
  await using server = serveQuietly();
  const { port } = server.addr;
  await using proxy = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      const { pathname } = new URL(request.url);
      return pathname === "/below/hoist/ack"
        ? ackResponse()
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
    /the WebSocket at ws:.*\/below\/hoist did not open\./,
  );
});

Deno.test("connect() rejects after its timeout", async () => {
  const never = new Promise<Response>(() => {});
  await using slowLogin = fakeServer(() => {});
  const slowAck = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  for (const url of [slowLogin.url, `http://127.0.0.1:${slowAck.addr.port}`]) {
    const error = await rejection(connect("test", { url, timeout: 50 }));
    assert(error instanceof TimeoutError);
    assert.equal(
      error.message,
      `Cannot connect to ${url}: no answer within 50 ms. Check the URL or raise 'timeout'.`,
    );
  }
  slowAck.close();
  assert(never);
});

Deno.test("connect() rejects when its signal aborts", async () => {
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
