/** The limits, their defaults, their ranges, and what happens without them. */

import assert from "node:assert/strict";
import {
  type Limits,
  type ResolvedLimits,
  resolveLimits,
} from "../../server/limits.ts";
import { RawClient } from "../support/raw_client.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { pause } from "../support/timing.ts";
import { requestUpgrade, TcpPeer } from "../support/tcp_peer.ts";

const LONGEST = 2_147_483_647;

/** Each limit with its default, its lowest and its highest value */
const LIMITS: readonly {
  readonly name: keyof ResolvedLimits;
  readonly standard: number;
  readonly lowest: number;
  readonly highest?: number;
}[] = [
  { name: "maxPayload", standard: 65_536, lowest: 128 },
  { name: "maxLoginPayload", standard: 8_192, lowest: 256 },
  { name: "maxConnections", standard: 10_000, lowest: 1 },
  { name: "maxConnectionsPerAddress", standard: 1_000, lowest: 1 },
  { name: "maxUnauthenticated", standard: 1_000, lowest: 1 },
  { name: "loginTimeout", standard: 10_000, lowest: 1, highest: LONGEST },
  { name: "maxLoginFailures", standard: 10, lowest: 1 },
  { name: "loginFailureWindow", standard: 60_000, lowest: 1, highest: LONGEST },
  { name: "maxPending", standard: 1_024, lowest: 1 },
  { name: "maxPendingBytes", standard: 1_048_576, lowest: 1_024 },
  { name: "maxRate", standard: 20_000, lowest: 0.001 },
  { name: "maxBurst", standard: 40_000, lowest: 1 },
  { name: "maxRatePerToken", standard: Infinity, lowest: 0.001 },
  { name: "maxByteRate", standard: 67_108_864, lowest: 1_024 },
  { name: "maxBuffered", standard: 4_194_304, lowest: 1_024 },
  { name: "maxDepth", standard: 64, lowest: 1, highest: 1_000 },
  { name: "maxLostUpgrades", standard: Infinity, lowest: 1 },
  { name: "maxHistory", standard: 67_108_864, lowest: 1_024 },
];

Deno.test("every limit has a default", () => {
  const expected = LIMITS.map(({ name, standard }) => [name, standard]);
  assert.deepEqual(resolveLimits(), Object.fromEntries(expected));
  assert.deepEqual(resolveLimits({}), resolveLimits(undefined));
});

Deno.test("the default of maxBuffered has space for the reply to the largest message", () => {
  const defaultFor = (maxPayload: number) =>
    resolveLimits({ maxPayload }).maxBuffered;
  assert.equal(defaultFor(2_097_152), 4_194_304);
  assert.equal(defaultFor(8_388_608), 16_777_216);
  // Without a limit for frames, this limit is all that protects the memory.
  assert.equal(defaultFor(Infinity), 4_194_304);
});

for (const { name, standard, lowest, highest } of LIMITS) {
  Deno.test(`${name} accepts ${lowest}, Infinity and undefined`, () => {
    for (const value of [lowest, standard, highest ?? standard, Infinity]) {
      assert.equal(resolveLimits({ [name]: value })[name], value);
    }
    assert.equal(resolveLimits({ [name]: undefined })[name], standard);
  });

  const wrong = [
    0,
    -1,
    lowest / 2,
    NaN,
    -Infinity,
    "many",
    ...(highest === undefined ? [] : [highest + 1]),
    ...(highest === LONGEST || name.startsWith("maxRate")
      ? []
      : [lowest + 0.5, 2 ** 53]),
  ];
  for (const value of wrong) {
    Deno.test(`${name} rejects ${JSON.stringify(value)} (${value})`, () => {
      assert.throws(
        () => serveQuietly({ limits: { [name]: value } }),
        (error: Error) =>
          /^(Range|Type)Error$/.test(error.name) &&
          new RegExp(
            `^Cannot serve: 'limits\\.${name}' must be .*\\b${lowest}\\b.*\\. It is "?${value}"?\\.$`,
          ).test(error.message),
      );
    });
  }
}

Deno.test("maxBurst is twice maxRate, and at least 1", () => {
  for (const [maxRate, maxBurst] of [[1, 2], [0.001, 1], [1.3, 3], [50, 100]]) {
    assert.equal(resolveLimits({ maxRate }).maxBurst, maxBurst);
  }
  assert.equal(resolveLimits({ maxRate: Infinity }).maxBurst, Infinity);
  assert.equal(resolveLimits({ maxRate: 5, maxBurst: 7 }).maxBurst, 7);
});

Deno.test("maxUnauthenticated is a tenth of maxConnections, rounded up, and at least 100", () => {
  for (
    const [maxConnections, expected] of [[1, 100], [1_001, 101], [5_000, 500]]
  ) {
    const { maxUnauthenticated } = resolveLimits({ maxConnections });
    assert.equal(maxUnauthenticated, expected);
  }
  const unlimited = resolveLimits({ maxConnections: Infinity });
  assert.equal(unlimited.maxUnauthenticated, Infinity);
});

Deno.test("maxPendingBytes is twice maxPayload, and at least 1 MiB", () => {
  for (const maxPayload of [128, 524_288, 524_289, 67_108_864, Infinity]) {
    const { maxPendingBytes } = resolveLimits({ maxPayload });
    assert.equal(maxPendingBytes, Math.max(1_048_576, 2 * maxPayload));
  }
  const limits = { maxPayload: 2 ** 24, maxPendingBytes: 2_048 };
  assert.equal(resolveLimits(limits).maxPendingBytes, 2_048);
});

for (const name of ["maxPayLoad", "toString", "__proto__", "maxclients"]) {
  Deno.test(`rejects the unknown limit ${name}`, () => {
    const limits = JSON.parse(`{"${name}": 1}`) as Limits;
    assert.throws(() => serveQuietly({ limits }), {
      name: "TypeError",
      message: new RegExp(
        `^Cannot serve: unknown option '${name}' in 'limits'\\. `,
      ),
    });
  });
}

for (const onSlow of ["", "wait", "Skip", true, 1]) {
  Deno.test(`onSlow rejects ${JSON.stringify(onSlow)}`, () => {
    const options = { onSlow } as Parameters<typeof serveQuietly>[0];
    assert.throws(() => serveQuietly(options), {
      name: "TypeError",
      message:
        /^Cannot serve: 'onSlow' must be "disconnect" or "skip"\. It is /,
    });
  });
}

Deno.test("loginTimeout: Infinity waits forever", async () => {
  await using server = serveQuietly({ limits: { loginTimeout: Infinity } });
  await using client = await RawClient.open(server);
  // A timer with this delay would fire at once.
  await pause(30);
  client.send({ id: 0, token: "test", version: "1.0.0" });
  assert.equal((await client.next()).code, 0);
});

Deno.test("loginFailureWindow: Infinity locks an address out without a retry-after", async () => {
  const limits = { maxLoginFailures: 1, loginFailureWindow: Infinity };
  await using server = serveQuietly({ limits });
  using peer = await TcpPeer.open(server);
  await peer.send({ id: 0, token: "wrong", version: "1.0.0" });
  assert.equal((await peer.closed())?.code, 1008);
  const { status, headers } = await requestUpgrade(server);
  assert.equal(status, 429);
  assert.match(headers.get("retry-after") ?? "1", /^\d+$/);
});

Deno.test("a server without limits serves a client", async () => {
  const limits = Object.fromEntries(LIMITS.map(({ name }) => [name, Infinity]));
  await using server = serveQuietly({ limits });
  server.operation("echo", (data) => data);
  await using connection = await connectTo(server);
  assert.deepEqual(await connection.operation("echo", { a: 1 }), { a: 1 });
  assert.equal((await server.broadcast("news")).delivered, 1);
});

for (const maxDepth of [1_000, Infinity]) {
  Deno.test(`maxDepth ${maxDepth}: a payload deeper than the stack does not stop the server`, async () => {
    await using server = serveQuietly({
      limits: { maxDepth },
      logLevel: "debug",
    });
    server.operation("echo", (data) => data);
    server.receive(
      "echo",
      (message) => void message.reply("echo", message.data),
    );
    await using other = await RawClient.logIn(server);
    await using client = await RawClient.logIn(server, ["done-id"]);
    const deep = `{"a":${"[".repeat(30_000)}${"]".repeat(30_000)}}`;
    client.send(
      `{"id":1,"action":"operation","data":{"operation":"echo","data":${deep}}}`,
    );
    client.send(
      `{"id":2,"action":"message","data":{"message":"echo","data":${deep}}}`,
    );
    for (const id of [1, 2]) assert.equal((await client.next()).id, id);
    other.send({
      id: 1,
      action: "operation",
      data: { operation: "x", data: {} },
    });
    assert.equal((await other.next()).code, 5);
  });
}
