/** The limits of connections and of failed logins. */

import assert from "node:assert/strict";
import type { Server } from "../../server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { gate } from "../support/timing.ts";
import { ADDRESS_HEADER, mount } from "../support/mounted_server.ts";
import {
  type HttpResponse,
  requestUpgrade,
  TcpPeer,
} from "../support/tcp_peer.ts";

function assertRefused(
  answer: HttpResponse,
  status: number,
  body: RegExp,
): void {
  assert.equal(answer.status, status);
  assert.match(answer.headers.get("content-type") ?? "", /^text\/plain\b/);
  assert.match(answer.body, body);
}

/** Waits until the server accepts a connection again. */
async function untilAccepted(server: Server): Promise<void> {
  while ((await requestUpgrade(server)).status !== 101);
}

/** Logs in with a wrong token and asserts that the server rejects it. */
async function failLogin(server: Server): Promise<void> {
  using peer = await TcpPeer.open(server);
  assert.equal(peer.response.status, 101);
  await peer.send({ id: 0, token: "guessed", version: "1.0.0" });
  assert.equal((await peer.next()).code, 3);
  const { code, reason } = await peer.closed() ?? {};
  assert.deepEqual([code, reason], [1008, "login rejected"]);
}

for (
  const { limit, status, body } of [
    {
      limit: "maxConnections",
      status: 503,
      body: /^The server has too many connections. Try again later.\n$/,
    },
    {
      limit: "maxConnectionsPerAddress",
      status: 429,
      body:
        /^Too many connections from this address. Close one of them first.\n$/,
    },
  ]
) {
  Deno.test(`${limit}: a connection beyond the limit gets ${status}`, async () => {
    const logger = new LogRecorder();
    await using server = serveQuietly({ logger, limits: { [limit]: 2 } });
    await using first = await connectTo(server);
    using _second = await TcpPeer.logIn(server);
    const third = await requestUpgrade(server);
    assertRefused(third, status, body);
    assert.equal(await first.operation("x").catch(({ code }) => code), 5);
    const line = await logger.line(new RegExp(`\\b${limit}\\b`));
    assert.match(line, /^warn /);
    assert(!logger.lines.slice(1).some((line) => line.includes("test")));
  });

  Deno.test(`${limit}: a connection that ends frees its place`, async () => {
    await using server = serveQuietly({ limits: { [limit]: 1 } });
    const first = await TcpPeer.logIn(server);
    assert.equal((await requestUpgrade(server)).status, status);
    first[Symbol.dispose]();
    await untilAccepted(server);
  });

  Deno.test(`${limit}: closed clients that do not answer count, up to a number of their own`, async () => {
    await using server = serveQuietly({ limits: { [limit]: 2 } });
    const peers: TcpPeer[] = [];
    // The clients of one address can all come back before their old sockets are closed.
    const most = limit === "maxConnections" ? 2 : 4;
    while (peers.length < most) {
      const peer = await TcpPeer.logIn(server);
      peers.push(peer);
      for (const client of server.clients) client.close();
      assert.equal((await peer.closed())?.code, 1000);
    }
    assert.equal(server.clients.size, 0);
    assert.equal((await requestUpgrade(server)).status, status);
    for (const peer of peers) peer[Symbol.dispose]();
    await untilAccepted(server);
  });

  Deno.test(`${limit}: Infinity removes the limit, and an invalid handshake does not count`, async () => {
    await using open = serveQuietly({ limits: { [limit]: Infinity } });
    using _one = await TcpPeer.open(open);
    using two = await TcpPeer.open(open);
    assert.equal(two.response.status, 101);
    await using server = serveQuietly({ limits: { [limit]: 1 } });
    for (const _time of [1, 2]) {
      using broken = await TcpPeer.open(server, [], {
        standard: [
          "Host: x",
          "Upgrade: websocket",
          "Sec-WebSocket-Version: 13",
        ],
      });
      assert.equal(broken.response.status, 400);
    }
    assert.equal((await requestUpgrade(server)).status, 101);
  });

  Deno.test(`${limit}: other HTTP requests are answered beyond the limit`, async () => {
    await using server = serveQuietly({ limits: { [limit]: 1 } });
    using _peer = await TcpPeer.logIn(server);
    for (const path of ["/hoist/ack", "/hoist/health", "/"]) {
      const response = await fetch(server.url + path);
      await response.body?.cancel();
      assert.equal(response.status, 200);
    }
  });
}

Deno.test("maxConnections: the log limits the lines about rejected connections", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger, limits: { maxConnections: 1 } });
  using _peer = await TcpPeer.logIn(server);
  for (let time = 0; time < 150; time++) {
    assert.equal((await requestUpgrade(server)).status, 503);
  }
  const { length } = logger.lines.filter((line) => /^warn reject: /.test(line));
  // The limit of lines can have recovered a little in the meantime.
  assert(length >= 100 && length < 150, `${length}`);
});

Deno.test("maxConnections: a rejected connection gets a Retry-After header", async () => {
  await using server = serveQuietly({ limits: { maxConnections: 1 } });
  using _peer = await TcpPeer.logIn(server);
  const { headers } = await requestUpgrade(server);
  assert.match(headers.get("retry-after") ?? "", /^[1-9]\d*$/);
});

for (
  const [first, second, isSame] of [
    ["192.0.2.1", "192.0.2.1", true],
    ["192.0.2.1", "192.0.2.2", false],
    ["192.0.2.1", "::ffff:192.0.2.1", true],
    ["192.0.2.1", "::ffff:c000:201", true],
    ["192.0.2.1", "0:0:0:0:0:FFFF:C000:0201", true],
    ["::ffff:192.0.2.1", "::ffff:192.0.2.2", false],
    ["2001:db8::1", "2001:db8::2", true],
    ["2001:db8::1", "2001:0DB8:0:0:ffff:ffff:ffff:ffff", true],
    ["2001:db8:0:1::1", "2001:db8:0:2::1", false],
    ["2001:db8:1::", "2001:db8:2::", false],
    ["::1", "::2", true],
    ["::1", "127.0.0.1", false],
  ] as const
) {
  Deno.test(`maxConnectionsPerAddress: ${first} and ${second} are ${isSame ? "one address" : "two addresses"}`, async () => {
    await using mounted = mount({ limits: { maxConnectionsPerAddress: 1 } });
    const headers = [`${ADDRESS_HEADER}: ${first}`];
    using one = await TcpPeer.logIn(mounted, { headers });
    assert.equal(one.response.status, 101);
    using other = await TcpPeer.open(mounted, [`${ADDRESS_HEADER}: ${second}`]);
    assert.equal(other.response.status, isSame ? 429 : 101);
  });
}

Deno.test("maxLoginFailures: an address with too many wrong tokens gets 429", async () => {
  const logger = new LogRecorder();
  const limits = { maxLoginFailures: 2 };
  await using server = serveQuietly({ logger, limits });
  await using connected = await connectTo(server);
  await failLogin(server);
  using _second = await TcpPeer.logIn(server);
  await failLogin(server);
  const answer = await requestUpgrade(server);
  assertRefused(
    answer,
    429,
    /^Too many failed logins from this address. Try again later.\n$/,
  );
  const wait = Number(answer.headers.get("retry-after"));
  assert(Number.isInteger(wait) && wait >= 1 && wait <= 60, `${wait} s`);
  const line = await logger.line(/\bmaxLoginFailures\b/);
  assert.match(line, /^warn /);
  assert(!logger.lines.some((line) => line.includes("guessed")));
  // Connected clients stay connected.
  assert.equal(await connected.operation("x").catch(({ code }) => code), 5);
});

Deno.test("maxLoginFailures: a right token neither counts nor resets the count", async () => {
  const limits = { maxLoginFailures: 2 };
  await using server = serveQuietly({ limits });
  for (const _time of [1, 2, 3]) {
    (await TcpPeer.logIn(server))[Symbol.dispose]();
  }
  await failLogin(server);
  (await TcpPeer.logIn(server))[Symbol.dispose]();
  await failLogin(server);
  assert.equal((await requestUpgrade(server)).status, 429);
});

Deno.test("maxLoginFailures: the limit applies to an address or a /64 network", async () => {
  await using mounted = mount({ limits: { maxLoginFailures: 1 } });
  const from = (address: string) => [`${ADDRESS_HEADER}: ${address}`];
  using peer = await TcpPeer.open(mounted, from("2001:db8::1"));
  await peer.send({ id: 0, token: "wrong", version: "1.0.0" });
  assert.equal((await peer.closed())?.code, 1008);
  assert.equal(
    (await requestUpgrade(mounted, from("2001:db8::ffff"))).status,
    429,
  );
  assert.equal(
    (await requestUpgrade(mounted, from("2001:db8:0:1::1"))).status,
    101,
  );
  assert.equal((await requestUpgrade(mounted)).status, 101);
});

Deno.test("maxLoginFailures: a right token that is decided after the lockout is rejected", async () => {
  const { opened, open } = gate();
  const limits = { maxLoginFailures: 1 };
  await using server = serveQuietly({
    limits,
    login: async (_server, token) => {
      if (token === "test") await opened;
      return token === "test";
    },
  });
  using slow = await TcpPeer.open(server);
  await slow.send({ id: 0, token: "test", version: "1.0.0" });
  // Another token would wait, because one failure is left. A malformed login does not.
  using malformed = await TcpPeer.open(server);
  await malformed.send("hello?");
  await malformed.closed();
  open();
  assert.equal((await slow.next()).code, 3);
  assert.equal((await slow.closed())?.code, 1008);
  assert.equal(server.clients.size, 0);
});

Deno.test("maxLoginFailures: the login function is not called during a lockout", async () => {
  const checked: string[] = [];
  const limits = { maxLoginFailures: 1 };
  await using server = serveQuietly({
    limits,
    login: (_server, token) => checked.push(token) === 0,
  });
  using early = await TcpPeer.open(server);
  await failLogin(server);
  await early.send({ id: 0, token: "test", version: "1.0.0" });
  assert.equal((await early.next()).code, 3);
  assert.deepEqual(checked, ["guessed"]);
});

Deno.test("maxLoginFailures: the count resets after loginFailureWindow", async () => {
  const limits = { maxLoginFailures: 1, loginFailureWindow: 200 };
  await using server = serveQuietly({ limits });
  await failLogin(server);
  await untilAccepted(server);
  (await TcpPeer.logIn(server))[Symbol.dispose]();
  await failLogin(server);
  await untilAccepted(server);
});

Deno.test("maxLoginFailures: Infinity removes the limit", async () => {
  await using server = serveQuietly({ limits: { maxLoginFailures: Infinity } });
  for (let time = 0; time < 12; time++) await failLogin(server);
  assert.equal((await requestUpgrade(server)).status, 101);
});

Deno.test("maxLoginFailures: the default is 10", async () => {
  await using server = serveQuietly();
  for (let time = 0; time < 10; time++) await failLogin(server);
  assert.equal((await requestUpgrade(server)).status, 429);
});

Deno.test("loginTimeout: a client that does not log in is closed and does not count as a failure", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger, limits: { loginTimeout: 20 } });
  using peer = await TcpPeer.open(server);
  assert.equal((await peer.next()).code, 3);
  const { code, reason } = await peer.closed() ?? {};
  assert.deepEqual([code, reason], [1008, "login timed out"]);
  await logger.line(/login timed out\)$/);
  // This is not a failed login.
  assert.equal((await requestUpgrade(server)).status, 101);
});
