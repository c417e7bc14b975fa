/** The limits of the rate of an identity, and of the bytes of a client. */

import assert from "node:assert/strict";
import { serve } from "../../server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { operation, RawClient } from "../support/raw_client.ts";
import {
  assertExceeded,
  assertLogged,
  codes,
  serveEcho,
} from "../support/limits.ts";

/** The rate is so low that no token is added during the test. */
const RATE = 0.001;

/** Sends a request; returns the code of the response. */
async function ask(client: RawClient, id: number): Promise<number> {
  client.send(operation(id, "echo"));
  return (await client.next()).code;
}

for (const batch of [false, true]) {
  const how = batch ? "in one batch" : "in separate frames";
  const features = batch ? ["batch"] : [];

  Deno.test(`maxRatePerToken: the connections with one named token share it, ${how}`, async () => {
    const logger = new LogRecorder();
    const tokens = ["ada", "bob"].map((name) => ({
      name,
      token: `of ${name}`,
    }));
    const limits = { maxRatePerToken: RATE };
    await using server = serveEcho(limits, { logger, tokens });
    const logIn = (token: string) =>
      RawClient.logIn({ url: server.url, token }, features);
    await using first = await logIn("of ada");
    await using second = await logIn("of ada");
    await using other = await logIn("of bob");
    await using unnamed = await logIn("test");
    assert.equal(await ask(first, 1), 0);
    const requests = [operation(1, "echo"), operation(2, "echo")];
    if (batch) second.send(requests);
    else for (const each of requests) second.send(each);
    const answers = await second.take(2);
    assert.deepEqual(codes(answers), [[1, 9], [2, 9]]);
    assertExceeded(answers[0], 1, "maxRatePerToken", RATE);
    assertLogged(logger, "maxRatePerToken", 2);
    assert.equal(await ask(other, 1), 0);
    // The clients with the token of the server are not one user.
    for (let id = 1; id <= 3; id++) assert.equal(await ask(unnamed, id), 0);
    // The connection of a client that goes on stays open.
    for (let id = 2; id <= 9; id++) assert.equal(await ask(first, id), 9);
    assert.equal(server.clients.size, 4);
  });
}

for (
  const [what, identity, isShared] of [
    ["the same id", (n: number) => ({ id: 7, name: `${n}` }), true],
    ["the same name", (n: number) => ({ name: "Ada", n }), true],
    ["other ids", (n: number) => ({ id: n, name: "Ada" }), false],
    ["no identity", () => true as const, false],
  ] as const
) {
  Deno.test(`maxRatePerToken: users with ${what} ${isShared ? "share it" : "do not share it"}`, async () => {
    let logins = 0;
    await using server = serve("test", {
      hostname: "127.0.0.1",
      port: 0,
      logger: new LogRecorder(),
      limits: { maxRatePerToken: RATE },
      login: () => identity(++logins),
    });
    server.operation("echo", (data) => data);
    await using first = await RawClient.logIn(server);
    await using second = await RawClient.logIn(server);
    assert.equal(await ask(first, 1), 0);
    assert.equal(await ask(second, 1), isShared ? 9 : 0);
  });
}

Deno.test("maxByteRate: a client that sends more is closed", async () => {
  const logger = new LogRecorder();
  // The default of `maxPayload` can be sent at once, and the rest takes a minute.
  await using server = serveEcho({ maxByteRate: 1_024 }, { logger });
  await using client = await RawClient.logIn(server);
  await using other = await RawClient.logIn(server);
  const large = operation(1, "echo", { a: "x".repeat(60_000) });
  client.send(large);
  assert.equal((await client.next()).code, 0);
  client.send(large);
  const { code, reason } = await client.closed;
  assert.deepEqual([code, reason], [1008, "too many bytes"]);
  await logger.line(/^warn .* more than 1024 bytes per second\. /);
  assert.equal(await ask(other, 1), 0);
});

Deno.test("maxByteRate: a frame of the maximum size always fits", async () => {
  await using server = serveEcho({ maxByteRate: 1_024 });
  await using client = await RawClient.logIn(server);
  client.send(operation(1, "echo", { a: "x".repeat(65_000) }));
  assert.equal((await client.next()).code, 0);
});
