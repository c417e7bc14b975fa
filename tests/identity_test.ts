/** Who a client is: named tokens, their end, and what a login makes of it. */

import assert from "node:assert/strict";
import { connect, type Connection } from "../client.ts";
import { serve, type ServeOptions } from "../serve.ts";
import type { Server } from "../server.ts";
import {
  connectTo,
  gate,
  message,
  operation,
  pause,
  RawClient,
  Recorder,
  serveQuietly,
} from "./helpers.ts";

const TOKENS = [{ name: "ci", token: "first-token" }, {
  name: "ops",
  token: "second-token",
}];

function logIn(server: Server, token: string): Promise<Connection> {
  return connect(token, { url: server.url });
}

/** Asserts that a token is refused, as one that never was. */
async function assertRefused(server: Server, token: string): Promise<void> {
  await assert.rejects(logIn(server, token), { name: "LoginError" });
}

/** The identities of all clients, in the order in which they came. */
function identities(server: Server): unknown[] {
  return [...server.clients].map(({ identity }) => identity);
}

/** A server on a free port; its type is that of its options. */
const QUIET = { hostname: "127.0.0.1", port: 0 } as const;

Deno.test("each of several tokens lets in, under its name", async () => {
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

Deno.test("a server with named tokens only makes no other", async () => {
  const logger = new Recorder();
  await using server = serve({ ...QUIET, logger, tokens: TOKENS });
  assert.equal(server.token, "");
  await using empty = await RawClient.open(server);
  empty.send({ id: 0, token: "", version: "1.0.0" });
  assert.equal((await empty.next()).code, 3);
  await using ci = await logIn(server, "first-token");
  assert(ci);
  assert.deepEqual(identities(server), [{ name: "ci" }]);
});

Deno.test("handlers see who asks, and so does who broadcasts", async () => {
  const user = { id: 7, name: "Ada" };
  const seen: unknown[] = [];
  await using server = serve("test", {
    ...QUIET,
    logger: new Recorder(),
    login: (_server, token) => token === "test" && user,
  });
  server.operation("who", (_data, { client }) => {
    seen.push(client.identity);
    return client.identity.id;
  });
  server.receive("who", ({ client }) => void seen.push(client.identity));
  await using connection = await connectTo(server);
  assert.equal(await connection.operation("who"), 7);
  await connection.message("who");
  const [client] = server.clients;
  // The same object, not a copy: programs keep their state in it.
  for (const each of [...seen, client?.identity]) assert.equal(each, user);
  assert.equal(seen.length, 2);
});

for (
  const [what, decision, isIn] of [
    ["true", true, true],
    ["an object", { user: 1 }, true],
    ["an empty object", {}, true],
    ["an object without a prototype", Object.create(null), true],
    ["false", false, false],
    ["null", null, false],
    ["undefined", undefined, false],
    ["1", 1, false],
    ["a text", "yes", false],
    ["an error", new Error("no"), false],
    ["a symbol", Symbol("yes"), false],
  ] as const
) {
  Deno.test(`a login that resolves to ${what} ${isIn ? "lets in" : "refuses"}`, async () => {
    const login = () => Promise.resolve(decision as object);
    await using server = serveQuietly({ login });
    await using client = await RawClient.open(server);
    client.send({ id: 0, token: "any", version: "1.0.0" });
    assert.equal((await client.next()).code, isIn ? 0 : 3);
    assert.equal(server.clients.size, isIn ? 1 : 0);
    if (isIn) {
      const expected = decision === true ? undefined : decision;
      assert.equal(identities(server)[0], expected);
    }
  });
}

/** Identities that do their worst when somebody looks at them. */
const HOSTILE: Readonly<Record<string, object>> = {
  "whose name throws": {
    get name() {
      throw new Error("secret of the host");
    },
  },
  "that throws whatever one does": new Proxy({}, {
    get: () => {
      throw new Error("secret of the host");
    },
    getPrototypeOf: () => {
      throw new Error("secret of the host");
    },
  }),
  "whose name is no text": { name: { toString: () => "admin" } },
};

for (const [what, identity] of Object.entries(HOSTILE)) {
  for (const isLate of [false, true]) {
    Deno.test(`an identity ${what} ends nothing, decided ${isLate ? "later" : "at once"}`, async () => {
      const { opened, open } = gate();
      await using server = serveQuietly({
        login: async (_server, token) => {
          if (isLate) await opened;
          return token === "hostile" ? identity : true;
        },
      });
      await using hostile = await RawClient.open(server);
      hostile.send({ id: 0, token: "hostile", version: "1.0.0" });
      open();
      const { id, code } = await hostile.next();
      assert(id === 0 && [0, 3].includes(code));
      await using client = await RawClient.logIn(server);
      client.send(operation(1, "any"));
      assert.equal((await client.next()).code, 5);
    });
  }
}

Deno.test("revoke() closes who logged in with that token, and nobody else", async () => {
  const logger = new Recorder();
  await using server = serveQuietly({ logger, tokens: TOKENS });
  await using one = await logIn(server, "first-token");
  await using same = await logIn(server, "first-token");
  await using ops = await logIn(server, "second-token");
  await using plain = await logIn(server, "test");
  assert.equal(server.revoke("ci"), 2);
  assert.equal(server.clients.size, 2);
  for (const revoked of [one, same]) {
    const close = { code: 1008, reason: "token revoked" };
    assert.deepEqual(await revoked.closed, close);
  }
  await assertRefused(server, "first-token");
  for (const stayed of [ops, plain]) {
    assert.equal(await stayed.operation("any").catch(({ code }) => code), 5);
  }
  assert.equal(server.revoke("ops"), 1);
  assert(
    !logger.lines.slice(1).some((line) =>
      /first-token|second-token|test/.test(line)
    ),
  );
});

for (const name of ["nobody", "", "toString", "first-token", undefined]) {
  Deno.test(`revoke() refuses ${JSON.stringify(name)}, a name of no token`, async () => {
    await using server = serveQuietly({ tokens: TOKENS });
    assert.throws(
      () => server.revoke(name as string),
      /^TypeError: Cannot revoke token .*: there is none of that name, there are ci, ops$/,
    );
    server.revoke("ci");
    assert.throws(() => server.revoke("ci"), { name: "TypeError" });
  });
}

Deno.test("rotate() takes the new token, and closes who came with the old one", async () => {
  await using server = serveQuietly({ tokens: TOKENS });
  await using old = await logIn(server, "test");
  await using ci = await logIn(server, "first-token");
  server.rotate("fresh");
  assert.equal(server.token, "fresh");
  const close = { code: 1008, reason: "token expired" };
  assert.deepEqual(await old.closed, close);
  await assertRefused(server, "test");
  await using fresh = await logIn(server, "fresh");
  await using late = await logIn(server, "first-token");
  assert.equal(server.clients.size, 3);
  assert(fresh && ci && late);
});

Deno.test("rotate() takes the old token as well until the grace is over", async () => {
  await using server = serveQuietly();
  await using old = await logIn(server, "test");
  server.rotate("fresh", { grace: 1_000 });
  await using late = await logIn(server, "test");
  await using fresh = await logIn(server, "fresh");
  assert.equal(server.clients.size, 3);
  for (const each of [old, late]) {
    const close = { code: 1008, reason: "token expired" };
    assert.deepEqual(await each.closed, close);
  }
  await assertRefused(server, "test");
  assert.equal(await fresh.operation("any").catch(({ code }) => code), 5);
});

Deno.test("rotate() twice: each old token has its own grace", async () => {
  await using server = serveQuietly();
  server.rotate("second", { grace: 60_000 });
  await using first = await logIn(server, "test");
  await using second = await logIn(server, "second");
  server.rotate("third");
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
    ["", {}, "TypeError", /at least one character/],
    [5, {}, "TypeError", /at least one character/],
    [
      "fresh",
      { grace: -1 },
      "RangeError",
      /'grace' must be .*: current value is -1$/,
    ],
    [
      "fresh",
      { grace: NaN },
      "RangeError",
      /'grace' must be .*: current value is NaN$/,
    ],
    ["fresh", { grace: 2 ** 31 }, "RangeError", /'grace' must be /],
  ] as const
) {
  Deno.test(`rotate() refuses ${JSON.stringify(token)} with ${JSON.stringify(options)}, and changes nothing`, async () => {
    await using server = serveQuietly({ tokens: TOKENS });
    assert.throws(
      () => server.rotate(token as string, options),
      (error: Error) => error.name === name && text.test(error.message),
    );
    assert.equal(server.token, "test");
    await using connection = await logIn(server, "test");
    assert(connection);
  });
}

for (const kind of ["number", "date"]) {
  Deno.test(`a token that expires, a ${kind}, closes who came with it, and lets in nobody`, async () => {
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
  Deno.test(`a token that expired at ${Number(expires)} lets in nobody`, async () => {
    const tokens = [{ name: "ci", token: "first-token", expires }];
    await using server = serveQuietly({ tokens });
    await assertRefused(server, "first-token");
  });
}

// Timers of JavaScript fire at once where that is too far away for them.
for (const days of [25, 50, 36_500, Infinity]) {
  Deno.test(`a token that expires in ${days} days does not today`, async () => {
    const expires = Date.now() + days * 86_400_000;
    const tokens = [{ name: "ci", token: "first-token", expires }];
    await using server = serveQuietly({ tokens });
    await using connection = await logIn(server, "first-token");
    await pause(20);
    assert.equal(server.clients.size, 1);
    assert(connection);
  });
}

for (
  const [what, options, text] of [
    [
      "two of one name",
      { tokens: [TOKENS[0], { name: "ci", token: "x" }] },
      /twice/,
    ],
    [
      "two of one token",
      { tokens: [TOKENS[0], { name: "x", token: "first-token" }] },
      /twice/,
    ],
    [
      "that of the server",
      { tokens: [{ name: "ci", token: "test" }] },
      /twice/,
    ],
    ["one without a name", { tokens: [{ token: "first-token" }] }, /name/],
    [
      "one with an empty name",
      { tokens: [{ name: "", token: "first-token" }] },
      /name/,
    ],
    ["one without a token", { tokens: [{ name: "ci" }] }, /token/],
    [
      "one with an empty token",
      { tokens: [{ name: "ci", token: "" }] },
      /token/,
    ],
    [
      "an end that is no date",
      { tokens: [{ ...TOKENS[0], expires: NaN }] },
      /expires/,
    ],
    [
      "an invalid date",
      { tokens: [{ ...TOKENS[0], expires: new Date("x") }] },
      /expires/,
    ],
    ["no list", { tokens: { ci: "first-token" } }, /'tokens'/],
    ["a login besides", { tokens: TOKENS, login: () => true }, /login/],
  ] as const
) {
  Deno.test(`a server refuses tokens: ${what}`, () => {
    assert.throws(
      () => serveQuietly(options as unknown as ServeOptions),
      (error: Error) =>
        error.name === "TypeError" && /^Cannot serve /.test(error.message) &&
        text.test(error.message) && !/first-token/.test(error.message),
    );
  });
}

Deno.test("the log calls a client by its name and shows no token, also after rotate()", async () => {
  const logger = new Recorder();
  const tokens = [{ name: "ci", token: "sesame" }];
  const logLevel = "debug";
  await using server = serveQuietly({
    logger,
    tokens,
    logLevel,
    hideToken: true,
  });
  server.operation("leak", ({ token }) => {
    throw new Error(`no ${token}`);
  });
  server.rotate("fresh-token", { grace: 60_000 });
  await using client = await RawClient.open(server);
  client.send({ id: 0, token: "sesame", version: "1.0.0" });
  await client.next();
  for (const token of ["sesame", "fresh-token"]) {
    client.send(operation(1, "leak", { token }));
    assert.equal((await client.next()).code, 6);
    client.send(message(1, token, { token }));
    await client.take(2);
  }
  await logger.line(
    /^info login: ci \(127\.0\.0\.1:\d+\) has successfully authenticated$/,
  );
  await logger.line(
    /^error error: ci \(127\.0\.0\.1:\d+\): operation "leak" failed/,
  );
  assert(!logger.lines.some((line) => /sesame|fresh-token/.test(line)));
});

for (
  const name of [
    "a\nerror error: forged",
    "\u001b[31mred",
    "x".repeat(10_000),
    "\u2028error",
  ]
) {
  Deno.test(`a name cannot forge a line of the log: ${JSON.stringify(name.slice(0, 20))}`, async () => {
    const logger = new Recorder();
    await using server = serveQuietly({ logger, login: () => ({ name }) });
    await using connection = await connectTo(server);
    const line = await logger.line(/^info login: /);
    assert.match(line, /^[\x20-\x7e]+$/);
    assert(line.length < 1_200);
    assert(connection);
  });
}
