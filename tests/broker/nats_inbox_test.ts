/** Requests to NATS that wait for replies. */

import assert from "node:assert/strict";
import { type LostReason, NatsInbox } from "../../broker/nats_inbox.ts";

Deno.test("NATS: a request ends in a program that is always busy", async () => {
  const inbox = new NatsInbox();
  const { promise, resolve } = Promise.withResolvers<LostReason>();
  const handler = { onReply: () => true, onLost: resolve };
  inbox.add("subject", handler, 100);
  const busy = setInterval(() => {
    const end = performance.now() + 170;
    while (performance.now() < end);
  }, 0);
  const limit = setTimeout(() => resolve("disconnected"), 60_000);
  assert.equal(await promise, "timeout");
  clearInterval(busy);
  clearTimeout(limit);
});
