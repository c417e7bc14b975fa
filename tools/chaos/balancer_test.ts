/** The balancer of the chaos test. */

import assert from "node:assert/strict";
import { ConnectError, ConnectionClosedError } from "../../common/errors.ts";
import { connectTo, serveQuietly } from "../../tests/support/server.ts";
import { type Address, balance } from "./balancer.ts";

/** Starts a server that answers with its name. */
function serveNamed(name: string) {
  const server = serveQuietly();
  server.operation("name", () => ({ name }));
  server.operation("wait", () => new Promise(() => {}));
  return server;
}

Deno.test("connects clients to the servers in turn", async () => {
  await using one = serveNamed("one");
  await using other = serveNamed("other");
  await using balancer = balance(() => [one.addr, other.addr]);
  const names = new Set<unknown>();
  for (let turn = 0; turn < 4; turn++) {
    await using connection = await connectTo(one, { url: balancer.url });
    names.add(Object(await connection.operation("name")).name);
  }
  assert.deepEqual([...names].toSorted(), ["one", "other"]);
  assert.equal(one.clients.size + other.clients.size, 0);
});

Deno.test("leaves out a server that does not listen", async () => {
  await using server = serveNamed("up");
  const addresses: Address[] = [{ hostname: "127.0.0.1", port: 1 }];
  await using balancer = balance(() => addresses);
  const attempt = connectTo(server, { url: balancer.url });
  await assert.rejects(attempt, ConnectError);
  addresses.push(server.addr);
  for (let turn = 0; turn < 3; turn++) {
    await using connection = await connectTo(server, { url: balancer.url });
    assert.deepEqual(await connection.operation("name"), { name: "up" });
  }
});

Deno.test("cuts all connections", async () => {
  await using server = serveNamed("up");
  await using balancer = balance(() => [server.addr]);
  await using connection = await connectTo(server, { url: balancer.url });
  const waiting = connection.operation("wait");
  balancer.abort();
  await assert.rejects(waiting, ConnectionClosedError);
  assert.equal(balancer.size, 0);
});
