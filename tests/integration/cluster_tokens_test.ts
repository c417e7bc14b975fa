/** Tokens that are revoked and replaced on all servers. */

import assert from "node:assert/strict";
import type { Connection } from "../../client/connection.ts";
import { HoistError, LoginError, ResponseError } from "../../common/errors.ts";
import { serve } from "../../server.ts";
import { Clock } from "../support/clock.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { Servers } from "../support/servers.ts";
import { until } from "../support/timing.ts";

const CI = "a long secret of the build";

const TOKENS = { tokens: [{ name: "ci", token: CI }] };

/** Waits until the server has closed a connection, and returns the code. */
async function closedCode(connection: Connection): Promise<number> {
  return (await connection.closed).code;
}

Deno.test("a token is revoked on all servers", async () => {
  await using servers = await Servers.start(3, TOKENS);
  const clients = [];
  for (const index of [0, 1, 1]) {
    clients.push(await servers.connect(index, {}, CI));
  }
  const other = await servers.connect(1);
  const result = await servers.at(0).revoke("ci");
  assert.deepEqual(result, { closed: 3, silentNodes: [] });
  for (const client of clients) assert.equal(await closedCode(client), 1008);
  for (const index of [0, 1, 2]) {
    await assert.rejects(servers.connect(index, {}, CI), LoginError);
  }
  assert.equal(
    await other.operation("missing").catch(({ name }) => name),
    "ResponseError",
  );
});

Deno.test("a server that starts later knows the revoked tokens", async () => {
  await using servers = await Servers.start(1, TOKENS);
  await servers.at(0).revoke("ci");
  await servers.add().cluster.ready;
  await assert.rejects(servers.connect(1, {}, CI), LoginError);
  // The same name with a new token is another token.
  const token = "the next secret of the build";
  await servers.add({ tokens: [{ name: "ci", token }] }).cluster.ready;
  await servers.connect(2, {}, token);
});

Deno.test("a server that was cut off learns of revoked tokens before it accepts clients", async () => {
  await using servers = await Servers.start(2, TOKENS);
  const client = await servers.connect(1, {}, CI);
  servers.node(1).cut();
  const result = await servers.at(0).revoke("ci");
  assert.equal(result.closed, 0);
  assert.deepEqual(result.silentNodes, [servers.at(1).cluster.id]);
  await servers.node(1).mend();
  assert.equal(await closedCode(client), 1008);
  await assert.rejects(servers.connect(1, {}, CI), LoginError);
});

Deno.test("a frozen server learns of a revoked token when it continues", async () => {
  await using servers = await Servers.start(2, TOKENS);
  const client = await servers.connect(1, {}, CI);
  servers.node(1).freeze();
  const { silentNodes } = await servers.at(0).revoke("ci");
  assert.deepEqual(silentNodes, [servers.at(1).cluster.id]);
  await servers.node(1).thaw();
  assert.equal(await closedCode(client), 1008);
});

Deno.test("a token that was revoked while the engine was down is revoked everywhere later", async () => {
  await using servers = await Servers.start(2, TOKENS);
  const [own, other] = [
    await servers.connect(0, {}, CI),
    await servers.connect(1, {}, CI),
  ];
  servers.engine.stop();
  const error = await servers.at(0).revoke("ci").catch((error) => error);
  assert(error instanceof HoistError);
  assert.match(error.message, /the other servers do not know this yet/);
  assert.doesNotMatch(error.message, /secret/);
  assert.equal(await closedCode(own), 1008);
  assert.equal(servers.at(1).clients.size, 1);
  await servers.engine.start();
  assert.equal(await closedCode(other), 1008);
});

Deno.test("the token is replaced on all servers", async () => {
  await using servers = await Servers.start(2);
  const old = await servers.connect(1);
  const result = await servers.at(0).rotate("a new long secret");
  assert.deepEqual(result, { closed: 1, silentNodes: [] });
  assert.equal(await closedCode(old), 1008);
  for (const index of [0, 1]) {
    await assert.rejects(servers.connect(index), LoginError);
  }
  assert.notEqual(servers.at(1).token, "test");
  await servers.connect(1, {}, "a new long secret");
  // The server has learned it.
  assert.equal(servers.at(1).token, "a new long secret");
});

Deno.test("a server that starts with the old token accepts the new one", async () => {
  await using servers = await Servers.start(1);
  await servers.at(0).rotate("second secret", { grace: 60_000 });
  await servers.at(0).rotate("third secret");
  await servers.add().cluster.ready;
  await servers.connect(1, {}, "third secret");
  await servers.connect(1, {}, "test");
  await assert.rejects(servers.connect(1, {}, "second secret"), LoginError);
});

Deno.test("a server that starts during a grace period accepts all tokens that the others accept", async () => {
  await using servers = await Servers.start(1);
  await servers.at(0).rotate("second secret", { grace: 60_000 });
  await servers.at(0).rotate("third secret", { grace: 60_000 });
  const tokens = ["test", "second secret", "third secret"];
  const all = [...tokens, "a foreign secret"];
  for (const token of all) {
    const late = serve(token, {
      ...{ hostname: "127.0.0.1", port: 0, broker: servers.engine },
      logger: new LogRecorder(),
    });
    servers.all.push(late);
    await late.cluster.ready;
  }
  for (const index of [0, 1, 2, 3]) {
    assert.deepEqual(await acceptedBy(servers, index, all), tokens);
  }
  assert.deepEqual(await acceptedBy(servers, 4, all), ["a foreign secret"]);
});

Deno.test("the old token is accepted on all servers until the grace period ends", async () => {
  using clock = new Clock();
  await using servers = await Servers.start(2);
  const old = await servers.connect(1, { reconnect: false });
  const start = Date.now();
  await servers.at(0).rotate("a new long secret", { grace: 2_500 });
  await servers.connect(1);
  await servers.connect(1, {}, "a new long secret");
  assert.equal(await clock.passUntil(closedCode(old)), 1008);
  assert(Date.now() - start >= 2_490);
  await assert.rejects(servers.connect(1), LoginError);
});

Deno.test("the shared state contains no token", async () => {
  await using servers = await Servers.start(1, TOKENS);
  await servers.at(0).revoke("ci");
  await servers.at(0).rotate("a new long secret", { grace: 1_000 });
  const { cluster } = servers.node(0);
  const state = JSON.stringify([...await cluster.list("")]);
  for (const secret of [CI, "a new long secret", '"test"']) {
    assert(!state.includes(secret));
  }
  assert(state.includes("rotation"));
});

Deno.test("a server ignores a state that is invalid", async () => {
  await using servers = await Servers.start(1, TOKENS);
  const { cluster } = servers.node(0);
  await cluster.put("rotation", "{");
  await cluster.put("revoked-x", '{"name":"ci"}');
  await cluster.put("revoked-y", "null");
  await servers.add().cluster.ready;
  await servers.connect(1, {}, CI);
  await cluster.put("rotation", '{"current":"x","old":[1]}');
  await servers.add().cluster.ready;
  await servers.connect(2);
});

Deno.test("of two rotations at the same time, one wins on all servers", async () => {
  await using servers = await Servers.start(3);
  const tokens = ["the secret of one", "the secret of the other"];
  await Promise.all(
    tokens.map((token, index) => servers.at(index).rotate(token)),
  );
  await servers.add().cluster.ready;
  const accepted = await Promise.all(
    [0, 1, 2, 3].map((index) =>
      acceptedBy(servers, index, [...tokens, "test"])
    ),
  );
  const [[winner]] = accepted as [readonly string[]];
  assert(tokens.includes(winner!));
  assert.deepEqual(accepted, accepted.map(() => [winner]));
});

Deno.test("the rotation of a server that was cut off replaces the one that it missed", async () => {
  await using servers = await Servers.start(2);
  servers.node(1).cut();
  await servers.at(0).rotate("the secret of one");
  const told = servers.at(1).rotate("the secret of the other");
  await assert.rejects(told, HoistError);
  await servers.node(1).mend();
  await until(() => servers.at(0).token !== "the secret of one", "it is told");
  // A server that starts with the token that was replaced does not accept it, either.
  await using late = serve("the secret of one", {
    ...{ hostname: "127.0.0.1", port: 0, broker: servers.engine },
    logger: new LogRecorder(),
  });
  servers.all.push(late);
  await late.cluster.ready;
  const tokens = ["test", "the secret of one", "the secret of the other"];
  for (const index of [0, 1, 2]) {
    const accepted = await acceptedBy(servers, index, tokens);
    assert.deepEqual(accepted, ["the secret of the other"]);
  }
});

Deno.test("a token that was replaced twice while the engine was down is replaced everywhere later", async () => {
  await using servers = await Servers.start(2);
  servers.node(0).cut();
  for (const token of ["the second secret", "the third secret"]) {
    await assert.rejects(servers.at(0).rotate(token), HoistError);
  }
  await servers.node(0).mend();
  await until(() => servers.at(1).token !== "test", "it is told");
  const tokens = ["test", "the second secret", "the third secret"];
  for (const index of [0, 1]) {
    const accepted = await acceptedBy(servers, index, tokens);
    assert.deepEqual(accepted, ["the third secret"]);
  }
});

Deno.test("a token that came back while the engine was down has its last grace period", async () => {
  await using servers = await Servers.start(2);
  const client = await servers.connect(1, { reconnect: false });
  servers.node(0).cut();
  const rotate = async (token: string, grace: number) =>
    await assert.rejects(servers.at(0).rotate(token, { grace }), HoistError);
  await rotate("the second secret", 0);
  await rotate("test", 0);
  await rotate("the third secret", 60_000);
  await servers.node(0).mend();
  await until(() => servers.at(1).token !== "test", "it is told");
  await assert.rejects(client.operation("missing"), ResponseError);
  const tokens = ["test", "the second secret", "the third secret"];
  for (const index of [0, 1]) {
    const accepted = await acceptedBy(servers, index, tokens);
    assert.deepEqual(accepted, ["test", "the third secret"]);
  }
});

Deno.test("a token that is replaced twice at the same time is replaced everywhere", async () => {
  await using servers = await Servers.start(2);
  const tokens = ["the second secret", "the third secret"];
  await Promise.all(tokens.map((token) => servers.at(0).rotate(token)));
  for (const index of [0, 1]) {
    const accepted = await acceptedBy(servers, index, ["test", ...tokens]);
    assert.deepEqual(accepted, ["the third secret"]);
  }
});

/** Returns which tokens a server accepts. */
async function acceptedBy(
  servers: Servers,
  index: number,
  tokens: readonly string[],
): Promise<readonly string[]> {
  const accepted: string[] = [];
  for (const token of tokens) {
    const login = servers.connect(index, {}, token);
    await login.then(() => accepted.push(token), (error) => {
      assert(error instanceof LoginError);
    });
  }
  return accepted;
}

Deno.test("a revoked token is forgotten long after it has expired", async () => {
  const day = 86_400_000;
  const expires = Date.now() + 60_000;
  await using servers = await Servers.start(2, {
    tokens: [
      { name: "ci", token: CI, expires },
      { name: "app", token: "a secret of the app" },
    ],
  });
  await servers.at(0).revoke("ci");
  await servers.at(0).revoke("app");
  const count = async () =>
    (await servers.node(0).cluster.list("revoked-")).size;
  const states: number[] = [];
  for (const days of [0, 29, 31]) {
    using _clock = laterBy(days * day);
    servers.engine.stop();
    await servers.engine.start();
    await until(() => servers.at(0).cluster.nodes.size === 1, "it is up");
    await servers.add().cluster.ready;
    states.push(await count());
    await servers.all.pop()?.close();
  }
  // A token without an expiry could be accepted by a server that starts.
  assert.deepEqual(states, [2, 2, 1]);
});

/** Puts the clock forward. */
function laterBy(milliseconds: number): Disposable {
  const { now } = Date;
  Date.now = () => now() + milliseconds;
  return { [Symbol.dispose]: () => void (Date.now = now) };
}
