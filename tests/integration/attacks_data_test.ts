/**
 * Hostile data and messages that handlers mutate. The data is not sent, and the server
 * keeps serving other clients.
 */

import assert from "node:assert/strict";
import type { JsonObject } from "../../common/json.ts";
import {
  assertServed,
  CYCLE,
  DEEP,
  fail,
  HOSTILE,
  REVOKED,
  startAttack,
} from "../support/attacks.ts";
import { message, operation } from "../support/raw_client.ts";

/** Invalid data that an application could try to send. */
const BAD_DATA: Readonly<Record<string, unknown>> = {
  "throws": HOSTILE,
  "is revoked": REVOKED,
  "is a cycle": CYCLE,
  "is nested deeper than the stack": { deep: DEEP },
  "has a bigint": { n: 1n },
  "has a getter that throws": {
    get a() {
      return fail();
    },
  },
  "has a toJSON that throws": { toJSON: fail },
  "has a toJSON that returns no object": { toJSON: () => "text" },
  "is an array": [],
  "is null": null,
};

for (const [what, data] of Object.entries(BAD_DATA)) {
  Deno.test(`data that ${what} is rejected where it is sent`, async () => {
    const { server, client, other } = await startAttack();
    await using _server = server;
    const bad = data as JsonObject;
    server.receive("bad", (message) => void message.reply("bad", bad));
    client.send(message(1, "bad"));
    const [answer] = await client.take(1);
    assert.deepEqual([answer.id, answer.code], [1, 6]);
    await assert.rejects(server.broadcast("bad", bad));
    for (const each of server.clients) {
      assert.throws(() => each.message("bad", bad));
    }
    await assertServed(client);
    await assertServed(other);
  });
}

/** Mutates a message in ways that its type forbids. */
function mutate(message: object, data: Record<string, unknown>): void {
  try {
    Object.assign(message, { id: -1, name: "other", data: null });
  } catch {
    // A read-only property is fine as well.
  }
  data.self = data;
  data.big = 1n;
  Object.defineProperty(data, "toJSON", { value: fail, enumerable: true });
}

Deno.test("a listener that mutates its message affects only its own reply", async () => {
  const { server, client, other } = await startAttack();
  await using _server = server;
  server.receive("mutate", (message) => {
    mutate(message, message.data as Record<string, unknown>);
    message.reply("reply");
  });
  server.receive("fine", (message) => void message.reply("reply"));
  client.send([message(1, "mutate", { a: 1 }), message(2, "fine", { a: 1 })]);
  const answers = await client.take(3);
  assert.deepEqual(
    answers.filter(({ id }) => id === 2).map(({ code }) => code),
    [0, 0],
  );
  const last = answers.filter(({ id }) => id === 1).at(-1);
  assert.equal(last.code, 6);
  await assertServed(other);
});

Deno.test("a listener that mutates the replied message or its reply does not affect others", async () => {
  const { server, client, other } = await startAttack();
  await using _server = server;
  const data = { a: 1 };
  server.receive("mutate", (message) => {
    const { replying } = message;
    mutate(replying!, replying!.data as Record<string, unknown>);
    const reply = message.reply("reply", data);
    // The reply is already sent.
    mutate(reply, reply.data as Record<string, unknown>);
  });
  const first = { message: "hi", data: { a: 1 }, id: 7, replying: null };
  client.send(message(1, "mutate", {}, first));
  const [answer] = await client.take(1);
  assert.deepEqual([answer.id, answer.code], [1, 6]);
  await assertServed(client);
  await assertServed(other);
});

Deno.test("a getter that sends messages during serialization breaks no frame", async () => {
  const { server, client, other } = await startAttack();
  await using _server = server;
  server.operation("bad", (_data, { client }) => ({
    get a() {
      client.message("from the getter");
      void server.broadcast("broadcast from the getter");
      return 1;
    },
  }));
  client.send(operation(1, "bad"));
  // The check for values that JSON changes calls the getter again.
  const answers = await client.take(5);
  const names = answers.map(({ data }) => data.message ?? data.result.a);
  assert.deepEqual(
    new Set(names),
    new Set(["from the getter", "broadcast from the getter", 1]),
  );
  assert.equal((await other.next()).data.message, "broadcast from the getter");
});
