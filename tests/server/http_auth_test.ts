/** The guard of HTTP endpoints, tested with `GET /hoist/contract`. */

import assert from "node:assert/strict";
import { ApplicationError } from "../../common/errors.ts";
import { VERSION } from "../../version.ts";
import { Server } from "../../server.ts";
import {
  connectWithContract,
  contract,
  requestContract,
  serveContract,
} from "../support/contract.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { gate } from "../support/timing.ts";

const NO_TOKEN = "send the token in the header 'Authorization: Bearer <token>'";
const WRONG = "the token was rejected";

for (
  const [authorization, problem] of [
    [undefined, NO_TOKEN],
    ["", NO_TOKEN],
    ["test", NO_TOKEN],
    ["Bearer", NO_TOKEN],
    ["Bearer wrong", WRONG],
    ["Bearer test2", WRONG],
    ["Basic test", NO_TOKEN],
    ["Bearertest", NO_TOKEN],
  ] as const
) {
  Deno.test(`rejects the Authorization header ${authorization}`, async () => {
    await using server = serveContract({ exposeContract: true });
    const { response, body } = await requestContract(server, authorization);
    assert.equal(response.status, 401);
    assert.equal(
      response.headers.get("www-authenticate"),
      'Bearer realm="hoist"',
    );
    assert.equal(body, `Unauthorized: ${problem}\n`);
  });
}

Deno.test("wrong tokens count as failed logins, and a lockout applies", async () => {
  await using server = serveContract({
    exposeContract: true,
    limits: { maxLoginFailures: 2 },
  });
  for (const status of [401, 401, 429]) {
    const { response } = await requestContract(server, "Bearer wrong");
    assert.equal(response.status, status);
  }
  const { response, body } = await requestContract(server, "Bearer test");
  assert.equal(response.status, 429);
  assert.match(response.headers.get("retry-after") ?? "", /^\d+$/);
  assert(!body.includes("hello"));
});

Deno.test("a login function decides and gets the request", async () => {
  const seen: unknown[] = [];
  await using server = serveContract({
    exposeContract: true,
    login: (_server, token, { url, headers, version, address }) => {
      seen.push(url.pathname, headers.get("x-team"), version);
      assert.match(address, /^127\.0\.0\.1:\d+$/);
      return token === "team" && { name: "Ada" };
    },
  });
  const headers = { authorization: "Bearer team", "x-team": "blue" };
  const url = `${server.url}/hoist/contract`;
  const response = await fetch(url, { headers });
  assert.equal(response.status, 200);
  await response.body?.cancel();
  assert.deepEqual(seen, ["/hoist/contract", "blue", VERSION]);
  assert.equal(
    (await requestContract(server, "Bearer test")).response.status,
    401,
  );
});

Deno.test("rejects the request if the login function throws an ApplicationError", async () => {
  await using server = serveContract({
    exposeContract: true,
    login: () => {
      throw new ApplicationError("banned", { message: "private" });
    },
  });
  const { response, body } = await requestContract(server, "Bearer test");
  assert.equal(response.status, 401);
  assert.equal(body, "Unauthorized: the login was refused\n");
});

for (
  const [what, login] of [
    ["throws", () => {
      throw new Error("secret");
    }],
    ["never decides", () => new Promise<never>(() => {})],
  ] as const
) {
  Deno.test(`rejects the request if the login function ${what}`, async () => {
    await using server = serveContract({
      exposeContract: true,
      limits: { loginTimeout: 1 },
      login,
    });
    const { response, body } = await requestContract(server, "Bearer test");
    assert.equal(response.status, 503);
    assert.equal(
      body,
      "The server could not check the token. Try again later.\n",
    );
  });
}

Deno.test("a request that waits for its login counts towards maxUnauthenticated", async () => {
  const { opened, open } = gate();
  const entered = Promise.withResolvers<void>();
  let calls = 0;
  await using server = serveContract({
    exposeContract: true,
    limits: { maxUnauthenticated: 2 },
    login: async () => {
      if (++calls === 2) entered.resolve();
      await opened;
      return true;
    },
  });
  const waiting = [
    requestContract(server, "Bearer a"),
    requestContract(server, "Bearer b"),
  ];
  await entered.promise;
  const rejected = await requestContract(server, "Bearer c");
  assert.deepEqual([rejected.response.status, rejected.body], [
    503,
    "Too many connections are not logged in. Try again later.\n",
  ]);
  assert.equal(calls, 2);
  await assert.rejects(connectWithContract(server), /Cannot connect/);
  open();
  for (const { response } of await Promise.all(waiting)) {
    assert.equal(response.status, 200);
  }
  // Their connections no longer count.
  assert.equal(
    (await requestContract(server, "Bearer d")).response.status,
    200,
  );
});

Deno.test("rejects pages of other origins", async () => {
  await using server = serveContract({ exposeContract: true });
  const headers = {
    authorization: "Bearer test",
    origin: "https://example.org",
  };
  const url = `${server.url}/hoist/contract`;
  const response = await fetch(url, { headers });
  assert.equal(response.status, 403);
  await response.body?.cancel();
});

Deno.test("accepts every token that a header can contain", async () => {
  const token = "two words, and = signs";
  const server = new Server<unknown, typeof contract>(token, {
    contract,
    exposeContract: true,
    logger: new LogRecorder(),
  }).listen({ hostname: "127.0.0.1", port: 0 });
  const { response } = await requestContract(server, `Bearer ${token}`);
  assert.equal(response.status, 200);
  await server.close();
});

Deno.test("logs the address and the reason of a rejection", async () => {
  const logger = new LogRecorder();
  await using server = serveContract({
    exposeContract: true,
    limits: { maxLoginFailures: 1 },
    logger,
  });
  for (const authorization of [undefined, "Bearer a", "Bearer b"]) {
    await requestContract(server, authorization);
  }
  const lockout =
    "too many failed logins. To allow more, raise 'limits.maxLoginFailures'.";
  for (const why of ["no token", "wrong token", lockout]) {
    await logger.line(
      new RegExp(
        `^warn reject: 127.0.0.1:\\d+ GET /hoist/contract rejected: ${why}$`,
      ),
    );
  }
});

Deno.test("logs the method of a rejected request", async () => {
  const logger = new LogRecorder();
  await using server = serveContract({ exposeContract: true, logger });
  await fetch(new URL("/hoist/contract", server.url), { method: "HEAD" });
  await logger.line(/ HEAD \/hoist\/contract rejected: no token$/);
});

Deno.test("the log does not contain the token", async () => {
  const logger = new LogRecorder();
  await using server = serveContract({
    exposeContract: true,
    hideToken: true,
    logger,
    logLevel: "debug",
  });
  await requestContract(server, "Bearer test");
  await requestContract(server, "Bearer guess");
  assert(!logger.lines.some((line) => /test|guess/.test(line)));
});
