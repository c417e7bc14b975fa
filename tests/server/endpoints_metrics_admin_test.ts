/** The endpoint `GET /hoist/metrics` if the function `admin` decides about admins. */

import assert from "node:assert/strict";
import { type AdminCandidate, serve, type ServeOptions } from "../../server.ts";
import { PLAIN_TOKEN, TOKENS } from "../support/admin.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { requestMetrics } from "../support/metrics.ts";
import { RawClient } from "../support/raw_client.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { gate } from "../support/timing.ts";

/** The statuses of requests with these tokens. */
async function statusesOf(
  server: Parameters<typeof requestMetrics>[0],
  tokens: readonly string[],
): Promise<readonly number[]> {
  const statuses: number[] = [];
  for (const token of tokens) {
    const { response, body } = await requestMetrics(server, `Bearer ${token}`);
    assert.equal(body.includes("hoist_clients"), response.status === 200);
    statuses.push(response.status);
  }
  return statuses;
}

for (const isAsync of [false, true]) {
  const kind = isAsync ? "an asynchronous" : "a";
  Deno.test(`${kind} function 'admin' decides about the result of 'login'`, async () => {
    const seen: AdminCandidate[] = [];
    const decide = (candidate: AdminCandidate) => {
      seen.push(candidate);
      return Object(candidate.identity).role === "ops";
    };
    await using server = serveQuietly({
      metrics: true,
      login: (_server, token, { setUser }) => {
        setUser(`${token}@example.org`);
        return token !== "wrong" && { role: token };
      },
      admin: isAsync
        ? (candidate) => Promise.resolve(decide(candidate))
        : decide,
    });
    const statuses = await statusesOf(server, ["ops", "guest", "wrong"]);
    assert.deepEqual(statuses, [200, 403, 401]);
    assert.equal(seen.length, 2);
    const { identity, user, address, client } = seen[0]!;
    assert.deepEqual(identity, { role: "ops" });
    assert.equal(user, "ops@example.org");
    assert.match(address, /^127\.0\.0\.1:\d+$/);
    assert.equal(client, undefined);
  });
}

Deno.test("the function 'admin' decides about named tokens, and about the token of the server", async () => {
  await using server = serve("main", {
    ...{ hostname: "127.0.0.1", port: 0, logger: new LogRecorder() },
    ...{ metrics: true, tokens: TOKENS },
    admin: ({ user, identity }) => user === "plain" || identity === undefined,
  });
  const tokens = ["main", PLAIN_TOKEN, TOKENS[0]!.token, "wrong"];
  assert.deepEqual(await statusesOf(server, tokens), [200, 200, 200, 401]);
});

Deno.test("a client and an HTTP request get the same decision", async () => {
  const clients: unknown[] = [];
  await using server = serveQuietly({
    metrics: true,
    admin: ({ client }) => {
      clients.push(client?.id);
      return true;
    },
  });
  await using connection = await connectTo(server);
  await connection.operation("hoist.admin.health");
  assert.deepEqual(await statusesOf(server, ["test"]), [200]);
  assert.deepEqual(clients, [1, undefined]);
});

/** Functions that decide nothing, and what the log says. */
const BROKEN: readonly (readonly [string, () => unknown, RegExp])[] = [
  ["throws", () => {
    throw new Error("a bug");
  }, /the function 'admin' failed.*a bug/s],
  ["rejects", () => Promise.reject(new Error("a bug")), /a bug/],
  ["returns no boolean", () => ({ admin: true }), /returned a value of type/],
];

for (const [kind, admin, pattern] of BROKEN) {
  Deno.test(`nobody gets the metrics if the function 'admin' ${kind}`, async () => {
    const logger = new LogRecorder();
    const options = { metrics: true, logger, admin: admin as () => boolean };
    await using server = serveQuietly(options);
    assert.deepEqual(await statusesOf(server, ["test"]), [403]);
    await logger.line(pattern);
  });
}

Deno.test("nobody gets the metrics if the function 'admin' does not decide", async () => {
  await using server = serveQuietly({
    metrics: true,
    limits: { loginTimeout: 1 },
    admin: () => new Promise<boolean>(() => {}),
  });
  const [status = 0] = await statusesOf(server, ["test"]);
  assert([403, 503].includes(status), `${status}`);
});

/** Requests the metrics, and does something while the function `admin` decides. */
async function whileDeciding(
  options: ServeOptions,
  token: string,
  use: (server: ReturnType<typeof serveQuietly>) => Promise<unknown>,
  isDecided = true,
): Promise<number> {
  const { opened, open } = gate();
  const asked = Promise.withResolvers<void>();
  await using server = serveQuietly({
    ...{ metrics: true, ...options },
    admin: async () => {
      asked.resolve();
      await opened;
      return true;
    },
  });
  const requested = requestMetrics(server, `Bearer ${token}`);
  await asked.promise;
  const used = use(server);
  if (isDecided) {
    await used;
    open();
  }
  const { response } = await requested;
  open();
  await used;
  return response.status;
}

Deno.test("a token that is revoked while the function 'admin' decides gets no metrics", async () => {
  const revoke = (server: ReturnType<typeof serveQuietly>) =>
    server.revoke("plain");
  const status = await whileDeciding({ tokens: TOKENS }, PLAIN_TOKEN, revoke);
  assert.equal(status, 401);
});

Deno.test("a server that closes does not wait for the function 'admin'", async () => {
  const close = (server: ReturnType<typeof serveQuietly>) => server.close();
  assert.equal(await whileDeciding({}, "test", close, false), 503);
});

Deno.test("strangers that take all places do not prevent a decision of the function 'admin'", async () => {
  await using server = serve("main", {
    ...{ hostname: "127.0.0.1", port: 0, logger: new LogRecorder() },
    ...{ metrics: true, tokens: TOKENS, limits: { maxUnauthenticated: 1 } },
    admin: ({ identity }) => Promise.resolve(identity === undefined),
  });
  await using _stranger = await RawClient.open(server);
  await assert.rejects(RawClient.open(server));
  const tokens = ["main", PLAIN_TOKEN, TOKENS[0]!.token, "wrong"];
  assert.deepEqual(await statusesOf(server, tokens), [200, 403, 200, 401]);
});

for (const waitsFor of ["login", "admin"] as const) {
  Deno.test(`requests for the metrics that wait for the function '${waitsFor}' leave places for others`, async () => {
    const { opened, open } = gate();
    const entered = Promise.withResolvers<void>();
    let calls = 0;
    const decide = async () => {
      if (++calls === 2) entered.resolve();
      await opened;
      return true;
    };
    const others = waitsFor === "login"
      ? { login: decide, admin: () => true }
      : { admin: decide, tokens: TOKENS };
    await using server = serve("test", {
      ...{ hostname: "127.0.0.1", port: 0, logger: new LogRecorder() },
      ...{ metrics: true, limits: { maxUnauthenticated: 2 }, ...others },
    } as ServeOptions);
    const request = () => requestMetrics(server, "Bearer test");
    const waiting = [request(), request()];
    await entered.promise;
    const { response, body } = await request();
    assert.equal(response.status, 503);
    const problem = waitsFor === "login"
      ? /Too many connections are not logged in/
      : /Too many requests wait for the function 'admin'/;
    assert.match(body, problem);
    assert.equal(calls, 2);
    if (waitsFor === "admin") {
      assert.deepEqual(await statusesOf(server, [TOKENS[0]!.token]), [200]);
    }
    open();
    for (const { response } of await Promise.all(waiting)) {
      assert.equal(response.status, 200);
    }
    assert.equal((await request()).response.status, 200);
  });
}
