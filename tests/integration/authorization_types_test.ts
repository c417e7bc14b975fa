/** The types of `authorize` and of `server.use()`. The type check of this file is the test. */

import assert from "node:assert/strict";
import { defineContract, serve } from "../../mod.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { message, operation, RawClient } from "../support/raw_client.ts";
import { ACCEPT_ALL } from "../support/schemas.ts";
import { assertSameType } from "../support/same_type.ts";

const OPTIONS = { hostname: "127.0.0.1", port: 0, logger: new LogRecorder() };

Deno.test("authorize gets the names and the requirements of the contract", async () => {
  const contract = defineContract({
    messages: { hello: {}, shout: { requires: { volume: 11 } } },
    events: { news: {} },
    operations: { add: {}, drop: { requires: "admin" } },
  });
  const seen: unknown[] = [];
  await using server = serve("test", {
    ...OPTIONS,
    contract,
    login: (_server, token) => ({ name: token, role: "admin" as const }),
    onConnect: () => ({ visits: 1 }),
    authorize: (client, { kind, name, requires }) => {
      assertSameType<typeof client.identity.role, "admin">(true);
      assertSameType<typeof client.data, { visits: number }>(true);
      assertSameType<typeof kind, "message" | "operation" | "stream">(true);
      assertSameType<typeof name, "hello" | "shout" | "add" | "drop">(true);
      assertSameType<
        typeof requires,
        "admin" | { readonly volume: 11 } | undefined
      >(true);
      seen.push([client.identity, client.data, name, requires]);
      return requires === undefined || client.identity.role === requires;
    },
  });
  server.operation("drop", () => 1);
  await using client = await RawClient.logIn(server);
  client.send(operation(1, "drop"));
  assert.equal((await client.next()).code, 0);
  const identity = { name: "test", role: "admin" };
  assert.deepEqual(seen, [[identity, { visits: 1 }, "drop", "admin"]]);
});

Deno.test("a middleware gets the names and the requirements of the contract", async () => {
  const contract = defineContract({
    messages: { hello: {} },
    events: { ready: { replies: { yes: ACCEPT_ALL } } },
    operations: { drop: { requires: "admin" } },
  });
  const seen: unknown[] = [];
  await using server = serve("test", {
    ...OPTIONS,
    contract,
    onConnect: () => 7,
    authorize: () => true,
  });
  server.use((call, next) => {
    assertSameType<typeof call.name, "hello" | "drop">(true);
    assertSameType<typeof call.requires, "admin" | undefined>(true);
    assertSameType<typeof call.client.data, number>(true);
    seen.push([call.name, call.requires, call.client.data]);
    return next();
  });
  server.operation("drop", () => 1);
  server.receive(() => {});
  await using client = await RawClient.logIn(server, ["request", "done-id"]);
  client.send(operation(1, "drop"));
  assert.equal((await client.next()).code, 0);
  const [only] = server.clients;
  const reply = only!.request("ready");
  const { data: wire } = await client.next();
  client.send(message(2, "yes", {}, wire));
  assert.equal((await reply).name, "yes");
  assert.deepEqual(seen, [["drop", "admin", 7]]);
});

Deno.test("without a contract, authorize gets any name and no requirement", async () => {
  await using _server = serve("test", {
    ...OPTIONS,
    authorize: (_client, { name, requires }) => {
      assertSameType<typeof name, string>(true);
      assertSameType<typeof requires, undefined>(true);
      return true;
    },
  });
  await using _mistake = serve("test", {
    ...OPTIONS,
    // @ts-expect-error: only true and false are decisions
    authorize: () => "admin",
  });
});

Deno.test("only entries of a contract can require something", async () => {
  await using server = serve("test", OPTIONS);
  assert.throws(() => {
    // @ts-expect-error: requires needs a contract
    server.operation("drop", { requires: "admin" }, () => 1);
  }, /unknown option 'requires' in 'schemas'/);
});
