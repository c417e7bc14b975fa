/** `server.use()` and the replies of clients to requests of the server. */

import assert from "node:assert/strict";
import { defineContract, serve } from "../../mod.ts";
import type { Server } from "../../server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { message, RawClient, SUCCESS } from "../support/raw_client.ts";
import { ACCEPT_ALL as ANY } from "../support/schemas.ts";
import { serveQuietly } from "../support/server.ts";
import { gate } from "../support/timing.ts";

function logIn(server: Parameters<typeof RawClient.logIn>[0]) {
  return RawClient.logIn(server, ["done-id", "request"]);
}

Deno.test("the reply to a request does not wait for the middleware", async () => {
  await using server = serveQuietly();
  const { opened, open } = gate();
  const names: string[] = [];
  server.receive("yes", () => void names.push("listener"));
  server.use(async ({ name }, next) => {
    names.push(name);
    await opened;
    await next();
  });
  await using client = await logIn(server);
  const [only] = server.clients;
  const reply = only!.request("ready");
  const { data: wire } = await client.next();
  client.send(message(1, "yes", {}, wire));
  assert.equal((await reply).name, "yes");
  open();
  assert.deepEqual(await client.next(), {
    ...SUCCESS,
    message: "done",
    id: 1,
    data: { id: 2 },
  });
  assert.deepEqual(names, ["yes", "listener"]);
});

Deno.test("with a contract, middleware sees no reply, although a message has its name", async () => {
  const contract = defineContract({
    messages: { yes: ANY },
    events: { ready: { replies: { yes: ANY } } },
  });
  await using server = serve("test", {
    hostname: "127.0.0.1",
    port: 0,
    logger: new LogRecorder(),
    contract,
  });
  const seen: unknown[] = [];
  server.receive("yes", () => {});
  server.use(({ name, data }, next) => {
    seen.push([name, data]);
    return next();
  });
  await using client = await logIn(server as unknown as Server);
  const [only] = server.clients;
  const reply = only!.request("ready", {});
  const { data: wire } = await client.next();
  client.send(message(1, "yes", { n: 1 }, wire));
  assert.equal((await reply).name, "yes");
  await client.next();
  client.send(message(2, "yes", { n: 2 }));
  await client.next();
  assert.deepEqual(seen, [["yes", { n: 2 }]]);
});
