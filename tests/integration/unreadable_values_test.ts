/** Values of an application that cannot be read: data, and what its functions throw. */

import assert from "node:assert/strict";
import {
  connect,
  type ConnectOptions,
  createConnection,
} from "../../client.ts";
import type { TokenFunction } from "../../client/token_source.ts";
import { ConnectError } from "../../common/errors.ts";
import { PLAIN_TOKEN } from "../support/admin.ts";
import { REVOKED } from "../support/attacks.ts";
import { throwsExactly } from "../support/errors.ts";
import { readMetrics, serveMetrics, valuesOf } from "../support/metrics.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { pause } from "../support/timing.ts";

const fail = (): never => {
  throw REVOKED;
};

/** Throws an error that hides such a value. */
const failWithCause = (): never => {
  throw new Error("no", { cause: REVOKED });
};

class WebSocketWithEvent extends EventTarget {
  readyState = 0;

  constructor() {
    super();
    const event = Object.assign(new Event("error"), { error: REVOKED });
    queueMicrotask(() => this.dispatchEvent(event));
  }

  close(): void {}
}

class FailingWebSocket {
  constructor() {
    fail();
  }
}

const CASES: readonly (readonly [string | TokenFunction, ConnectOptions])[] = [
  [fail, {}],
  ["test", { fetch: fail }],
  ["test", { fetch: failWithCause }],
  ["test", { WebSocket: FailingWebSocket as never }],
  ["test", { WebSocket: WebSocketWithEvent as never }],
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

Deno.test("a connection ends whose fetch throws an error with such a cause", async () => {
  await using server = serveQuietly();
  const fetch = () => {
    throw new ConnectError("no", { cause: REVOKED });
  };
  const reconnect = { minDelay: 1, maxAttempts: 2 };
  const options = { url: server.url, fetch, reconnect };
  const connection = createConnection("test", options);
  await assert.rejects(connection.opened, { name: "ConnectError" });
  await connection.closed;
});

Deno.test("a request to a client rejects with the reason of its signal, whatever it is", async () => {
  await using server = serveMetrics();
  await using connection = await connect(PLAIN_TOKEN, { url: server.url });
  connection.receive("never", () => new Promise(() => {}));
  const [client] = server.clients;
  const controller = new AbortController();
  const { signal } = controller;
  const request = () => client!.request("never", {}, { signal });
  const requested = throwsExactly(request, REVOKED);
  controller.abort(REVOKED);
  assert(await requested);
  const metrics = await readMetrics(server);
  assert.deepEqual(valuesOf(metrics, "hoist_client_requests_total"), {
    '{result="cancelled"}': 1,
  });
});

Deno.test("each sender names the request whose data cannot be read", async () => {
  await using server = serveQuietly();
  server.defineRoom("lobby", { authorize: () => true, presence: () => ({}) });
  await using connection = await connectTo(server);
  const room = await connection.join("lobby");
  const [client] = server.clients;
  const other = server.client(client!.globalId);
  const send = [
    (data: never) => connection.message("hi", data),
    (data: never) => connection.request("hi", data),
    (data: never) => connection.operation("hi", data),
    async (data: never) => await connection.stream("hi", data).next(),
    (data: never) => room.publish("hi", data),
    (data: never) => room.setPresence(data),
    async (data: never) => await server.broadcast("hi", data),
    async (data: never) => await client!.message("hi", data),
    async (data: never) => await client!.request("hi", data),
    async (data: never) => await other.message("hi", data),
    async (data: never) => await server.room("lobby").broadcast("hi", data),
  ];
  const message =
    /^Cannot send (\w+ "hi"|the presence): its data cannot be encoded as JSON: /;
  for (const data of [REVOKED, { toJSON: fail }]) {
    for (const each of send) {
      const sent = (async () => await each(data as never))();
      await assert.rejects(sent, { name: "TypeError", message });
    }
  }
});
