import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import type { ConnectOptions } from "../../client/options.ts";
import { TimeoutError } from "../../common/errors.ts";
import { rejection } from "../support/errors.ts";
import { ackResponse, fakeServer } from "../support/fake_server.ts";
import { connectTo, serveQuietly } from "../support/server.ts";

for (const url of ["", "ftp://localhost", "http://"]) {
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
        "Cannot connect: the token must be a non-empty string. Pass the token of the server, or a function that returns it.",
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
    assert.equal(connection.url, String(url).replace(/\/$/, ""));
  }
  const url = `http://127.0.0.1:${proxy.addr.port}/below`;
  await assert.rejects(
    connect("test", { url }),
    /the WebSocket at ws:.*\/below\/hoist did not open\./,
  );
});

Deno.test("connection.url contains no secret", async () => {
  await using server = serveQuietly();
  const { host } = new URL(server.url);
  const url = `http://user:secret@${host}/?key=secret#secret`;
  await using connection = await connect("test", { url });
  assert.equal(connection.url, `http://${host}`);
});

Deno.test("connect() rejects after its timeout", async () => {
  await using slowLogin = fakeServer(() => {});
  const slowAck = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  for (const url of [slowLogin.url, `http://127.0.0.1:${slowAck.addr.port}`]) {
    const error = await rejection(connect("test", { url, timeout: 50 }));
    assert(error instanceof TimeoutError);
    assert.equal(
      error.message,
      `Cannot connect to ${url}: no response within 50 ms. Check the URL or raise 'timeout'.`,
    );
  }
  slowAck.close();
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
