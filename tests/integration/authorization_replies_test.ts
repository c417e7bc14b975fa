/** The option `authorize` and the replies of clients to requests of the server. */

import assert from "node:assert/strict";
import { defineContract, serve } from "../../mod.ts";
import type { Server } from "../../server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { message, operation, RawClient } from "../support/raw_client.ts";
import { ACCEPT_ALL as ANY } from "../support/schemas.ts";
import { serveQuietly } from "../support/server.ts";

/** Logs in a client and sends it the request `ready`. */
async function requestFrom(server: Server) {
  const raw = await RawClient.logIn(server, ["request", "done-id"]);
  const [client] = server.clients;
  const reply = client!.request("ready");
  const { data: wire } = await raw.next();
  return { raw, reply, wire };
}

Deno.test("the reply to a request needs no authorization and reaches no listener", async () => {
  const heard: string[] = [];
  const asked: string[] = [];
  await using server = serveQuietly({
    authorize: (_client, { name }) => {
      asked.push(name);
      return false;
    },
  });
  server.receive("delete all", ({ name }) => void heard.push(name));
  server.receive(({ name }) => void heard.push(name));
  const { raw, reply, wire } = await requestFrom(server);
  await using client = raw;
  client.send(message(1, "delete all", { n: 1 }, wire));
  assert.equal((await reply).name, "delete all");
  assert.equal((await client.next()).message, "done");
  assert.deepEqual([heard, asked], [[], []]);
});

Deno.test("without a contract, a second reply is a message that needs authorization", async () => {
  const asked: string[] = [];
  await using server = serveQuietly({
    authorize: (_client, { kind, name }) => {
      asked.push(`${kind} ${name}`);
      return false;
    },
  });
  const { raw, reply, wire } = await requestFrom(server);
  await using client = raw;
  for (const id of [1, 2]) client.send(message(id, "yes", {}, wire));
  await reply;
  const codes = (await client.take(2)).map(({ id, code }) => [id, code]);
  assert.deepEqual(new Map(codes as [number, number][]).get(2), 10);
  assert.deepEqual(asked, ["message yes"]);
});

Deno.test("a message that only claims to reply to a request needs authorization", async () => {
  await using server = serveQuietly({ authorize: () => false });
  const { raw, wire } = await requestFrom(server);
  await using client = raw;
  for (const other of [{ id: wire.id + 1 }, { message: "other" }]) {
    client.send(message(1, "yes", {}, { ...wire, ...other }));
    assert.equal((await client.next()).code, 10);
  }
});

Deno.test("with a contract, a late reply of the contract is ignored without an error", async () => {
  const yes = {};
  const contract = defineContract({
    messages: { hello: {} },
    events: { ready: { replies: { yes: ANY } } },
  });
  const heard: string[] = [];
  await using server = serve("test", {
    hostname: "127.0.0.1",
    port: 0,
    logger: new LogRecorder(),
    contract,
    authorize: () => false,
  });
  server.receive(({ name }) => void heard.push(name));
  const { raw, reply, wire } = await requestFrom(server as unknown as Server);
  await using client = raw;
  for (const id of [1, 2]) client.send(message(id, "yes", yes, wire));
  await reply;
  const answers = await client.take(2);
  assert.deepEqual(answers.map((answer) => answer.message), ["done", "done"]);
  // A message of the contract is no reply, whatever it claims to reply to.
  client.send(message(3, "hello", {}, wire));
  assert.equal((await client.next()).code, 10);
  assert.deepEqual(heard, []);
  client.send(operation(4, "missing"));
  assert.equal((await client.next()).code, 10);
});
