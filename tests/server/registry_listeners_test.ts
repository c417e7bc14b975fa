/** Tests of listeners with a schema in `server/registry.ts`. */

import assert from "node:assert/strict";
import type { DataSchema } from "../../contract/contract.ts";
import { Server } from "../../server.ts";
import { ClientMessage } from "../../server/message.ts";
import { Registry } from "../../server/registry.ts";
import { checkedListener } from "../../server/validate.ts";
import { messageContext } from "../support/message_context.ts";
import { ACCEPT_ALL, LIBRARIES, schemaOf } from "../support/schemas.ts";

for (const listener of [undefined, null, "text", {}]) {
  Deno.test(`Registry.receive() rejects the listener ${JSON.stringify(listener)} with a schema`, () => {
    const registry = new Registry(undefined);
    const receive = () => registry.receive("hi", listener as never, ACCEPT_ALL);
    assert.throws(receive, {
      name: "TypeError",
      message:
        /^Cannot receive messages: the listener must be a function\. It is /,
    });
  });
}

Deno.test("Server.receive() rejects a schema without a listener", async () => {
  await using server = new Server("test", { logLevel: "error" });
  // Schemas of arktype are functions.
  const schema = LIBRARIES.arktype as never;
  for (
    const receive of [
      () => server.receive(schema),
      () => server.receive("hi", schema),
    ]
  ) {
    assert.throws(receive, {
      name: "TypeError",
      message:
        "Cannot receive messages: the listener is missing. Pass it after the schema.",
    });
  }
});

/** Returns the data that a listener with a schema receives for `{ raw: true }`. */
async function receivedData(schema: DataSchema): Promise<unknown[]> {
  const wire = { message: "hi", data: { raw: true }, id: 1, replying: null };
  const message = new ClientMessage(wire, messageContext());
  const seen: unknown[] = [];
  await checkedListener(schema, ({ data }) => seen.push(data))(message);
  return seen;
}

Deno.test("checkedListener() passes the output of a schema even if it is undefined", async () => {
  const schemas = [
    schemaOf(() => ({ value: undefined })),
    schemaOf(() => Promise.resolve({ value: undefined })),
  ];
  for (const schema of schemas) {
    assert.deepEqual(await receivedData(schema), [undefined]);
  }
});
