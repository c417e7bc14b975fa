/** The endpoint `GET /hoist/metrics`. */

import assert from "node:assert/strict";
import { serve } from "../../server.ts";
import { ADMIN_TOKEN, PLAIN_TOKEN, TOKENS } from "../support/admin.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { requestMetrics, serveMetrics } from "../support/metrics.ts";
import { RawClient } from "../support/raw_client.ts";

const ADMIN = `Bearer ${ADMIN_TOKEN}`;

Deno.test("an admin gets the metrics as text for Prometheus", async () => {
  await using server = serveMetrics();
  const { response, body } = await requestMetrics(server, ADMIN);
  assert.equal(response.status, 200);
  assert.equal(
    response.headers.get("content-type"),
    "text/plain; version=0.0.4; charset=utf-8",
  );
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.match(body, /^# HELP hoist_clients /m);
  assert.match(body, /^# TYPE hoist_clients gauge\nhoist_clients 0$/m);
  assert.match(body, /^process_resident_memory_bytes [1-9]/m);
  assert(body.endsWith("\n"));
});

Deno.test("HEAD is answered like GET, without the body, and POST is not", async () => {
  await using server = serveMetrics();
  const head = await requestMetrics(server, ADMIN, "HEAD");
  assert.deepEqual([head.response.status, head.body], [200, ""]);
  const post = await requestMetrics(server, ADMIN, "POST");
  assert.equal(post.response.status, 405);
});

Deno.test("a request without the token of an admin gets no metrics", async () => {
  const logger = new LogRecorder();
  await using server = serveMetrics({ logger });
  for (
    const [authorization, status] of [
      [undefined, 401],
      ["Bearer wrong", 401],
      [`Basic ${ADMIN_TOKEN}`, 401],
      [`Bearer ${PLAIN_TOKEN}`, 403],
    ] as const
  ) {
    const { response, body } = await requestMetrics(server, authorization);
    assert.equal(response.status, status);
    assert.match(
      response.headers.get("www-authenticate") ?? "",
      /^Bearer realm="hoist"/,
    );
    assert(!body.includes("hoist_"));
  }
  const rejections = logger.lines.filter((line) => line.includes("rejected:"));
  assert.equal(rejections.length, 4);
  assert(!rejections.join().includes(PLAIN_TOKEN));
});

Deno.test("guesses lock the address out, also for the right token", async () => {
  await using server = serveMetrics({ limits: { maxLoginFailures: 2 } });
  for (const token of ["a", "b"]) {
    const { response } = await requestMetrics(server, `Bearer ${token}`);
    assert.equal(response.status, 401);
  }
  const { response } = await requestMetrics(server, ADMIN);
  assert.equal(response.status, 429);
});

Deno.test("plain tokens are no guesses, and do not lock the address out", async () => {
  await using server = serveMetrics({ limits: { maxLoginFailures: 2 } });
  for (let attempt = 0; attempt < 4; attempt++) {
    const { response } = await requestMetrics(server, `Bearer ${PLAIN_TOKEN}`);
    assert.equal(response.status, 403);
  }
  assert.equal((await requestMetrics(server, ADMIN)).response.status, 200);
});

Deno.test("a server that is full still has metrics", async () => {
  await using server = serveMetrics({ limits: { maxConnections: 1 } });
  await using _client = await RawClient.logIn({
    url: server.url,
    token: PLAIN_TOKEN,
  });
  assert.equal((await requestMetrics(server, ADMIN)).response.status, 200);
});

Deno.test("strangers that take all places do not change the answers to valid tokens", async () => {
  const limits = { maxUnauthenticated: 1 };
  await using server = serveMetrics({ limits });
  await using _stranger = await RawClient.open(server);
  await assert.rejects(RawClient.open(server));
  const plain = await requestMetrics(server, `Bearer ${PLAIN_TOKEN}`);
  assert.equal(plain.response.status, 403, plain.body);
  assert.equal((await requestMetrics(server, ADMIN)).response.status, 200);
  assert.equal((await requestMetrics(server, "Bearer a")).response.status, 401);
});

Deno.test("a token that was revoked gets no metrics", async () => {
  await using server = serveMetrics();
  await server.revoke("ops");
  assert.equal((await requestMetrics(server, ADMIN)).response.status, 401);
});

Deno.test("the endpoint does not exist without the option", async () => {
  await using server = serveMetrics({ metrics: false });
  for (const authorization of [undefined, ADMIN, `Bearer ${PLAIN_TOKEN}`]) {
    const { response } = await requestMetrics(server, authorization);
    assert.equal(response.status, 404);
  }
});

Deno.test("the option needs an admin", () => {
  const message =
    "Cannot serve: 'metrics' needs an admin. Add a token with 'admin: true' to 'tokens', or pass the function 'admin'.";
  const [, plain] = TOKENS;
  const address = { hostname: "127.0.0.1", port: 0 };
  for (
    const options of [
      {},
      { tokens: [plain!] },
      { login: () => ({ admin: true }) },
    ]
  ) {
    assert.throws(
      () => serve({ ...address, ...options, metrics: true }),
      { name: "TypeError", message },
    );
  }
  assert.throws(
    () => serve({ ...address, tokens: TOKENS, metrics: "yes" as never }),
    { name: "TypeError" },
  );
});
