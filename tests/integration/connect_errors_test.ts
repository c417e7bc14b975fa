/** The errors of connect(): why it failed, and what helps. */

import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import { ConnectError } from "../../common/errors.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { RawClient } from "../support/raw_client.ts";
import { serveQuietly } from "../support/server.ts";
import { gate } from "../support/timing.ts";
import { rejection } from "../support/errors.ts";
import type { ServeOptions } from "../../server.ts";
import type { ServerConnection } from "../../server/connection.ts";

for (
  const [what, options, message] of [
    [
      "too many connections from this address",
      { limits: { maxConnectionsPerAddress: 1 } },
      /the server refused this address, .* \(429\)\. Try again later\.$/,
    ],
    [
      "too many connections",
      { limits: { maxConnections: 1 } },
      /the server has too many connections, or is closing \(503\)\. Try again later\.$/,
    ],
  ] as readonly [string, ServeOptions, RegExp][]
) {
  Deno.test(`connect() reports a server that has ${what}`, async () => {
    await using server = serveQuietly(options);
    await using _first = await RawClient.open(server);
    const error = await rejection(connect("test", { url: server.url }));
    assert(error instanceof ConnectError);
    assert.match(error.message, message);
  });
}

Deno.test("connect() reports an origin that is not allowed", async () => {
  await using server = serveQuietly({ allowedOrigins: ["https://a.example"] });
  const { WebSocket } = globalThis;
  // A browser sets this header itself.
  class PageSocket extends WebSocket {
    constructor(url: string, protocols?: string) {
      const headers = { origin: "https://b.example" };
      const options = { protocols: [protocols ?? []].flat(), headers };
      super(url, options as unknown as string);
    }
  }
  const options = { url: server.url, WebSocket: PageSocket };
  const error = await rejection(connect("test", options));
  assert.match(
    error.message,
    /does not allow connections from this page \(403\)\./,
  );
});

Deno.test("connect() reports a server without TLS", async () => {
  await using server = serveQuietly();
  const url = server.url.replace("http:", "https:");
  const error = await rejection(connect("test", { url }));
  assert.match(error.message, /the server does not use TLS\. Write http:/);
});

Deno.test("connect() reports a URL that ends with /hoist", async () => {
  await using server = serveQuietly();
  const url = `${server.url}/hoist`;
  const error = await rejection(connect("test", { url }));
  assert.match(
    error.message,
    /Omit \/hoist from the URL, because the client appends it\.$/,
  );
});

Deno.test("connect() reports a login that takes the server too long", async () => {
  const { opened, open } = gate();
  const logger = new LogRecorder();
  await using server = serveQuietly({
    logger,
    login: () => opened.then(() => true),
    limits: { loginTimeout: 20 },
  });
  const error = await rejection(connect("test", { url: server.url }));
  open();
  assert(error instanceof ConnectError);
  assert.match(
    error.message,
    /the login took too long: .*limits\.loginTimeout/,
  );
  await logger.line(/^info disconnect: .* \(1008, login timed out\)$/);
});

Deno.test("broadcast() without clients warns once until a client logs in", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger });
  const warnings = () => logger.lines.filter((line) => /^warn/.test(line));
  for (let n = 0; n < 3; n++) await server.broadcast("tick");
  assert.equal(warnings().length, 1);
  {
    await using _client = await RawClient.logIn(server);
    await server.broadcast("tick");
  }
  await logger.line(/disconnect/);
  for (let n = 0; n < 3; n++) await server.broadcast("tick");
  assert.equal(warnings().length, 2);
});

Deno.test("the startup line of a server with a login function shows no token", async () => {
  const logger = new LogRecorder();
  await using _server = serveQuietly({ logger, login: () => true });
  assert.doesNotMatch(logger.lines[0] ?? "", /token/);
});

Deno.test("a client reconnects after the login function failed for a while", async () => {
  let isFailing = false;
  await using server = serveQuietly({
    login: () => {
      if (isFailing) throw new Error("the database is down");
      return true;
    },
  });
  await using connection = await connect("test", {
    url: server.url,
    reconnect: { minDelay: 1, maxDelay: 5 },
  });
  const failed = Promise.withResolvers<unknown>();
  const open = Promise.withResolvers<void>();
  using _status = connection.onState((status) => {
    if (status.state === "open") open.resolve();
    if (status.state === "waiting") failed.resolve(status.close.error);
  });
  isFailing = true;
  // The server closes clients that read too slowly in the same way.
  const [client] = [...server.clients] as unknown as ServerConnection[];
  client?.disconnect(1013, "reads too slowly");
  await failed.promise;
  isFailing = false;
  await open.promise;
});
