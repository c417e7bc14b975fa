/** Tests of the extension `trace` in `client/socket_link.ts`. */

import assert from "node:assert/strict";
import { encodeOperationRequest } from "../../protocol/encode.ts";
import { openLink } from "../support/socket_link.ts";

const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/** Sends a request that belongs to a span; returns its frame. */
async function send(features: readonly string[]): Promise<string> {
  const { link, socket, server } = await openLink({}, features);
  await using _ = server;
  const sent = link.request({
    name: "add",
    describe: (name) => name,
    traceparent: TRACEPARENT,
    encode: encodeOperationRequest("add", {}),
  });
  sent.catch(() => {});
  link.abort();
  return String(socket.sent[1]);
}

Deno.test("sends the span to a server that supports it", async () => {
  assert((await send(["trace"])).includes(TRACEPARENT));
});

for (const features of [[], ["cancel", "stream"]]) {
  Deno.test(`sends no span to a server with [${features}]`, async () => {
    assert(!(await send(features)).includes("traceparent"));
  });
}
