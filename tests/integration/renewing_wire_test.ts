/** The frames of the extension `renew`, and what the server does with them. */

import assert from "node:assert/strict";
import { ApplicationError } from "../../server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { Clock } from "../support/clock.ts";
import { operation, RawClient, SUCCESS } from "../support/raw_client.ts";
import {
  ASKED,
  captureRenewals,
  HOUR,
  logIn,
  logInAsked,
  renewal,
  serveExpiring,
  tokenFor,
} from "../support/renewals.ts";
import { endOfTick, gate } from "../support/timing.ts";

const EXPIRED = { code: 1008, reason: "token expired" };

Deno.test("the server accepts the token that it has asked for", async () => {
  const { server, contexts, logger } = serveExpiring();
  await using _server = server;
  await using client = await logInAsked(server);
  client.send(renewal(7, tokenFor("ada lovelace", HOUR)));
  const { id, success, data } = await client.next();
  assert.deepEqual([id, success, data], [7, true, null]);
  client.send(operation(8, "name"));
  assert.deepEqual((await client.next()).data.result, { name: "ada lovelace" });
  await logger.line(/^info renew: ada lovelace \(127\S+\) renewed its token$/);
  const renewing = contexts.map(({ renewing }) => renewing?.id);
  assert.deepEqual(renewing, [undefined, 1]);
  // The server has not asked again.
  client.send(renewal(9, tokenFor("eve", HOUR)));
  assert.equal((await client.next()).code, 7);
});

Deno.test("the login function sees the client, its identity and the upgrade request", async () => {
  const seen: unknown[] = [];
  const { server } = serveExpiring({
    onConnect: () => "the data",
    login: (_server, _token, context) => {
      const { url, version, renewing } = context;
      seen.push([url.pathname, version, renewing?.identity, renewing?.data]);
      context.expireAt(new Date(Date.now() + HOUR));
      return { count: seen.length };
    },
  });
  await using _server = server;
  await using client = await logInAsked(server);
  client.send(renewal(1, "next"));
  await client.next();
  assert.deepEqual(seen, [
    ["/hoist", "1.0.0", undefined, undefined],
    ["/hoist", "1.0.0", { count: 1 }, "the data"],
  ]);
});

Deno.test("a client that does not answer is closed when its login expires", async () => {
  const { server } = serveExpiring();
  await using _server = server;
  using clock = new Clock();
  await using client = await logIn(server);
  clock.pass(HOUR - 1_000);
  assert.deepEqual(await client.next(), ASKED);
  clock.pass(1_000);
  assert.deepEqual(await client.closed, EXPIRED);
});

Deno.test("a client without the extension is closed when its login expires, and not asked", async () => {
  const { server } = serveExpiring();
  await using _server = server;
  using clock = new Clock();
  await using client = await logIn(server, ["batch"]);
  clock.pass(HOUR);
  assert.deepEqual(await client.closed, EXPIRED);
  assert.deepEqual(await client.rest(), []);
});

Deno.test("a client can send another token after one was rejected", async () => {
  const { server, logger } = serveExpiring();
  await using _server = server;
  await using client = await logInAsked(server);
  client.send(renewal(1, "{}"));
  const { id, code, data } = await client.next();
  assert.deepEqual([id, code, data], [1, 3, null]);
  await logger.line(/^warn reject: ada .*: renewal rejected: wrong token$/);
  client.send(renewal(2, tokenFor("ada", HOUR)));
  assert.equal((await client.next()).code, 0);
});

Deno.test("rejected renewals count as failed logins of the address", async () => {
  const { server } = serveExpiring({ limits: { maxLoginFailures: 2 } });
  await using _server = server;
  await using client = await logInAsked(server);
  const codes: number[] = [];
  for (const id of [1, 2, 3]) {
    client.send(renewal(id, "{}"));
    codes.push((await client.next()).code);
  }
  assert.deepEqual(codes, [3, 3, 9]);
  await using stranger = await RawClient.open(server).catch(() => undefined);
  assert.equal(stranger, undefined);
});

Deno.test("a login function that throws during a renewal keeps the connection", async () => {
  const { server, logger } = serveExpiring();
  await using _server = server;
  await using client = await logInAsked(server);
  client.send(renewal(1, "no JSON, but a secret"));
  assert.equal((await client.next()).code, 6);
  await logger.line(/^error error: 127\S+: the login function failed/);
  client.send(renewal(2, tokenFor("ada", HOUR)));
  assert.equal((await client.next()).code, 0);
  assert(!logger.lines.join().includes("a secret"));
});

Deno.test("a renewal whose login function does not finish in time is rejected", async () => {
  const { opened, open } = gate();
  const { server, logger } = serveExpiring({
    limits: { loginTimeout: 1_000 },
    login: async (_server, token, context) => {
      if (token === "slow") await opened;
      context.expireAt(Date.now() + HOUR);
      return { token };
    },
  });
  server.operation("token", (_data, { client }) => client.identity as object);
  await using _server = server;
  await using client = await logInAsked(server);
  client.send(renewal(1, "slow"));
  const { id, code, desc } = await client.next();
  assert.deepEqual([id, code], [1, 9]);
  assert.match(desc, /too long to check the token\. .*'limits\.loginTimeout'/);
  await logger.line(/^warn reject: .*: renewal rejected: .* too long/);
  client.send(renewal(2, "fast"));
  assert.equal((await client.next()).code, 0);
  // The decision that comes too late changes nothing.
  open();
  await opened;
  client.send(operation(3, "token"));
  assert.deepEqual((await client.next()).data.result, { token: "fast" });
});

Deno.test("an error that the login function throws on purpose answers the renewal", async () => {
  const { server } = serveExpiring({
    login: (_server, _token, context) => {
      if (context.renewing !== undefined) throw new ApplicationError("banned");
      context.expireAt(Date.now() + HOUR);
      return true;
    },
  });
  await using _server = server;
  await using client = await logInAsked(server);
  client.send(renewal(1, "next"));
  const { id, code, data } = await client.next();
  assert.deepEqual([id, code, data.application.kind], [1, 6, "banned"]);
});

Deno.test("a token that the server has not asked for is rejected with code 7", async () => {
  const { server, contexts } = serveExpiring();
  await using _server = server;
  await using client = await logIn(server);
  client.send(renewal(1, tokenFor("eve", HOUR)));
  assert.equal((await client.next()).code, 7);
  assert.equal(contexts.length, 1);
});

Deno.test("the server accepts one token each time that it asks", async () => {
  const { server, contexts } = serveExpiring();
  await using _server = server;
  await using client = await logInAsked(server);
  const codes: number[] = [];
  for (const id of [1, 2]) {
    client.send(renewal(id, tokenFor("ada", HOUR)));
    codes.push((await client.next()).code);
  }
  assert.deepEqual([codes, contexts.length], [[0, 7], 2]);
});

Deno.test("a new token that has expired when it is decided is rejected", async () => {
  const { server } = serveExpiring();
  await using _server = server;
  await using client = await logInAsked(server);
  client.send(renewal(1, tokenFor("eve", -1)));
  assert.equal((await client.next()).code, 3);
  client.send(operation(2, "name"));
  assert.deepEqual((await client.next()).data.result, { name: "ada" });
});

Deno.test("the server keeps no expiry of a client that has left", async () => {
  using renewals = captureRenewals();
  const { opened, open } = gate();
  const deciding = gate();
  const { server } = serveExpiring({
    login: async (_server, _token, context) => {
      context.expireAt(Date.now() + HOUR);
      if (context.renewing === undefined) return true;
      deciding.open();
      await opened;
      return true;
    },
  });
  await using _server = server;
  await using client = await logIn(server);
  assert.equal(renewals.size, 1);
  renewals.ask();
  await client.next();
  client.send(renewal(1, "next"));
  await deciding.opened;
  client.send({ id: null, end: true });
  await client.closed;
  assert.equal(renewals.size, 0);
  open();
  await endOfTick();
  assert.equal(renewals.size, 0);
});

Deno.test("a second token while the first is decided is rejected with code 7", async () => {
  const { opened, open } = gate();
  const { server } = serveExpiring({
    login: async (_server, _token, context) => {
      if (context.renewing !== undefined) await opened;
      context.expireAt(Date.now() + HOUR);
      return true;
    },
  });
  await using _server = server;
  await using client = await logInAsked(server);
  client.send(renewal(1, "a"));
  client.send(renewal(2, "b"));
  const { id, code } = await client.next();
  assert.deepEqual([id, code], [2, 7]);
  open();
  assert.equal((await client.next()).id, 1);
});

Deno.test("invalid renewals get code 2, or 9 if the token is too large", async () => {
  const { server, contexts } = serveExpiring({
    limits: { maxLoginPayload: 300 },
  });
  await using _server = server;
  await using client = await logInAsked(server);
  const answers: unknown[] = [];
  for (const token of [undefined, 1, null, {}, "x".repeat(301)]) {
    client.send(renewal(1, token));
    const { code, data } = await client.next();
    answers.push([code, data?.limit]);
  }
  const malformed = [2, undefined];
  const tooLarge = [9, "maxLoginPayload"];
  assert.deepEqual(answers, [...Array(4).fill(malformed), tooLarge]);
  assert.equal(contexts.length, 1);
  // Each one got one answer.
  client.send(operation(2, "name"));
  assert.equal((await client.next()).id, 2);
});

Deno.test("a token that is decided after its client has left changes nothing", async () => {
  const { opened, open } = gate();
  const { server, logger } = serveExpiring({
    login: async (_server, token, context) => {
      if (context.renewing !== undefined) await opened;
      context.expireAt(Date.now() + HOUR);
      return { token };
    },
  });
  await using _server = server;
  const client = await logInAsked(server);
  const [connected] = server.clients;
  client.send(renewal(1, "next"));
  client.close(1000, "");
  await client.closed;
  await connected!.closed;
  open();
  await endOfTick();
  assert.deepEqual(logger.lines.filter((line) => /renew/.test(line)), []);
  assert.notDeepEqual(connected!.identity, { token: "next" });
});

Deno.test("a client without the extension cannot send a token", async () => {
  const { server } = serveExpiring();
  await using _server = server;
  await using client = await logIn(server, ["batch"]);
  client.send(renewal(1, "a"));
  assert.equal((await client.next()).code, 8);
});

Deno.test("a login that has expired when it is decided is rejected", async () => {
  const { server } = serveExpiring();
  await using _server = server;
  await using client = await RawClient.open(server);
  client.send({ id: 0, token: tokenFor("ada", -1), version: "1.0.0" });
  assert.equal((await client.next()).code, 3);
});

for (const time of [undefined, "2999", NaN, new Date(NaN)]) {
  Deno.test(`expireAt(${String(time)}) throws`, async () => {
    const errors: unknown[] = [];
    const { server } = serveExpiring({
      login: (_server, _token, context) => {
        try {
          context.expireAt(time as never);
        } catch (error) {
          errors.push(error);
        }
        return true;
      },
    });
    await using _server = server;
    await using _client = await logIn(server);
    assert.match(
      String(errors[0]),
      /^TypeError: Cannot set the expiry: the time must be a Date or/,
    );
  });
}

Deno.test("no log contains a new token", async () => {
  const logger = new LogRecorder();
  const { server } = serveExpiring({ logger, logLevel: "debug" });
  await using _server = server;
  await using client = await logInAsked(server, ["renew", "batch"]);
  const secret = tokenFor("secret", HOUR);
  const frame = JSON.stringify(renewal(1, secret));
  client.send(
    frame.replace('"renew"', '"rene\\u0077"').replace(
      '"token"',
      '"tok\\u0065n"',
    ),
  );
  await client.next();
  client.send([renewal(2, secret), operation(3, "name")]);
  await client.take(2);
  const lines = logger.lines.filter((line) => line.includes("3600000"));
  assert.deepEqual(lines, []);
});

Deno.test("a login that expires while the server closes does not cut a request in progress", async () => {
  const { opened, open } = gate();
  const started = gate();
  const { server } = serveExpiring({ closeTimeout: 2 * HOUR });
  server.operation("wait", async () => {
    started.open();
    await opened;
  });
  // The timer of the expiry is set at the login.
  using clock = new Clock();
  await using client = await logIn(server);
  client.send(operation(1, "wait"));
  await started.opened;
  const closed = server.close();
  clock.pass(HOUR);
  clock[Symbol.dispose]();
  open();
  assert.deepEqual(await client.rest(), [{
    ...SUCCESS,
    id: 1,
    data: { result: null },
  }]);
  assert.equal((await client.closed).code, 1001);
  await closed;
});
