/** Functions of the application of a client that throw values that cannot be read. */

import assert from "node:assert/strict";
import {
  connect,
  type ConnectOptions,
  createConnection,
} from "../../client.ts";
import type { TokenFunction } from "../../client/token_source.ts";
import { REVOKED } from "../support/attacks.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { pause } from "../support/timing.ts";

const fail = (): never => {
  throw REVOKED;
};

class FailingWebSocket {
  constructor() {
    fail();
  }
}

const CASES: readonly (readonly [string | TokenFunction, ConnectOptions])[] = [
  [fail, {}],
  ["test", { fetch: fail }],
  ["test", { WebSocket: FailingWebSocket as never }],
];

Deno.test("connecting fails with a ConnectError, whatever a function throws", async () => {
  await using server = serveQuietly();
  for (const [token, options] of CASES) {
    await assert.rejects(connect(token, { url: server.url, ...options }), {
      name: "ConnectError",
    });
  }
});

Deno.test("a connection ends, whatever the reason of its signal is", async () => {
  const controller = new AbortController();
  const url = "http://127.0.0.1:1";
  const { signal } = controller;
  const connection = createConnection("test", { url, signal });
  controller.abort(REVOKED);
  await assert.rejects(connection.opened, {
    message: "a value was thrown that cannot be read",
  });
  await connection.closed;
  assert.equal(connection.state, "closed");
});

Deno.test("a request that a signal ends with such a reason does not end the program", async () => {
  const rejections: unknown[] = [];
  const onRejection = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    rejections.push(event);
  };
  addEventListener("unhandledrejection", onRejection);
  try {
    await using server = serveQuietly();
    server.operation("never", () => new Promise(() => {}));
    await using connection = await connectTo(server);
    const controller = new AbortController();
    const { signal } = controller;
    void connection.operation("never", {}, { signal });
    controller.abort(REVOKED);
    await pause(10);
    assert.deepEqual(rejections, []);
  } finally {
    removeEventListener("unhandledrejection", onRejection);
  }
});
