/** A TCP proxy that can end its connections. */

import assert from "node:assert/strict";
import { ConnectionClosedError } from "../../../common/errors.ts";
import { connectTo, serveQuietly } from "../../../tests/support/server.ts";
import { gate } from "../../../tests/support/timing.ts";
import { Relay } from "./relay.ts";

Deno.test("forwards data until its connections are ended", async () => {
  await using server = serveQuietly({ limits: { maxPayload: 1_000_000 } });
  const { opened, open } = gate();
  server.operation("echo", (data) => data);
  server.operation("wait", async () => await opened);
  using relay = new Relay(server.addr.port);
  await using connection = await connectTo(server, { url: relay.url });
  const data = { text: "x".repeat(200_000) };
  assert.deepEqual(await connection.operation("echo", data), data);

  const waiting = connection.operation("wait");
  relay.abort();
  await assert.rejects(waiting, ConnectionClosedError);
  open();

  await using again = await connectTo(server, { url: relay.url });
  assert.deepEqual(await again.operation("echo", { n: 1 }), { n: 1 });
});
