/** Clients that disconnect during their handshake. Deno does not report them. */

import assert from "node:assert/strict";
import { Server } from "../../server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { gate } from "../support/timing.ts";
import { encodeRequest, requestUpgrade, TcpPeer } from "../support/tcp_peer.ts";

Deno.test({
  name: "a client that disconnects during its handshake stops counting",
  // Deno leaves the upgrade of such a client open.
  sanitizeOps: false,
  fn: async () => {
    const logger = new LogRecorder();
    const limits = { maxUnauthenticated: 1, loginTimeout: 50 };
    const hoist = new Server("test", { logger, limits });
    const { opened, open } = gate();
    const { promise: left, resolve: onLeft } = Promise.withResolvers<void>();
    const controller = new AbortController();
    const { signal } = controller;
    const http = Deno.serve(
      { hostname: "127.0.0.1", port: 0, signal, onListen: () => {} },
      async (request, info) => {
        request.signal.addEventListener("abort", () => onLeft());
        const response = hoist.fetch(request, info);
        await opened;
        return response;
      },
    );
    {
      using early = await TcpPeer.connect(http);
      await early.write(encodeRequest());
      await logger.line(/: \S+ connected$/);
    }
    await left;
    open();
    await logger.line(/disconnected: connection lost$/);
    assert.equal((await requestUpgrade(http)).status, 101);
    await hoist.close();
    controller.abort();
    await http.finished;
  },
});
