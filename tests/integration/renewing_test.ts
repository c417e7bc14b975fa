/** A client that renews its token on the open connection. */

import assert from "node:assert/strict";
import { connect, TimeoutError } from "../../client.ts";
import { successFrame } from "../support/fake_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { RawClient } from "../support/raw_client.ts";
import { answerAll, scriptedServer } from "../support/reconnecting.ts";
import {
  ASKED,
  captureRenewals,
  HOUR,
  renewal,
  serveExpiring,
  tokenFor,
} from "../support/renewals.ts";
import { serveQuietly } from "../support/server.ts";
import { endOfTick, gate, pause } from "../support/timing.ts";

Deno.test("a client with a token function renews, and nothing is cut", async () => {
  using renewals = captureRenewals();
  const { server, logger } = serveExpiring();
  await using _server = server;
  const { opened, open } = gate();
  server.operation("wait", () => opened.then(() => "done"));
  server.operation("count", async function* () {
    yield 1;
    await opened;
    yield 2;
  });
  let calls = 0;
  const token = () => Promise.resolve(tokenFor(`ada ${++calls}`, HOUR));
  await using connection = await connect(token, { url: server.url });
  const waiting = connection.operation("wait");
  const items = Array.fromAsync(connection.stream("count"));
  const [client] = server.clients;
  for (const name of ["ada 2", "ada 3"]) {
    renewals.ask();
    await logger.line(new RegExp(`^info renew: ${name} `));
    assert.deepEqual(client?.identity, { name });
  }
  open();
  assert.deepEqual([await waiting, await items], ["done", [1, 2]]);
  assert.deepEqual([...server.clients], [client]);
});

Deno.test("a client asks its function once more if the server rejects the token", async () => {
  using renewals = captureRenewals();
  const { server, logger } = serveExpiring();
  await using _server = server;
  const tokens = [tokenFor("a", HOUR), "{}", tokenFor("b", HOUR)];
  const token = () => tokens.shift() ?? "{}";
  const options = { url: server.url, logger: new LogRecorder() };
  await using connection = await connect(token, options);
  renewals.ask();
  await logger.line(/^info renew: b /);
  assert.deepEqual(await connection.operation("name"), { name: "b" });
});

for (
  const [what, tokens, reason] of [
    ["is rejected", ["{}", "{ }"], /rejected the new token/],
    ["is a string that is rejected", undefined, /rejected the new token/],
    ["cannot be obtained", [], /the token function threw an error/],
  ] as const
) {
  Deno.test(`a client stays until its login expires if its new token ${what}`, async () => {
    using renewals = captureRenewals();
    let isFirst = true;
    const { server } = serveExpiring({
      login: (_server, token, context) => {
        context.expireAt(Date.now() + HOUR);
        const isValid = isFirst && token === "first";
        isFirst = false;
        return isValid;
      },
    });
    await using _server = server;
    server.operation("ping", () => "pong");
    const rest = [...tokens ?? []];
    const next = () => {
      if (isFirst) return "first";
      const token = rest.shift();
      if (token !== undefined) return token;
      throw new Error("no network");
    };
    const logger = new LogRecorder();
    const token = tokens === undefined ? "first" : next;
    await using connection = await connect(token, { url: server.url, logger });
    renewals.ask();
    const line = await logger.line(/^warn renew: .*the token was not renewed/);
    assert.match(line, reason);
    assert.equal(await connection.operation("ping"), "pong");
  });
}

Deno.test("a client that is asked twice sends one token after the other", async () => {
  await using server = scriptedServer([(socket, frame) => {
    if (frame.token === undefined) return answerAll(socket, frame);
    socket.send(successFrame(0, null, { features: ["renew"] }));
    for (const _ of "12") socket.send(JSON.stringify(ASKED));
  }]);
  const { opened, open } = gate();
  let calls = 0;
  const token = async () => {
    const name = `token ${++calls}`;
    if (calls > 1) await opened;
    return name;
  };
  await using connection = await connect(token, { url: server.url });
  // The answer comes behind both questions.
  await connection.operation("ping");
  assert.equal(calls, 2);
  open();
  const sent = () =>
    server.frames[0]!.filter(({ action }) => action === "renew");
  while (sent().length < 2) await pause(1);
  assert.deepEqual(
    sent().map(({ data }) => data),
    [{ token: "token 2" }, { token: "token 3" }],
  );
  await connection.operation("ping");
  server.sockets[0]!.send(JSON.stringify(ASKED));
  await connection.operation("ping");
  assert.equal(calls, 4);
});

Deno.test("the token function is aborted when the connection ends", async () => {
  using renewals = captureRenewals();
  const { server } = serveExpiring();
  const called = gate();
  const aborted = Promise.withResolvers<unknown>();
  let isFirst = true;
  const token = ({ signal }: { readonly signal: AbortSignal }) => {
    if (isFirst) {
      isFirst = false;
      return tokenFor("ada", HOUR);
    }
    signal.addEventListener("abort", () => aborted.resolve(signal.reason));
    called.open();
    return new Promise<string>(() => {});
  };
  const logger = new LogRecorder();
  const connection = await connect(token, { url: server.url, logger });
  renewals.ask();
  await called.opened;
  await server.close();
  assert(!(await aborted.promise instanceof TimeoutError));
  await connection.closed;
  await endOfTick();
  assert.deepEqual(logger.lines, []);
});

Deno.test("a rotated token is renewed within its grace period", async () => {
  using renewals = captureRenewals();
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger });
  server.operation("ping", () => "pong");
  await using connection = await connect(() => server.token, {
    url: server.url,
  });
  await server.rotate("the next token", { grace: HOUR });
  renewals.ask();
  await logger.line(/^info renew: 127\S+ renewed its token$/);
  assert.equal(await connection.operation("ping"), "pong");
  // The connection no longer depends on the first token, but on the second.
  await server.rotate("the last token");
  assert.equal((await connection.closed).code, 1008);
});

Deno.test("a named token is renewed by another one, which can then be revoked", async () => {
  using renewals = captureRenewals();
  const logger = new LogRecorder();
  const tokens = [
    { name: "old", token: "a", expires: Date.now() + HOUR },
    { name: "new", token: "b" },
  ];
  await using server = serveQuietly({ logger, tokens });
  const left = tokens.map(({ token }) => token);
  const token = () => left.shift() ?? "";
  await using connection = await connect(token, { url: server.url });
  renewals.ask();
  await logger.line(/^info renew: new \(127\S+\) renewed its token$/);
  assert.equal((await server.revoke("old")).closed, 0);
  assert.equal((await server.revoke("new")).closed, 1);
  assert.equal((await connection.closed).code, 1008);
});

Deno.test("a revoked token ends the connection although the server has asked for another one", async () => {
  using renewals = captureRenewals();
  const tokens = [
    { name: "old", token: "a", expires: Date.now() + HOUR },
    { name: "new", token: "b" },
  ];
  await using server = serveQuietly({ tokens });
  await using client = await RawClient.open(server);
  const features = ["renew"];
  client.send({ id: 0, token: "a", version: "1.0.0", features });
  await client.next();
  renewals.ask();
  await client.next();
  await server.revoke("old");
  client.send(renewal(1, "b"));
  assert.deepEqual(await client.closed, {
    code: 1008,
    reason: "token revoked",
  });
  assert.equal(server.clients.size, 0);
});
