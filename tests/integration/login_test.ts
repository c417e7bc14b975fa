import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import type { ServeOptions, Server } from "../../server.ts";
import { VERSION } from "../../version.ts";
import { Clock } from "../support/clock.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { message, RawClient, SUCCESS } from "../support/raw_client.ts";
import { serveQuietly } from "../support/server.ts";
import { gate, pause } from "../support/timing.ts";

Deno.test("a login is answered with the frame of the protocol", async () => {
  await using server = serveQuietly();
  await using client = await RawClient.open(server);
  client.send({ id: 0, token: "test", version: "1.0.2" });
  assert.deepEqual(await client.next(), { ...SUCCESS, id: 0 });
});

Deno.test("a wrong token is rejected with code 3", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger });
  await using client = await RawClient.open(server);
  client.send({ id: 0, token: "tesT", version: "1.0.0" });
  const { code, error, id } = await client.next();
  assert.deepEqual({ code, error, id }, {
    code: 3,
    error: "LOGIN_FAILED",
    id: 0,
  });
  assert.deepEqual(await client.closed, {
    code: 1008,
    reason: "login rejected",
  });
  await logger.line(
    /^warn login: 127\.0\.0\.1:\d+: login rejected: wrong token$/,
  );
});

for (const token of ["test", "tesT", "", "test ", "\ud800"]) {
  Deno.test(`a server without the option login compares the token ${JSON.stringify(token)}`, async () => {
    const expected = token === "test";
    await using server = serveQuietly();
    // The first login loads the module, the second login uses it.
    for (const _login of ["first", "second"]) {
      await using client = await RawClient.open(server);
      client.send({ id: 0, token, version: "1.0.0" });
      assert.equal((await client.next()).success, expected);
      if (!expected) assert.equal((await client.closed).code, 1008);
    }
  });
}

for (
  const [what, login] of [
    ["throws", (_server: Server, token: string) => {
      throw new Error(`no ${token}`);
    }],
    [
      "rejects",
      (_server: Server, token: string) =>
        Promise.reject(new Error(`no ${token}`)),
    ],
  ] as const
) {
  Deno.test(`a login function that ${what} rejects the client and is logged without the token`, async () => {
    const logger = new LogRecorder();
    await using server = serveQuietly({ login, logger });
    await using client = await RawClient.open(server);
    client.send({ id: 0, token: "sesame-of-ci", version: "1.0.0" });
    const { code, data, desc, id } = await client.next();
    const message = "the server could not check the token. Try again later.";
    assert.deepEqual({ code, data, desc, id }, {
      ...{ code: 6, id: 0, desc: message },
      data: { message, exc: "InternalError" },
    });
    const line = await logger.line(/login function failed/);
    assert.match(
      line,
      /^error error: 127\.0\.0\.1:\d+: the login function failed\n {2}Error: no \[redacted\]\n\s+at /,
    );
    assert(!logger.lines.some((line) => line.includes("sesame-of-ci")));
  });
}

for (
  const [what, options, login, reason] of [
    [
      "too old",
      { minimumVersion: "1.2.0" },
      { version: "1.1.9" },
      "the server needs version 1.2.0 or later. Update the client.",
    ],
    ["invalid", {}, { id: "a" }, '"id" must be an integer, not a string'],
    [
      "late",
      { limits: { loginTimeout: 20 }, login: () => new Promise(() => {}) },
      {},
      "timed out. To allow more time, raise 'limits.loginTimeout'.",
    ],
    [
      "locked out",
      { limits: { maxLoginFailures: 1 } },
      {},
      "too many failed logins. To allow more, raise 'limits.maxLoginFailures'.",
    ],
    [
      "failed",
      { login: () => Promise.reject(new Error("no database")) },
      {},
      "the login function failed",
    ],
  ] as readonly [string, ServeOptions, object, string][]
) {
  Deno.test(`the log says why a login that is ${what} was rejected`, async () => {
    const logger = new LogRecorder();
    await using server = serveQuietly({ ...options, logger });
    await using client = await RawClient.open(server);
    await using other = await RawClient.open(server);
    // Locks the address out; the other servers do not mind.
    if (what === "locked out") {
      other.send({ id: 0, token: "wrong", version: "1.0.0" });
      await other.closed;
    }
    client.send({ id: 0, token: "test", version: "1.0.0", ...login });
    assert.equal((await client.closed).code, 1008);
    const rejected = logger.lines.filter((line) =>
      line.startsWith("warn login: ")
    );
    const line = rejected.at(-1)!;
    assert(line.startsWith("warn login: 127.0.0.1:"), line);
    assert(line.endsWith(`: login rejected: ${reason}`), line);
  });
}

Deno.test("the log does not say whether a rejected token was near", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({
    logger,
    tokens: [
      { name: "old", token: "revoked token" },
    ],
  });
  await server.revoke("old");
  const tokens = ["tes", "test ", "tesT", "revoked token", "other"];
  for (const token of tokens) {
    await using client = await RawClient.open(server);
    client.send({ id: 0, token, version: "1.0.0" });
    await client.closed;
  }
  const lines = logger.lines.filter((line) => line.startsWith("warn login: "))
    .map((line) => line.replace(/:\d+: /, ": "));
  assert.equal(lines.length, tokens.length);
  assert.equal(new Set(lines).size, 1, lines.join("\n"));
});

Deno.test("an async login function receives the server, the token and the context", async () => {
  const seen: unknown[] = [];
  await using server = serveQuietly({
    login: async (server, token, { address, version, url, headers }) => {
      await Promise.resolve();
      seen.push(server, token, version, url.pathname, headers.get("upgrade"));
      return /^127\.0\.0\.1:\d+$/.test(address);
    },
  });
  await using _connection = await connect("sesame", { url: server.url });
  assert.deepEqual(seen, [server, "sesame", VERSION, "/hoist", "websocket"]);
});

Deno.test("a login function that never settles times out", async () => {
  const login = () => new Promise<boolean>(() => {});
  await using server = serveQuietly({ login, limits: { loginTimeout: 20 } });
  await using client = await RawClient.open(server);
  client.send({ id: 0, token: "test", version: "1.0.0" });
  assert.equal((await client.next()).code, 3);
  assert.deepEqual(await client.closed, {
    code: 1008,
    reason: "login timed out",
  });
});

Deno.test("a client that never logs in is closed after loginTimeout", async () => {
  await using server = serveQuietly({ limits: { loginTimeout: 20 } });
  await using client = await RawClient.open(server);
  assert.deepEqual(await client.closed, {
    code: 1008,
    reason: "login timed out",
  });
});

Deno.test("a client that logs in within loginTimeout stays connected", async () => {
  using clock = new Clock();
  await using server = serveQuietly({ limits: { loginTimeout: 50 } });
  await using client = await RawClient.logIn(server);
  await using silent = await RawClient.open(server);
  assert.equal((await clock.passUntil(silent.closed)).code, 1008);
  client.send(message(1, "still here"));
  assert.equal((await client.next()).message, "open");
});

Deno.test("a client sends and receives nothing before its login is accepted", async () => {
  const { opened, open } = gate();
  await using server = serveQuietly({ login: () => opened.then(() => true) });
  const received: string[] = [];
  server.receive(({ name }) => void received.push(name));
  await using _silent = await RawClient.open(server);
  await using client = await RawClient.open(server);
  client.send({ id: 0, token: "test", version: "1.0.0" });
  client.send(message(1, "early"));
  const refusal = await client.next();
  assert.deepEqual([refusal.id, refusal.code], [1, 8]);
  assert.equal(
    refusal.desc,
    "the login is not finished yet. Wait for its response.",
  );
  assert.equal((await server.broadcast("news")).delivered, 0);
  assert.equal(server.clients.size, 0);
  open();
  assert.deepEqual(await client.next(), { ...SUCCESS, id: 0 });
  assert.equal((await server.broadcast("news")).delivered, 1);
  assert.equal((await client.next()).message, "s_newmsg");
  assert.deepEqual(received, []);
});

Deno.test("a client that disconnects during its login is not logged in", async () => {
  const { opened, open } = gate();
  const logger = new LogRecorder();
  await using server = serveQuietly({
    logger,
    login: () => opened.then(() => true),
  });
  {
    await using client = await RawClient.open(server);
    client.send({ id: 0, token: "test", version: "1.0.0" });
    await logger.line(/connect: /);
  }
  await logger.line(/disconnect: /);
  open();
  await pause(10);
  assert.equal(server.clients.size, 0);
  assert(!logger.lines.some((line) => line.includes("logged in")));
});

Deno.test("a client below the minimum version gets the needed version", async () => {
  await using server = serveQuietly({ minimumVersion: "1.2.0" });
  await using client = await RawClient.open(server);
  client.send({ id: 0, token: "wrong", version: "1.1.9" });
  const { code, error, data } = await client.next();
  assert.deepEqual([code, error, data], [4, "BAD_VERSION", {
    needed: "1.2.0",
  }]);
  assert.equal((await client.closed).code, 1008);
});

Deno.test("without a minimum version, client.version is the start of any string", async () => {
  await using server = serveQuietly();
  for (const version of ["1.0.2.dev0", "new", "1".repeat(1_000)]) {
    await using client = await RawClient.open(server);
    client.send({ id: 0, token: "test", version });
    assert.equal((await client.next()).code, 0);
    const [connected] = server.clients;
    const shown = connected?.version ?? "";
    assert(version.startsWith(shown.replace("…", "")) && shown.length <= 101);
    assert.equal(shown === version, version.length <= 100);
    connected?.close();
    await client.closed;
  }
});

Deno.test("an invalid client version is rejected with code 2 if there is a minimum", async () => {
  await using server = serveQuietly({ minimumVersion: "1.0.0" });
  await using client = await RawClient.open(server);
  client.send({ id: 0, token: "test", version: "new" });
  const { code, desc } = await client.next();
  assert.deepEqual([code, desc], [
    2,
    '"version" must be a version such as "1.0.0"',
  ]);
});
