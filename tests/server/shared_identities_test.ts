/** Recognizes the clients of rooms on all servers of a deployment. */

import assert from "node:assert/strict";
import type { JsonObject } from "../../common/json.ts";
import { Log } from "../../server/log.ts";
import { ServerNode } from "../../server/node.ts";
import type { IdentityOwner } from "../../server/room_identities.ts";
import { SharedIdentities } from "../../server/shared_identities.ts";
import { FaultyEngine } from "../support/faulty_engine.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { pause, until } from "../support/timing.ts";

class Owner implements IdentityOwner {
  replaced = 0;

  onReplaced(): void {
    this.replaced++;
  }
}

/** Starts servers that share their identities. */
async function start(engine: FaultyEngine, count: number) {
  const nodes = Array.from({ length: count }, () => {
    const log = new Log({ logger: new LogRecorder(), logLevel: "info" });
    const node = new ServerNode(engine, log);
    const identities = new SharedIdentities(node);
    node.start({ onPublication: () => {}, onStale: () => {} });
    return { node, identities };
  });
  await Promise.all(nodes.map(({ node }) => node.started));
  return {
    identities: nodes.map(({ identities }) => identities),
    nodes: nodes.map(({ node }) => node),
    async [Symbol.asyncDispose]() {
      for (const { node } of nodes) {
        await node.broker[Symbol.asyncDispose]();
        await node.close();
      }
    },
  };
}

Deno.test("a client keeps its ids on another server", async () => {
  await using servers = await start(new FaultyEngine(), 2);
  const [first, second] = servers.identities;
  const ada = first!.claim(new Owner(), "ada", undefined);
  assert.equal(ada.isRecognized, false);
  assert.match(ada.secret, /^[\w-]{22}$/);
  assert.match(ada.connection, /^[\w-]{16}$/);
  const again = second!.claim(new Owner(), "ada", ada.secret);
  assert.deepEqual(again, { ...ada, isRecognized: true });
  const tab = second!.claim(new Owner(), "ada", undefined);
  assert.equal(tab.member, ada.member);
  assert.notEqual(tab.connection, ada.connection);
  const guest = second!.claim(new Owner(), undefined, undefined);
  assert.equal(guest.member, guest.connection);
});

Deno.test("the secret of another user gives nobody its ids", async () => {
  await using servers = await start(new FaultyEngine(), 2);
  const [first, second] = servers.identities;
  const ada = first!.claim(new Owner(), "ada", undefined);
  for (const user of ["bob", undefined]) {
    const other = second!.claim(new Owner(), user, ada.secret);
    assert.notEqual(other.connection, ada.connection);
    assert.notEqual(other.member, ada.member);
  }
  // The parts of a name cannot be mistaken for each other.
  const one = first!.claim(new Owner(), '","', undefined);
  assert.notEqual(one.member, first!.claim(new Owner(), '"', undefined).member);
});

Deno.test("the ids depend on the key of the deployment", async () => {
  await using one = await start(new FaultyEngine(), 1);
  await using other = await start(new FaultyEngine(), 1);
  const ada = one.identities[0]!.claim(new Owner(), "ada", undefined);
  const foreign = other.identities[0]!.claim(new Owner(), "ada", ada.secret);
  assert.notEqual(foreign.member, ada.member);
  assert.notEqual(foreign.connection, ada.connection);
});

Deno.test("a new connection replaces the one on another server", async () => {
  await using servers = await start(new FaultyEngine(), 2);
  const [first, second] = servers.identities;
  const [old, next, last] = [new Owner(), new Owner(), new Owner()];
  const { secret } = first!.claim(old, "ada", undefined);
  const other = new Owner();
  first!.claim(other, "ada", undefined);
  second!.claim(next, "ada", secret);
  await until(() => old.replaced === 1, "it was replaced");
  assert.equal(next.replaced, 0);
  const identity = second!.claim(last, "ada", secret);
  assert.equal(next.replaced, 1);
  // Its end does not matter to the last one.
  second!.release(next, identity);
  first!.claim(new Owner(), "ada", secret);
  await until(() => last.replaced === 1, "it was replaced");
  assert.deepEqual([old.replaced, next.replaced, other.replaced], [1, 1, 0]);
});

Deno.test("a late message about a connection does not end a newer one", async () => {
  const engine = new FaultyEngine();
  await using servers = await start(engine, 2);
  const [first, second] = servers.identities;
  const [old, next, last] = [new Owner(), new Owner(), new Owner()];
  const { secret } = first!.claim(old, "ada", undefined);
  engine.nodes[0]!.freeze();
  second!.claim(next, "ada", secret);
  await pause(2);
  // The client is back before its first server knows that it was away.
  first!.claim(last, "ada", secret);
  await engine.nodes[0]!.thaw();
  await until(() => next.replaced === 1, "it was replaced");
  assert.deepEqual([old.replaced, next.replaced, last.replaced], [1, 1, 0]);
});

Deno.test("the clock of another server matters only while its message can be late", async () => {
  await using servers = await start(new FaultyEngine(), 2);
  const [identities] = servers.identities;
  const claim = (owner: Owner) => identities!.claim(owner, "ada", undefined);
  const [behind, late, plain] = [new Owner(), new Owner(), new Owner()];
  const ids = [behind, late, plain].map((owner) => claim(owner).connection);
  const tell = (index: number, fields: JsonObject) =>
    servers.nodes[1]!.tell(undefined, "claimed", {
      ...{ connection: ids[index]!, ...fields },
    });
  const now = Date.now();
  await tell(1, { at: now - 10_000 });
  // A server of another version names no time.
  await tell(2, {});
  await until(() => plain.replaced === 1, "it was replaced");
  using _clock = laterBy(3_500);
  await tell(0, { at: now - 10_000 });
  await until(() => behind.replaced === 1, "it was replaced");
  assert.equal(late.replaced, 0);
});

/** Puts the clock forward. */
function laterBy(milliseconds: number): Disposable {
  const { now } = Date;
  Date.now = () => now() + milliseconds;
  return { [Symbol.dispose]: () => void (Date.now = now) };
}

Deno.test("an invalid key in the shared state is ignored", async () => {
  const engine = new FaultyEngine();
  await using servers = await start(engine, 1);
  const { cluster } = engine.nodes[0]!;
  await cluster.put("identity-key", "short");
  engine.stop();
  await engine.start();
  const [identities] = servers.identities;
  const { connection } = identities!.claim(new Owner(), "ada", undefined);
  assert.match(connection, /^[\w-]{16}$/);
});
