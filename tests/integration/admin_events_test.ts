/** What an admin sees of the data in events. */

import assert from "node:assert/strict";
import {
  connectAdmin,
  itemsOf,
  PLAIN_TOKEN,
  serveAdmin,
} from "../support/admin.ts";
import { RawClient } from "../support/raw_client.ts";

Deno.test("a client cannot hide data from an admin with a number that has no JSON form", async () => {
  await using server = serveAdmin({ adminPayloads: true });
  server.operation("add", () => null);
  await using ops = await connectAdmin(server);
  const items = itemsOf(ops.stream("hoist.admin.events", { names: ["add"] }));
  const first = items.next();
  // The stream is open: the server answers requests in their order.
  await ops.operation("hoist.admin.health", {});
  const { url } = server;
  await using client = await RawClient.logIn({ url, token: PLAIN_TOKEN }, []);
  const data = '{"n":1e400,"text":"hidden"}';
  client.send(
    `{"id":1,"action":"operation","data":{"operation":"add","data":${data}}}`,
  );
  const [event] = (await first).events;
  const payload = '{"n":null,"text":"hidden"}';
  assert.equal(event?.payload, payload);
  assert.equal(event.size, payload.length);
  await items.end();
});
