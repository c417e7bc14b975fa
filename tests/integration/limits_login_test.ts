/** The limit of the login in bytes, and malformed logins, which count as failures. */

import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import type { Limits } from "../../server/limits.ts";
import { byteLength } from "../support/bytes.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { message, operation, RawClient } from "../support/raw_client.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { requestUpgrade, TcpPeer } from "../support/tcp_peer.ts";
import { gate } from "../support/timing.ts";
import { encodeFrame } from "../support/websocket_frames.ts";

/** Returns a login of `size` bytes. */
function loginOf(size: number): string {
  const login = { id: 0, token: "test", version: "1.0.0", more: "" };
  const empty = JSON.stringify(login);
  const more = "x".repeat(size - empty.length);
  return JSON.stringify({ ...login, more });
}

function tooLarge(limit: number) {
  return { code: 1009, reason: `the login is larger than ${limit} bytes` };
}

for (
  const [limits, limit, name] of [
    [{}, 8_192, "maxLoginPayload"],
    [{ maxLoginPayload: 1_000 }, 1_000, "maxLoginPayload"],
    [{ maxPayload: 1_000 }, 1_000, "maxPayload"],
    [{ maxLoginPayload: Infinity }, 65_536, "maxPayload"],
  ] as readonly [Limits, number, keyof Limits][]
) {
  Deno.test(`with the limits ${JSON.stringify(limits)}, a login has at most ${limit} bytes`, async () => {
    const logger = new LogRecorder();
    await using server = serveQuietly({ logger, limits });
    await using client = await RawClient.open(server);
    client.send(loginOf(limit));
    assert.equal((await client.next()).code, 0);
    await using other = await RawClient.open(server);
    other.send(loginOf(limit + 1));
    assert.deepEqual(await other.closed, tooLarge(limit));
    await logger.line(
      new RegExp(
        `^warn login: .*bytes\\. To allow more, raise 'limits.${name}'\\.$`,
      ),
    );
  });
}

Deno.test("maxLoginPayload counts bytes of UTF-8", async () => {
  await using server = serveQuietly({ limits: { maxLoginPayload: 300 } });
  await using client = await RawClient.open(server);
  const frame = loginOf(299).replaceAll("x", "é");
  assert(frame.length < 300 && byteLength(frame) > 300);
  client.send(frame);
  assert.deepEqual(await client.closed, tooLarge(300));
});

Deno.test("maxLoginPayload does not limit the frames after the login", async () => {
  await using server = serveQuietly({ limits: { maxLoginPayload: 300 } });
  server.operation("length", ({ text }) => String(text).length);
  await using client = await connectTo(server);
  const text = "x".repeat(60_000);
  assert.equal(await client.operation("length", { text }), 60_000);
});

Deno.test("maxLoginPayload limits the frames while a login is decided", async () => {
  const { opened, open } = gate();
  await using server = serveQuietly({ login: () => opened.then(() => true) });
  await using client = await RawClient.open(server);
  client.send({ id: 0, token: "test", version: "1.0.0" });
  client.send(operation(1, "echo", { text: "x".repeat(9_000) }));
  assert.deepEqual(await client.closed, tooLarge(8_192));
  open();
});

Deno.test("a client with too many frames before its login is answered is closed", async () => {
  const { opened, open } = gate();
  await using server = serveQuietly({ login: () => opened.then(() => true) });
  await using client = await RawClient.open(server);
  client.send({ id: 0, token: "test", version: "1.0.0" });
  for (let id = 1; id <= 100; id++) client.send(message(id, "early"));
  assert.deepEqual(await client.closed, {
    code: 1008,
    reason: "too many frames before the login",
  });
  open();
});

/** Frames that no client sends as its login. */
const MALFORMED: Readonly<Record<string, Uint8Array>> = {
  "that is too large": encodeFrame(loginOf(9_000)),
  "that is not JSON": encodeFrame("hello?"),
  "that is not an object": encodeFrame("1"),
  "that is a batch": encodeFrame(`[${loginOf(100)}]`),
  "that is binary": encodeFrame(loginOf(100), { opcode: 2 }),
  "without an id": encodeFrame('{"token": "test", "version": "1.0.0"}'),
  "without a token": encodeFrame('{"id": 0, "version": "1.0.0"}'),
  "without a version": encodeFrame('{"id": 0, "token": "test"}'),
  "with invalid features": encodeFrame(
    '{"id": 0, "token": "test", "version": "1.0.0", "features": 1}',
  ),
  "that is a message": encodeFrame(JSON.stringify(message(1, "hello"))),
};

for (const [what, frame] of Object.entries(MALFORMED)) {
  Deno.test(`maxLoginFailures: a login ${what} counts as a failure`, async () => {
    await using server = serveQuietly();
    for (let time = 0; time < 10; time++) {
      using peer = await TcpPeer.open(server);
      assert.equal(peer.response.status, 101);
      await peer.write(frame);
      assert(await peer.closed() !== undefined);
    }
    assert.equal((await requestUpgrade(server)).status, 429);
  });
}

/** Connections that end without a login, and logins that a newer client can repeat. */
const HARMLESS: Readonly<Record<string, Uint8Array>> = {
  "a goodbye": encodeFrame('{"id": null, "end": true}'),
  "a Close frame": encodeFrame("", { opcode: 8 }),
  "a version that is too low": encodeFrame(
    '{"id": 0, "token": "test", "version": "0.0.1"}',
  ),
  "a version that is not SemVer": encodeFrame(
    '{"id": 0, "token": "test", "version": "1.0"}',
  ),
};

for (const [what, frame] of Object.entries(HARMLESS)) {
  Deno.test(`maxLoginFailures: ${what} does not count`, async () => {
    const limits = { maxLoginFailures: 1 };
    await using server = serveQuietly({ minimumVersion: "1.0.0", limits });
    using peer = await TcpPeer.open(server);
    await peer.write(frame);
    await peer.closed();
    assert.equal((await requestUpgrade(server)).status, 101);
  });
}

Deno.test("maxLoginFailures: the server does not read the login of an address that is locked out", async () => {
  const limits = { maxLoginFailures: 1 };
  await using server = serveQuietly({ limits });
  using first = await TcpPeer.open(server);
  using old = await TcpPeer.open(server);
  using late = await TcpPeer.open(server);
  await first.send({ id: 0, token: "wrong", version: "1.0.0" });
  await first.closed();
  // The answers to these frames would be the codes 1 and 2.
  await old.write(encodeFrame("not JSON"));
  assert.equal((await old.next()).code, 3);
  await late.send({ features: [] });
  assert.equal((await late.next()).code, 9);
  for (const peer of [old, late]) {
    const close = { code: 1008, reason: "too many failed logins" };
    assert.deepEqual(await peer.closed(), close);
  }
});

Deno.test("connect() explains a login that is too large, and does not try again", async () => {
  await using server = serveQuietly();
  const attempt = connect("t".repeat(9_000), { url: server.url });
  await assert.rejects(
    attempt,
    /^ConnectError: Cannot connect to \S+: the login is too large for the server \(1009\)\. Use a shorter token, or raise 'limits\.maxLoginPayload' of the server\.$/,
  );
});
