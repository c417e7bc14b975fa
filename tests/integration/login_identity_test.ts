/** The identity of a client, and how the log shows it. */

import assert from "node:assert/strict";
import { serve } from "../../server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { message, operation, RawClient } from "../support/raw_client.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { gate } from "../support/timing.ts";

/** Options for `serve`, whose types depend on the other options. */
const QUIET = { hostname: "127.0.0.1", port: 0 } as const;

Deno.test("client.identity is the object that login returned", async () => {
  const user = { id: 7, name: "Ada" };
  const seen: unknown[] = [];
  await using server = serve("test", {
    ...QUIET,
    logger: new LogRecorder(),
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
  // The same object, because applications keep their state in it.
  for (const each of [...seen, client?.identity]) assert.equal(each, user);
  assert.equal(seen.length, 2);
});

for (
  const [what, decision, isIn, code = isIn ? 0 : 3] of [
    ["true", true, true],
    ["an object", { user: 1 }, true],
    ["an empty object", {}, true],
    ["an object without a prototype", Object.create(null), true],
    ["false", false, false],
    ["null", null, false],
    ["undefined", undefined, false],
    // A mistake of the application is a fault of the server.
    ["1", 1, false, 6],
    ["a string", "yes", false, 6],
    ["an error", new Error("no"), false, 6],
    ["a symbol", Symbol("yes"), false, 6],
  ] as const
) {
  for (const isAsync of [false, true]) {
    const verb = isAsync ? "resolves to" : "returns";
    Deno.test(`a login function that ${verb} ${what} ${isIn ? "accepts" : "rejects"} the client`, async () => {
      const login = () =>
        isAsync ? Promise.resolve(decision as object) : decision as object;
      await using server = serveQuietly({ login });
      await using client = await RawClient.open(server);
      client.send({ id: 0, token: "any", version: "1.0.0" });
      assert.equal((await client.next()).code, code);
      assert.equal(server.clients.size, isIn ? 1 : 0);
      if (isIn) {
        const expected = decision === true ? undefined : decision;
        assert.equal([...server.clients][0]?.identity, expected);
      } else assert.equal((await client.closed).code, 1008);
    });
  }
}

/** Values that a database or an HTTP client returns for a client that it does not know. */
const MISTAKES: Readonly<Record<string, unknown>> = {
  "an Array": [],
  "an Array with a row": [{ id: 1 }],
  "a Boolean": new Boolean(false),
  "a Number": new Number(0),
  "a String": new String(""),
  "a Response": new Response("no", { status: 401 }),
  "a Headers": new Headers(),
  "a Map": new Map(),
  "a Set": new Set(),
  "a Date": new Date(),
  "a RegExp": /x/,
  "a Uint8Array": new Uint8Array(1),
  "a Function": () => true,
  "a string": "yes",
  "a number": 1,
  "a symbol": Symbol("yes"),
};

for (const [what, decision] of Object.entries(MISTAKES)) {
  Deno.test(`a login function that resolves to ${what} rejects the client, and the log says why`, async () => {
    const logger = new LogRecorder();
    const login = () => Promise.resolve(decision as object);
    await using server = serveQuietly({ logger, login });
    await using client = await RawClient.open(server);
    client.send({ id: 0, token: "any", version: "1.0.0", features: [] });
    const { code, desc } = await client.next();
    // The token can be right, so the client can try again.
    assert.equal(code, 6);
    assert.match(desc, /^the server could not check the token\. /);
    assert.equal((await client.closed).code, 1008);
    assert.equal(server.clients.size, 0);
    const line = await logger.line(/^error .*the login function failed/s);
    const [, type] = what.split(" ");
    const problem = `returned a value of the type ${type?.toLowerCase()}. `;
    assert(line.toLowerCase().includes(problem), line);
  });
}

/** Identities with properties that throw or have the wrong type. */
const HOSTILE: Readonly<Record<string, object>> = {
  "whose name throws": {
    get name() {
      throw new Error("secret of the application");
    },
  },
  "that throws on every access": new Proxy({}, {
    get: () => {
      throw new Error("secret of the application");
    },
    getPrototypeOf: () => {
      throw new Error("secret of the application");
    },
  }),
  "whose name is not a string": { name: { toString: () => "admin" } },
};

for (const [what, identity] of Object.entries(HOSTILE)) {
  for (const isLate of [false, true]) {
    Deno.test(`the server survives an identity ${what}, returned ${isLate ? "later" : "at once"}`, async () => {
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
      assert(id === 0 && [0, 6].includes(code));
      await using client = await RawClient.logIn(server);
      client.send(operation(1, "any"));
      assert.equal((await client.next()).code, 5);
    });
  }
}

Deno.test("the log shows the name of a client and no token", async () => {
  const logger = new LogRecorder();
  const tokens = [{ name: "ci", token: "sesame-of-ci" }];
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
  await server.rotate("a-fresh-token", { grace: 60_000 });
  await using client = await RawClient.open(server);
  client.send({ id: 0, token: "sesame-of-ci", version: "1.0.0" });
  await client.next();
  for (const token of ["sesame-of-ci", "a-fresh-token"]) {
    client.send(operation(1, "leak", { token }));
    assert.equal((await client.next()).code, 6);
    client.send(message(1, token, { token }));
    await client.take(2);
  }
  await logger.line(
    /^info login: ci \(127\.0\.0\.1:\d+\) logged in$/,
  );
  await logger.line(
    /^error error: ci \(127\.0\.0\.1:\d+\): operation "leak" failed/,
  );
  assert(!logger.lines.some((line) => /sesame-of-ci|a-fresh-token/.test(line)));
});

for (
  const name of [
    "a\nerror error: forged",
    "\u001b[31mred",
    "x".repeat(10_000),
    "\u2028error",
  ]
) {
  Deno.test(`the log escapes the client name ${JSON.stringify(name.slice(0, 20))}`, async () => {
    const logger = new LogRecorder();
    await using server = serveQuietly({ logger, login: () => ({ name }) });
    await using _connection = await connectTo(server);
    const line = await logger.line(/^info login: /);
    assert.match(line, /^[\x20-\x7e…]+$/);
    assert(line.length < 200);
  });
}
