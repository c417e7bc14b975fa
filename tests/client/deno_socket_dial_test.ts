/**
 * Attempts that end right when their connection is made. Deno rejects without closing the
 * connection then, so each test runs until this has happened several times. It fails because
 * of the leak.
 */

import assert from "node:assert/strict";
import { DenoTransport } from "../../broker/nats_transport.ts";
import { dial } from "../../common/async.ts";
import { RecordedSocket } from "../support/deno_socket.ts";

/** With each attempt, the probability of a leak without the precaution is about 5 %. */
const ATTEMPTS = 200;

/** Listens, and closes each connection at once. */
function listen() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepting = (async () => {
    for await (const connection of listener) connection.close();
  })();
  return {
    address: { hostname: "127.0.0.1", port: listener.addr.port },
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
    },
  };
}

/** Calls a function after the system has made the connection, and before Deno reports it. */
function whenConnected(end: () => void): void {
  setTimeout(end, 1);
  const until = performance.now() + 3;
  while (performance.now() < until);
}

Deno.test("dial() closes a connection that is made when its signal aborts", async () => {
  await using server = listen();
  for (let n = 0; n < ATTEMPTS; n++) {
    const controller = new AbortController();
    const dialing = dial(
      controller.signal,
      (signal) => Deno.connect({ ...server.address, signal }),
    );
    const reason = new Error("enough");
    whenConnected(() => controller.abort(reason));
    // If the abort comes too late, there is a connection.
    await dialing.then(
      (connection) => connection.close(),
      (error) => assert.equal(error, reason),
    );
  }
});

Deno.test("dial() rejects with the reason of a signal that is aborted", async () => {
  const reason = new Error("enough");
  const connect = () => assert.fail("called");
  await assert.rejects(dial(AbortSignal.abort(reason), connect), reason);
});

Deno.test("dial() rejects with the error of the system", async () => {
  const { signal } = new AbortController();
  const failure = new Error("refused");
  await assert.rejects(dial(signal, () => Promise.reject(failure)), failure);
});

Deno.test("terminate() closes a connection that is made at this moment", async () => {
  await using server = listen();
  for (let n = 0; n < ATTEMPTS; n++) {
    const client = new RecordedSocket(`ws://127.0.0.1:${server.address.port}`);
    whenConnected(() => client.socket.terminate());
    await client.closed;
  }
});

Deno.test("disconnect() closes a connection to NATS that is made at this moment", async () => {
  await using server = listen();
  const target = { ...server.address, listen: "", src: "", tlsName: "" };
  for (let n = 0; n < ATTEMPTS; n++) {
    const transport = new DenoTransport();
    const connecting = transport.connect(target as never, {});
    whenConnected(() => transport.disconnect());
    await assert.rejects(connecting);
  }
});
