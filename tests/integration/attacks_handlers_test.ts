/**
 * Handlers of the application that throw or return hostile values. The server keeps
 * running, answers each request with its id, and serves other clients. An unhandled
 * rejection would fail the test run.
 */

import assert from "node:assert/strict";
import type { Json } from "../../common/json.ts";
import type { Server } from "../../server.ts";
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
import { endOfTick } from "../support/timing.ts";

/** What a handler can do, and the code of the reply if it is an operation. */
const HANDLERS: Readonly<Record<string, readonly [() => unknown, number]>> = {
  "throws an error": [fail, 6],
  "throws null": [() => {
    throw null;
  }, 6],
  "throws a hostile proxy": [() => {
    throw HOSTILE;
  }, 6],
  "throws a revoked proxy": [() => {
    throw REVOKED;
  }, 6],
  "throws an error whose message throws": [() => {
    throw Object.defineProperty(new Error(), "message", { get: fail });
  }, 6],
  "throws an error whose stack throws": [() => {
    throw Object.defineProperty(new Error(), "stack", { get: fail });
  }, 6],
  "rejects": [() => Promise.reject(new Error("secret of the host")), 6],
  "rejects with nothing": [() => Promise.reject(), 6],
  "rejects with a hostile proxy": [() => Promise.reject(HOSTILE), 6],
  "rejects later": [() => endOfTick().then(fail), 6],
  "returns a hostile proxy": [() => HOSTILE, 6],
  "returns a revoked proxy": [() => REVOKED, 6],
  "returns a getter that throws": [() => ({
    get a() {
      return fail();
    },
  }), 6],
  "returns a toJSON that throws": [() => ({ toJSON: fail }), 6],
  "returns a toJSON that is a getter that throws": [() => ({
    get toJSON() {
      return fail();
    },
  }), 6],
  "returns a toJSON that returns a function": [
    () => ({ toJSON: () => fail }),
    6,
  ],
  "returns a bigint": [() => 1n, 6],
  "returns a cycle": [() => CYCLE, 6],
  "returns a value nested deeper than the stack": [() => DEEP, 6],
  "resolves to a cycle": [() => Promise.resolve(CYCLE), 6],
  "resolves to a getter that throws": [
    () =>
      Promise.resolve({
        get a() {
          return fail();
        },
      }),
    6,
  ],
  "returns a function": [() => fail, 6],
  "returns a symbol": [() => Symbol("secret of the host"), 6],
  "returns a thenable that throws": [() => ({ then: fail }), 6],
  "returns a then that is a getter that throws": [() => ({
    get then() {
      return fail();
    },
  }), 6],
  "returns a thenable that resolves and throws": [() => ({
    then(resolve: (value: Json) => void) {
      resolve(1);
      fail();
    },
  }), 0],
  "returns a thenable that settles twice": [() => ({
    then(resolve: (value: Json) => void, reject: (error: unknown) => void) {
      resolve(1);
      reject(new Error("secret of the host"));
      resolve(2);
    },
  }), 0],
  "resolves to a thenable that throws": [
    () => endOfTick().then(() => ({ then: fail })),
    6,
  ],
  "rejects through Promise.all": [() => {
    const rejected = Promise.reject(new Error("secret of the host"));
    return Promise.all([rejected, rejected.then(() => 1)]);
  }, 6],
};
for (const exposeErrors of [false, true]) {
  for (const [what, [handler, code]] of Object.entries(HANDLERS)) {
    Deno.test(`an operation that ${what} is answered with code ${code}, exposeErrors ${exposeErrors}`, async () => {
      const { server, client, other } = await startAttack({ exposeErrors });
      await using _server = server;
      server.operation("bad", handler as () => Json);
      client.send([operation(1, "bad"), operation(2, "fine")]);
      await assertServed(other);
      const answers = await client.take(2);
      const bad = answers.find(({ id }) => id === 1);
      assert.equal(bad.code, code);
      assert.equal(answers.find(({ id }) => id === 2).code, 0);
      if (!exposeErrors) assert(!JSON.stringify(bad).includes("secret"));
      await endOfTick();
      assert.equal(server.clients.size, 2);
    });
  }
}

/** The return value of a listener is ignored, but the server awaits it. */
const FAILS_LISTENERS =
  /^(throws|rejects)|thenable that throws|a then that|(returns|throws) a hostile proxy|revoked/;

for (const [what, [handler]] of Object.entries(HANDLERS)) {
  const code = FAILS_LISTENERS.test(what) ? 6 : 0;
  Deno.test(`a listener that ${what} is answered with code ${code}`, async () => {
    const { server, client, other } = await startAttack();
    await using _server = server;
    const called: string[] = [];
    server.receive("bad", handler);
    server.receive("bad", () => called.push("next listener"));
    client.send([message(1, "bad"), operation(2, "fine")]);
    await assertServed(other);
    const answers = await client.take(2);
    assert.equal(answers.find(({ id }) => id === 1).code, code);
    assert.deepEqual(called, ["next listener"]);
    assert(!JSON.stringify(answers).includes("secret"));
    await endOfTick();
  });
}

Deno.test("handlers that never settle do not delay other requests", async () => {
  const { server, client, other } = await startAttack();
  await using _server = server;
  const never = () => new Promise<never>(() => {});
  server.operation("never", never);
  server.receive("never", never);
  for (let id = 1; id <= 100; id++) {
    client.send([operation(id, "never"), message(100 + id, "never")]);
  }
  await assertServed(client);
  await assertServed(other);
  assert.equal((await server.broadcast("news")).delivered, 2);
  await server.close({ timeout: 0 });
});

/** How a handler can close connections while its result is serialized. */
const ENDINGS: Readonly<Record<string, (server: Server) => void>> = {
  "closes all clients": (server) => {
    for (const client of server.clients) client.close(4000);
  },
  "closes the server": (server) => void server.close({ timeout: 0 }),
};

for (const [what, end] of Object.entries(ENDINGS)) {
  Deno.test(`a toJSON that ${what} ends the clients cleanly`, async () => {
    const { server, client, other } = await startAttack();
    await using _server = server;
    let calls = 0;
    server.operation("end", () => ({
      toJSON() {
        calls++;
        end(server);
        return {};
      },
    }));
    client.send([operation(1, "end"), operation(2, "end")]);
    await Promise.all([client.closed, other.closed]);
    assert.deepEqual([calls, server.clients.size], [1, 0]);
  });
}
