/** How the socket of a client opens: RFC 6455, section 4. */

import assert from "node:assert/strict";
import type { DenoSocketOptions } from "../../client/deno_socket.ts";
import { DialError, UpgradeError } from "../../client/upgrade_error.ts";
import { makeCertificate } from "../support/certificate.ts";
import { RecordedSocket } from "../support/deno_socket.ts";
import {
  type ScriptedPeer,
  ScriptedServer,
} from "../support/scripted_server.ts";

/** Resolves to the error of a socket that does not open. */
async function failureOf(client: RecordedSocket): Promise<unknown> {
  assert.deepEqual(await client.closed, { code: 1006, reason: "" });
  assert.equal(client.failures.length, 1);
  const [{ error, message }] = client.failures as [typeof client.failures[0]];
  assert.equal(message, (error as Error).message);
  return error;
}

/** Answers a request; resolves to the error of the client. */
async function answer(
  respond: (peer: ScriptedPeer) => string | Uint8Array,
  protocols: readonly string[] = [],
): Promise<UpgradeError> {
  using server = new ScriptedServer();
  const client = new RecordedSocket(server.url, protocols);
  const peer = await server.request();
  await peer.write(respond(peer)).catch(() => {});
  const error = await failureOf(client);
  assert(error instanceof UpgradeError);
  return error;
}

/** Opens a socket and returns the request. */
async function request(
  path: string,
  protocols: readonly string[] = [],
  options: DenoSocketOptions = {},
): Promise<ScriptedPeer> {
  using server = new ScriptedServer();
  const url = new URL(path, server.url.replace("//", "//ada:p%20%C3%BC@"));
  if (!path.includes("@")) url.username = url.password = "";
  const client = new RecordedSocket(url.href, protocols, options);
  const peer = await server.open();
  await client.opened;
  client.socket.terminate();
  await client.closed;
  return peer;
}

Deno.test("the request has the headers of a handshake, and no others", async () => {
  const { requestLine, headers } = await request("/a%20b/hoist?x=1%0D#y");
  assert.equal(requestLine, "GET /a%20b/hoist?x=1%0D HTTP/1.1");
  const key = headers.get("sec-websocket-key")!;
  assert.equal(atob(key).length, 16);
  assert.match(headers.get("host")!, /^127\.0\.0\.1:\d+$/);
  assert.match(headers.get("user-agent")!, /^Deno\//);
  for (const name of ["host", "user-agent", "sec-websocket-key"]) {
    headers.delete(name);
  }
  assert.deepEqual(Object.fromEntries(headers), {
    "connection": "Upgrade",
    "sec-websocket-version": "13",
    "upgrade": "websocket",
  });
});

Deno.test("the request offers the subprotocols, and each one can be selected", async () => {
  const { headers } = await request("/", ["hoist.v1", "b"]);
  assert.equal(headers.get("sec-websocket-protocol"), "hoist.v1, b");
  using server = new ScriptedServer();
  for (const selected of ["hoist.v1", "b", null]) {
    const client = new RecordedSocket(server.url, ["hoist.v1", "b"]);
    const peer = await server.request();
    await peer.write(peer.response({ "Sec-WebSocket-Protocol": selected }));
    await client.opened;
    client.socket.terminate();
    await client.closed;
  }
});

Deno.test("the request has the headers of the caller, as bytes", async () => {
  const headers = { "X-Proxy": "\xfc", "User-Agent": "mine", "Host": "no" };
  const peer = await request("/", [], { headers });
  assert.equal(peer.headers.get("user-agent"), "mine");
  assert.notEqual(peer.headers.get("host"), "no");
  assert.equal(peer.headers.get("x-proxy"), "\xfc");
});

Deno.test("the user name and the password of the URL are sent as the runtime sends them", async () => {
  using server = new ScriptedServer();
  const url = server.url.replace("//", "//ada:p%20%C3%BC@");
  const values: (string | null)[] = [];
  for (
    const open of [
      () => new RecordedSocket(url).socket,
      () => new WebSocket(url),
    ]
  ) {
    const socket = open();
    const peer = await server.open();
    await new Promise((resolve) => socket.addEventListener("open", resolve));
    values.push(peer.headers.get("authorization"));
    const closed = new Promise((resolve) =>
      socket.addEventListener("close", resolve)
    );
    peer[Symbol.dispose]();
    await closed;
  }
  assert.match(values[0]!, /^Basic /);
  assert.equal(values[0], values[1]);
});

Deno.test("a response in pieces, behind interim responses and with other headers opens the socket", async () => {
  using server = new ScriptedServer();
  const client = new RecordedSocket(server.url);
  const peer = await server.request();
  const response = peer.response({
    "Upgrade": "WebSocket",
    "Connection": "keep-alive, UPGRADE",
    "X-Long": "x".repeat(10_000),
    "X-Latin": "\xfc",
    "Sec-WebSocket-Extensions": "",
  });
  const interim = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
  for (const part of `${interim}${interim}${response}`.match(/[^]{1,100}/g)!) {
    await peer.write(part);
  }
  await client.opened;
  client.socket.terminate();
  await client.closed;
});

for (
  const [name, value] of [
    ["Upgrade", null],
    ["Upgrade", "h2c"],
    ["Connection", null],
    ["Connection", "close"],
    ["Sec-WebSocket-Accept", null],
    ["Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="],
    ["Sec-WebSocket-Extensions", "permessage-deflate"],
    ["Sec-WebSocket-Protocol", "hoist.v2"],
    ["Sec-WebSocket-Protocol", "hoist.v1, b"],
  ] as const
) {
  Deno.test(`a response with ${name}: ${value} is rejected`, async () => {
    const error = await answer(
      (peer) => peer.response({ [name]: value }),
      ["hoist.v1", "b"],
    );
    assert.equal(
      error.message,
      `the header ${name} of the answer is missing or wrong`,
    );
  });
}

Deno.test("another status is reported with the headers of the response", async () => {
  const error = await answer(() =>
    "HTTP/1.1 429\r\nRetry-After: 7\r\nContent-Length: 1000\r\n\r\n<html>"
  );
  assert.equal(error.head?.status, 429);
  assert.equal(error.head.headers.get("retry-after"), "7");
});

for (
  const [what, response, message] of [
    ["that is not HTTP", "220 mail ready\r\n", /is not HTTP$/],
    ["with HTTP/2", "HTTP/2 200\r\n\r\n", /is not HTTP$/],
    ["without a status", "HTTP/1.1 OK\r\n\r\n", /is not HTTP$/],
    [
      "with a line without a colon",
      "HTTP/1.1 101 x\r\nabc\r\n\r\n",
      /not HTTP$/,
    ],
    [
      "with a folded line",
      "HTTP/1.1 101 x\r\na: b\r\n c: d\r\n\r\n",
      /not HTTP$/,
    ],
    ["with a space in a name", "HTTP/1.1 101 x\r\na : b\r\n\r\n", /not HTTP$/],
    [
      "with too many headers",
      `HTTP/1.1 101 x\r\n${"a: b\r\n".repeat(3_000)}\r\n`,
      /more than 16384 bytes/,
    ],
    [
      "that never ends",
      `HTTP/1.1 101 x\r\na: ${"x".repeat(17_000)}`,
      /more than 16384 bytes/,
    ],
    [
      "with endless interim responses",
      "HTTP/1.1 100 Continue\r\n\r\n".repeat(700),
      /more than 16384 bytes/,
    ],
  ] as const
) {
  Deno.test(`a response ${what} is rejected`, async () => {
    assert.match((await answer(() => response)).message, message);
  });
}

Deno.test("a server that closes without a response is reported", async () => {
  using server = new ScriptedServer();
  const client = new RecordedSocket(server.url);
  const peer = await server.request();
  peer[Symbol.dispose]();
  const error = await failureOf(client);
  assert.match((error as Error).message, /without an answer$/);
});

for (
  const [what, url, cause] of [
    ["nothing listens", "ws://127.0.0.1:1", /ConnectionRefused/],
    ["the host has no address", "ws://host.invalid", /failed to lookup/],
    ["the IPv6 address refuses", "ws://[::1]:1", /ConnectionRefused|NotFound/],
  ] as const
) {
  Deno.test(`the error of the system is reported if ${what}`, async () => {
    const error = await failureOf(new RecordedSocket(url));
    assert(error instanceof DialError);
    assert.match(String(error.cause), cause);
  });
}

Deno.test("an invalid header fails the socket, and not the program", async () => {
  using server = new ScriptedServer();
  const headers = { "x": "a\r\nb: c" };
  const client = new RecordedSocket(server.url, [], { headers });
  const peer = await server.accept();
  assert((await failureOf(client)) instanceof TypeError);
  assert.equal(await peer.frame(), null);
});

Deno.test("a socket opens over TLS with a certificate authority of the caller", async () => {
  const { cert, key } = makeCertificate();
  using server = new ScriptedServer({ cert, key });
  const url = `wss://localhost:${server.port}/hoist`;
  const client = new RecordedSocket(url, [], { caCerts: [cert] });
  const peer = await server.open();
  await client.opened;
  const text = "x".repeat(300_000);
  client.socket.send(text);
  assert.equal((await peer.frame())?.payload.length, text.length);
  await peer.send(text);
  assert.equal((await client.received(1))[0] === text, true);
  client.socket.close(1000);
  await peer.closeFrame();
  await peer.sendClose(1000);
  peer[Symbol.dispose]();
  assert.equal((await client.closed).code, 1000);
});

for (
  const [what, caCerts, cause] of [
    ["is not trusted", undefined, /UnknownIssuer/],
    ["cannot be trusted because of invalid authorities", ["no PEM"], /./],
  ] as const
) {
  Deno.test(`a socket reports a certificate that ${what}`, async () => {
    using server = new ScriptedServer(makeCertificate());
    const url = `wss://localhost:${server.port}/hoist`;
    const accepting = server.request().catch(() => {});
    const client = new RecordedSocket(url, [], { caCerts });
    const error = await failureOf(client);
    assert(error instanceof DialError);
    assert.match(String(error.cause), cause);
    await accepting;
  });
}

Deno.test("an attempt that takes too long to connect fails", async () => {
  using server = new ScriptedServer();
  const url = server.url.replace("ws:", "wss:");
  const client = new RecordedSocket(url, [], { connectTimeout: 1 });
  const peer = await server.accept();
  assert((await failureOf(client)) instanceof DialError);
  peer[Symbol.dispose]();
});

Deno.test("the time for connecting ends with the TLS handshake", async () => {
  const { cert, key } = makeCertificate();
  using server = new ScriptedServer({ cert, key });
  const url = `wss://localhost:${server.port}/hoist`;
  const options = { caCerts: [cert], connectTimeout: 30_000 };
  const client = new RecordedSocket(url, [], options);
  const peer = await server.open();
  await client.opened;
  // Otherwise, the test leaks a timer.
  peer[Symbol.dispose]();
  await client.closed;
});
