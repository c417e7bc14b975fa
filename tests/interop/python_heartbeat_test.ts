/** Heartbeats between this package and Python Hoist, which does not know them. */

import assert from "node:assert/strict";
import type { CloseInfo } from "../../protocol/close.ts";
import { pingsSent } from "../support/deno_socket.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";
import {
  serveAdd,
  testWithPython,
  withConnectedClient,
  withPythonServer,
} from "./drivers.ts";

const FAST = { interval: 1_000, timeout: 1_000 };

testWithPython(
  "a Python server answers the pings of a quiet connection",
  async () => {
    await withPythonServer(async (python) => {
      // Python can have to wait for the processor.
      const heartbeat = { ...FAST, timeout: 5_000 };
      await using connection = await python.connect({ heartbeat });
      // The client sends no further ping before the answer to the last one.
      await Promise.race([pingsSent(2), connection.closed]);
      assert.equal(connection.state, "open");
      assert.equal(await connection.operation("add", { a: 1, b: 2 }), 3);
    });
  },
);

testWithPython(
  "a client notices that a Python server does not answer",
  async () => {
    await withPythonServer(async (python) => {
      await using proxy = new TcpProxy(python);
      const { url } = proxy;
      const connection = await python.connect({ url, heartbeat: FAST });
      proxy.hold();
      assert.deepEqual(await connection.closed, {
        code: 1006,
        reason: "the server did not answer a ping within 1000 ms",
      });
    });
  },
);

testWithPython(
  "the server closes the connection of a Python client that does nothing",
  async () => {
    const { promise: closed, resolve } = Promise.withResolvers<CloseInfo>();
    await using server = serveAdd({
      idleTimeout: 2_000,
      onDisconnect: (_client, close) => resolve(close),
    });
    await withConnectedClient(server, async (python) => {
      assert.equal(await python.operation("add", { a: 1, b: 2 }), 3);
      // A Python client reads, and answers pings, only while it waits for a response.
      assert.deepEqual(await closed, { code: 1001, reason: "silent for 2 s" });
      await python.close().catch(() => {});
    });
  },
);
