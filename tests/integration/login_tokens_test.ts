/** Named tokens: logging in, revoking, rotating and expiring. */

import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import type { Connection } from "../../client/connection.ts";
import { serve, type ServeOptions, type Server } from "../../server.ts";
import { Clock } from "../support/clock.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { RawClient } from "../support/raw_client.ts";
import { serveQuietly } from "../support/server.ts";
import { pause } from "../support/timing.ts";

const TOKENS = [{ name: "ci", token: "first-token" }, {
  name: "ops",
  token: "second-token",
}];

function logIn(server: Server, token: string): Promise<Connection> {
  return connect(token, { url: server.url });
}

/** Asserts that the server rejects a token. */
async function assertRefused(server: Server, token: string): Promise<void> {
  await assert.rejects(logIn(server, token), { name: "LoginError" });
}

/** Returns the identities of all clients in the order of their logins. */
function identities(server: Server): unknown[] {
  return [...server.clients].map(({ identity }) => identity);
}

Deno.test("each named token logs a client in under its name", async () => {
  await using server = serveQuietly({ tokens: TOKENS });
  await using ci = await logIn(server, "first-token");
  await using ops = await logIn(server, "second-token");
  await using plain = await logIn(server, "test");
  assert.deepEqual(identities(server), [
    { name: "ci" },
    { name: "ops" },
    undefined,
  ]);
  for (
    const token of [
      "three",
      "ci",
      "first-token ",
      "FIRST-TOKEN",
      "first-token,second-token",
    ]
  ) {
    await assertRefused(server, token);
  }
  assert(ci && ops && plain);
});

Deno.test("a server with named tokens generates no other token", async () => {
  const logger = new LogRecorder();
  await using server = serve({
    hostname: "127.0.0.1",
    port: 0,
    logger,
    tokens: TOKENS,
  });
  assert.equal(server.token, "");
  await using empty = await RawClient.open(server);
  empty.send({ id: 0, token: "", version: "1.0.0" });
  assert.equal((await empty.next()).code, 3);
  await using ci = await logIn(server, "first-token");
  assert(ci);
  assert.deepEqual(identities(server), [{ name: "ci" }]);
});

Deno.test("revoke() closes the clients of that token only", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger, tokens: TOKENS });
  await using one = await logIn(server, "first-token");
  await using same = await logIn(server, "first-token");
  await using ops = await logIn(server, "second-token");
  await using plain = await logIn(server, "test");
  assert.equal((await server.revoke("ci")).closed, 2);
  assert.equal(server.clients.size, 2);
  for (const revoked of [one, same]) {
    const close = { code: 1008, reason: "token revoked" };
    assert.deepEqual(await revoked.closed, close);
  }
  await assertRefused(server, "first-token");
  for (const stayed of [ops, plain]) {
    assert.equal(await stayed.operation("any").catch(({ code }) => code), 5);
  }
  assert.equal((await server.revoke("ops")).closed, 1);
  assert(
    !logger.lines.slice(1).some((line) =>
      /first-token|second-token|test/.test(line)
    ),
  );
});

for (const name of ["nobody", "", "toString", "first-token", undefined]) {
  Deno.test(`revoke() rejects the unknown name ${JSON.stringify(name)}`, async () => {
    await using server = serveQuietly({ tokens: TOKENS });
    await assert.rejects(
      server.revoke(name as string),
      /^TypeError: Cannot revoke token .*: it does not exist\. The named tokens are ci, ops\.$/,
    );
    await server.revoke("ci");
    await assert.rejects(server.revoke("ci"), { name: "TypeError" });
  });
}

Deno.test("rotate() accepts the new token and closes clients of the old token", async () => {
  await using server = serveQuietly({ tokens: TOKENS });
  await using old = await logIn(server, "test");
  await using ci = await logIn(server, "first-token");
  await server.rotate("fresh");
  assert.equal(server.token, "fresh");
  const close = { code: 1008, reason: "token expired" };
  assert.deepEqual(await old.closed, close);
  await assertRefused(server, "test");
  await using fresh = await logIn(server, "fresh");
  await using late = await logIn(server, "first-token");
  assert.equal(server.clients.size, 3);
  assert(fresh && ci && late);
});

Deno.test("rotate() accepts the old token until the grace period ends", async () => {
  using clock = new Clock();
  await using server = serveQuietly();
  await using old = await logIn(server, "test");
  await server.rotate("fresh", { grace: 1_000 });
  await using late = await logIn(server, "test");
  await using fresh = await logIn(server, "fresh");
  assert.equal(server.clients.size, 3);
  for (const each of [old, late]) {
    const close = { code: 1008, reason: "token expired" };
    assert.deepEqual(await clock.passUntil(each.closed), close);
  }
  await assertRefused(server, "test");
  assert.equal(await fresh.operation("any").catch(({ code }) => code), 5);
});

Deno.test("rotate() keeps a grace period for each old token", async () => {
  await using server = serveQuietly();
  await server.rotate("second", { grace: 60_000 });
  await using first = await logIn(server, "test");
  await using second = await logIn(server, "second");
  await server.rotate("third");
  assert.equal((await second.closed).reason, "token expired");
  await using third = await logIn(server, "third");
  await using another = await logIn(server, "test");
  assert.equal(server.clients.size, 3);
  assert(first && third && another);
});

for (
  const [token, options, name, text] of [
    ["test", {}, "TypeError", /in use/],
    ["first-token", {}, "TypeError", /in use/],
    ["", {}, "TypeError", /non-empty string/],
    [5, {}, "TypeError", /non-empty string/],
    [
      "fresh",
      { grace: -1 },
      "RangeError",
      /'grace' must be .*\. It is -1\.$/,
    ],
    [
      "fresh",
      { grace: NaN },
      "RangeError",
      /'grace' must be .*\. It is NaN\.$/,
    ],
    ["fresh", { grace: 2 ** 31 }, "RangeError", /'grace' must be /],
  ] as const
) {
  Deno.test(`rotate() rejects ${JSON.stringify(token)} with ${JSON.stringify(options)}`, async () => {
    await using server = serveQuietly({ tokens: TOKENS });
    await assert.rejects(
      server.rotate(token as string, options),
      (error: Error) => error.name === name && text.test(error.message),
    );
    assert.equal(server.token, "test");
    await using _connection = await logIn(server, "test");
  });
}

for (const kind of ["number", "date"]) {
  Deno.test(`an expired token closes its clients and rejects logins, expires is a ${kind}`, async () => {
    const at = Date.now() + 1_000;
    const expires = kind === "date" ? new Date(at) : at;
    const tokens = [{ name: "ci", token: "first-token", expires }, TOKENS[1]!];
    await using server = serveQuietly({ tokens });
    await using ci = await logIn(server, "first-token");
    await using ops = await logIn(server, "second-token");
    assert.deepEqual(await ci.closed, { code: 1008, reason: "token expired" });
    assert(Date.now() >= at);
    await assertRefused(server, "first-token");
    assert.equal(await ops.operation("any").catch(({ code }) => code), 5);
  });
}

for (const expires of [0, 1, new Date(0), -Infinity]) {
  Deno.test(`a token that expired at ${Deno.inspect(expires)} is rejected`, async () => {
    const tokens = [{ name: "ci", token: "first-token", expires }];
    await using server = serveQuietly({ tokens });
    await assertRefused(server, "first-token");
  });
}

// JavaScript timers fire at once if the delay exceeds 2 ** 31 - 1 ms.
for (const days of [25, 50, 36_500, Infinity]) {
  Deno.test(`a token that expires in ${days} days is accepted today`, async () => {
    const expires = Date.now() + days * 86_400_000;
    const tokens = [{ name: "ci", token: "first-token", expires }];
    await using server = serveQuietly({ tokens });
    await using _connection = await logIn(server, "first-token");
    await pause(20);
    assert.equal(server.clients.size, 1);
  });
}

for (
  const [what, options, text] of [
    [
      "a repeated name",
      { tokens: [TOKENS[0], { name: "ci", token: "x" }] },
      /same name/,
    ],
    [
      "a repeated token",
      { tokens: [TOKENS[0], { name: "x", token: "first-token" }] },
      /twice/,
    ],
    [
      "the token of the server",
      { tokens: [{ name: "ci", token: "test" }] },
      /twice/,
    ],
    ["a missing name", { tokens: [{ token: "first-token" }] }, /name/],
    [
      "an empty name",
      { tokens: [{ name: "", token: "first-token" }] },
      /name/,
    ],
    ["a missing token", { tokens: [{ name: "ci" }] }, /token/],
    [
      "an empty token",
      { tokens: [{ name: "ci", token: "" }] },
      /token/,
    ],
    [
      "an expiry that is not a date",
      { tokens: [{ ...TOKENS[0], expires: NaN }] },
      /expires/,
    ],
    [
      "an expiry that is an invalid date",
      { tokens: [{ ...TOKENS[0], expires: new Date("x") }] },
      /expires/,
    ],
    [
      "an object instead of an array",
      { tokens: { ci: "first-token" } },
      /'tokens'/,
    ],
    ["a login function", { tokens: TOKENS, login: () => true }, /login/],
  ] as const
) {
  Deno.test(`serve() rejects tokens with ${what}`, () => {
    assert.throws(
      () => serveQuietly(options as unknown as ServeOptions),
      (error: Error) =>
        error.name === "TypeError" && /^Cannot serve: /.test(error.message) &&
        text.test(error.message) && !/first-token/.test(error.message),
    );
  });
}

Deno.test("logins with a rotated token do not lock out an address", async () => {
  const limits = { maxLoginFailures: 2 };
  await using server = serveQuietly({ tokens: TOKENS, limits });
  await server.rotate("new-token");
  for (let n = 0; n < 4; n++) {
    await using old = await RawClient.open(server);
    old.send({ id: 0, token: "test", version: "1.0.0" });
    assert.equal((await old.next()).code, 3);
  }
  await using _client = await logIn(server, "new-token");
});
