/** What an admin sees of the data in events. */

import assert from "node:assert/strict";
import {
  connectAdmin,
  itemsOf,
  PLAIN_TOKEN,
  serveAdmin,
} from "../support/admin.ts";
import { RawClient } from "../support/raw_client.ts";
import { pause } from "../support/timing.ts";

Deno.test("a client cannot hide data from an admin with a number that has no JSON form", async () => {
  await using server = serveAdmin({ adminPayloads: true });
  server.operation("add", () => null);
  await using ops = await connectAdmin(server);
  const items = itemsOf(ops.stream("hoist.admin.events", { names: ["add"] }));
  const first = items.next();
  let isOpen = false;
  void first.then(() => isOpen = true);
  const { url } = server;
  await using client = await RawClient.logIn({ url, token: PLAIN_TOKEN }, []);
  const data = '{"n":1e400,"text":"hidden"}';
  // The first request can be earlier than the stream.
  for (let id = 1; !isOpen; id++) {
    client.send(
      `{"id":${id},"action":"operation","data":{"operation":"add","data":${data}}}`,
    );
    await pause(10);
  }
  const [event] = (await first).events;
  const payload = '{"n":null,"text":"hidden"}';
  assert.equal(event?.payload, payload);
  assert.equal(event.size, payload.length);
  await items.end();
});
