/** WebSocket handshakes: RFC 6455, section 4.2. */

import assert from "node:assert/strict";
import { LogRecorder } from "../support/log_recorder.ts";
import { serveQuietly } from "../support/server.ts";
import { TcpPeer, UPGRADE } from "../support/tcp_peer.ts";

/** Returns the headers of a handshake, with other values. An empty value omits a header. */
function handshake(
  overrides: Readonly<Record<string, string>>,
): readonly string[] {
  const headers = UPGRADE.map((line) => line.split(": ") as [string, string]);
  return Object.entries({ ...Object.fromEntries(headers), ...overrides })
    .filter(([, value]) => value !== "")
    .map(([name, value]) => `${name}: ${value}`);
}

const KEY =
  "Cannot upgrade: the header Sec-WebSocket-Key must be 16 bytes in base64";

const VERSION = "Upgrade required: use WebSocket version 13";

const DROPPED =
  "a proxy dropped the header 'Upgrade' or 'Connection'. Configure the proxy to forward 'Upgrade: websocket' and 'Connection: Upgrade'.";

const INVALID: readonly (readonly [Record<string, string>, number, string])[] =
  [
    [{ "Sec-WebSocket-Key": "" }, 400, KEY],
    [{ "Sec-WebSocket-Key": "x" }, 400, KEY],
    [{ "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ" }, 400, KEY],
    [{ "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZTE=" }, 400, KEY],
    [{ "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25j!Q==" }, 400, KEY],
    [{ "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZR==" }, 400, KEY],
    [{ "Sec-WebSocket-Key": "x", Connection: "" }, 400, KEY],
    [{ "Sec-WebSocket-Version": "" }, 426, VERSION],
    [{ "Sec-WebSocket-Version": "12" }, 426, VERSION],
    [{ "Sec-WebSocket-Version": "13, 12" }, 426, VERSION],
    [{ Host: "" }, 400, "Cannot upgrade: the header Host is missing"],
  ];

for (const [headers, status, reason] of INVALID) {
  Deno.test(`a handshake with ${JSON.stringify(headers)} gets ${status}`, async () => {
    const logger = new LogRecorder();
    await using server = serveQuietly({ logger });
    const standard = handshake(headers);
    using peer = await TcpPeer.open(server, [], { standard });
    const { response } = peer;
    assert.deepEqual([response.status, response.body], [status, `${reason}\n`]);
    assertSupported(response.headers, status);
    assert.deepEqual(logger.lines.slice(1), []);
  });
}

for (
  const headers of [
    { Upgrade: "WebSocket" },
    { Upgrade: "h2c, websocket" },
    { Connection: "keep-alive, Upgrade" },
  ]
) {
  Deno.test(`a handshake with ${JSON.stringify(headers)} is accepted`, async () => {
    await using server = serveQuietly();
    using peer = await TcpPeer.open(server, [], {
      standard: handshake(headers),
    });
    assert.equal(peer.response.status, 101);
  });
}

const HOPS: readonly Record<string, string>[] = [
  { Upgrade: "", Connection: "" },
  { Upgrade: "", Connection: "close" },
  { Upgrade: "" },
  { Connection: "" },
  { Connection: "keep-alive" },
];

for (const headers of HOPS) {
  Deno.test(`a handshake with ${JSON.stringify(headers)} names the proxy, also in the log`, async () => {
    const logger = new LogRecorder();
    await using server = serveQuietly({ logger });
    const standard = handshake(headers);
    using peer = await TcpPeer.open(server, [], { standard });
    const { response } = peer;
    assert.equal(response.body, `Upgrade required: ${DROPPED}\n`);
    assertSupported(response.headers, response.status);
    const [line = "", ...others] = logger.lines.slice(1);
    assert.equal(
      line.replace(/:\d+ /, ":1 "),
      `warn reject: 127.0.0.1:1 rejected: ${DROPPED}`,
    );
    assert.deepEqual(others, []);
  });
}

/** Asserts that a response 426 names the supported protocol. */
function assertSupported(headers: Headers, status: number): void {
  const [upgrade, version] = status === 426
    ? ["websocket", "13"]
    : [null, null];
  assert.equal(headers.get("upgrade"), upgrade);
  assert.equal(headers.get("sec-websocket-version"), version);
}

Deno.test("the lines about dropped headers are limited", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger });
  const standard = handshake({ Upgrade: "" });
  for (let count = 0; count < 150; count++) {
    using _peer = await TcpPeer.open(server, [], { standard });
  }
  const { length } = logger.lines.filter((line) => /^warn reject/.test(line));
  assert(length >= 100 && length < 150, `${length} lines`);
});

Deno.test("a page without the headers of a handshake is not rejected", async () => {
  await using server = serveQuietly();
  const response = await fetch(`${server.url}/hoist`);
  await response.body?.cancel();
  assert.equal(response.status, 200);
});
