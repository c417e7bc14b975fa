/** Web origins, and the addresses of clients behind proxies. */

import assert from "node:assert/strict";
import { makeOriginCheck, originTarget } from "../../server/origins.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { serveQuietly } from "../support/server.ts";
import { ADDRESS_HEADER, mount } from "../support/mounted_server.ts";
import { TcpPeer, UPGRADE } from "../support/tcp_peer.ts";

/** Returns the status of an upgrade with this Origin header, or without one. */
async function statusOf(
  allowedOrigins: readonly string[] | undefined,
  origin: string | undefined,
  host = "example.org:5000",
): Promise<number> {
  await using server = serveQuietly({ allowedOrigins });
  const standard = [`Host: ${host}`, ...UPGRADE.slice(1)];
  const headers = origin === undefined ? [] : [`Origin: ${origin}`];
  using peer = await TcpPeer.open(server, headers, { standard });
  return peer.response.status;
}

for (
  const [host, origin, status] of [
    ["example.org", "https://example.org", 101],
    ["example.org", "http://example.org", 101],
    ["example.org:5000", "http://example.org:8080", 101],
    ["example.org:5000", "https://example.org", 101],
    ["EXAMPLE.org:5000", "https://example.ORG", 101],
    ["127.0.0.1:5000", "http://127.0.0.1:8080", 101],
    ["[::1]:5000", "http://[::1]:8080", 101],
    ["[::1]:5000", "http://[0:0::1]", 101],
    ["localhost:5000", undefined, 101],
    ["[::1]:5000", "http://[::2]", 403],
    ["example.org", "https://example.org.evil.org", 403],
    ["example.org", "https://evil-example.org", 403],
    ["example.org", "https://www.example.org", 403],
    ["www.example.org", "https://example.org", 403],
    ["example.org", "https://evil.org", 403],
    ["example.org", "https://evil.org:5000", 403],
    ["example.org", "https://example.org@evil.org", 403],
    ["example.org", "https://evil.org/example.org", 403],
    ["example.org", "https://evil.org#example.org", 403],
    ["example.org", "null", 403],
    ["null", "null", 403],
    ["example.org", "", 403],
    ["example.org", "example.org", 403],
    ["example.org", "file://", 403],
    ["example.org", "https://example.org, https://evil.org", 403],
    ["localhost:5000", "http://127.0.0.1:5000", 403],
  ] as const
) {
  Deno.test(`a page of ${JSON.stringify(origin)} gets ${status} from ${host}`, async () => {
    assert.equal(await statusOf(undefined, origin, host), status);
  });
}

for (
  const [origin, proto, status] of [
    ["https://example.org", "https", 101],
    ["https://example.org:8443", "https", 101],
    ["https://example.org", "http", 101],
    ["https://example.org", undefined, 101],
    ["http://example.org", "http", 101],
    ["http://example.org", "", 101],
    ["http://example.org", "https", 403],
    ["http://example.org", "HTTPS", 403],
    // The first entry is from the proxy of the browser.
    ["http://example.org", "https, http", 403],
    ["http://example.org:5000", "https", 403],
    ["capacitor://example.org", undefined, 403],
    ["ws://example.org", undefined, 403],
  ] as const
) {
  const scheme = proto === undefined ? "no scheme" : `the scheme "${proto}"`;
  Deno.test(`a page of ${origin} gets ${status} if a proxy reports ${scheme}`, async () => {
    await using server = serveQuietly();
    const standard = ["Host: example.org", ...UPGRADE.slice(1)];
    const headers = [
      `Origin: ${origin}`,
      ...proto === undefined ? [] : [`X-Forwarded-Proto: ${proto}`],
    ];
    using peer = await TcpPeer.open(server, headers, { standard });
    assert.equal(peer.response.status, status);
  });
}

Deno.test("a server with TLS accepts pages with TLS only", () => {
  const isAllowed = makeOriginCheck(undefined);
  const request = new Request("https://example.org:5000/hoist");
  const target = originTarget(request);
  assert.deepEqual(target, { host: "example.org:5000", isSecure: true });
  assert.equal(isAllowed("https://example.org", target), true);
  assert.equal(isAllowed("http://example.org", target), false);
});

Deno.test("allowedOrigins can contain a page without TLS for a server with TLS", () => {
  const isAllowed = makeOriginCheck(["http://example.org"]);
  const target = { host: "example.org", isSecure: true };
  assert.equal(isAllowed("http://example.org", target), true);
});

for (
  const [allowed, origin, status] of [
    [["https://example.org"], "https://example.org", 101],
    [["https://example.org"], "https://EXAMPLE.org", 101],
    [["HTTPS://Example.ORG"], "https://example.org", 101],
    [["https://example.org"], "https://example.org:443", 101],
    [["https://example.org:443"], "https://example.org", 101],
    [["https://example.org"], undefined, 101],
    [["https://example.org"], "http://example.org", 403],
    [["https://example.org"], "https://example.org:8443", 403],
    [["https://example.org"], "https://example.org.evil.org", 403],
    [["https://example.org"], "https://exampleXorg", 403],
    [["https://example.org"], "https://sub.example.org", 403],
    [["https://example.org"], "null", 403],
    [["https://other.org"], "https://example.org:5000", 403],
    [["https://other.org", "https://example.org"], "https://example.org", 101],
    [["http://localhost:*"], "http://localhost", 101],
    [["http://localhost:*"], "http://localhost:3000", 101],
    [["http://localhost:*"], "https://localhost:3000", 403],
    [["http://localhost:*"], "http://localhost.evil.org:3000", 403],
    [["http://localhost:*"], "http://localhost:3000.evil.org", 403],
    [["http://localhost:*"], "http://localhost:*", 403],
    [["http://[::1]:*"], "http://[::1]:3000", 101],
    [["http://[::1]:*"], "http://[::2]:3000", 403],
    [["null"], "null", 101],
    [["null"], "https://example.org", 403],
    [["*"], "https://evil.org", 101],
    [["*"], "null", 101],
    [["*"], "nonsense", 101],
    [[], "https://example.org", 403],
    [[], undefined, 101],
  ] as const
) {
  Deno.test(`allowedOrigins ${JSON.stringify(allowed)} answers ${JSON.stringify(origin)} with ${status}`, async () => {
    assert.equal(await statusOf(allowed, origin), status);
  });
}

for (
  const origin of [
    "",
    "example.org",
    "*.example.org",
    "https://*.example.org",
    "https://example.org/",
    "https://example.org/path",
    "https://user@example.org",
    "https://example.org:80:*",
    "http://localhost:99999",
    "NULL",
  ]
) {
  Deno.test(`allowedOrigins rejects ${JSON.stringify(origin)}`, () => {
    const allowedOrigins = [origin];
    assert.throws(() => serveQuietly({ allowedOrigins }), {
      name: "TypeError",
      message:
        `Cannot serve: each entry of 'allowedOrigins' must be an origin such as "https://example.org" or "http://localhost:*". It is ${
          origin === ""
            ? "empty"
            : JSON.stringify(origin.replace("user@", "…@"))
        }.`,
    });
  });
}

Deno.test("logs a rejected origin and responds in plain text", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger });
  using peer = await TcpPeer.open(server, ["Origin: https://evil.org"]);
  assert.equal(peer.response.status, 403);
  const type = peer.response.headers.get("content-type") ?? "";
  assert.match(type, /^text\/plain\b/);
  assert.match(peer.response.body, /origin/i);
  assert.match(await logger.line(/\ballowedOrigins\b/), /^warn .*evil\.org/);
});

for (
  const [trustProxy, forwarded, expected] of [
    [undefined, "192.0.2.1", "127.0.0.1"],
    [false, "192.0.2.1", "127.0.0.1"],
    [0, "192.0.2.1", "127.0.0.1"],
    [true, "192.0.2.1", "192.0.2.1"],
    [1, "192.0.2.1", "192.0.2.1"],
    [1, "198.51.100.9, 192.0.2.1", "192.0.2.1"],
    [1, "198.51.100.9,192.0.2.1 ", "192.0.2.1"],
    [2, "192.0.2.1, 10.0.0.1", "192.0.2.1"],
    [2, "198.51.100.9, 192.0.2.1, 10.0.0.1", "192.0.2.1"],
    [1, "2001:db8::1", "2001:db8::1"],
    [1, "192.0.2.1:4711", "192.0.2.1"],
    [1, "[2001:db8::1]:4711", "2001:db8::1"],
    [1, "2001:0DB8:0::1", "2001:db8::1"],
    // Invalid entries are ignored.
    [2, "192.0.2.1", "127.0.0.1"],
    [1, undefined, "127.0.0.1"],
    [1, "", "127.0.0.1"],
    [1, "192.0.2.1,", "127.0.0.1"],
    [1, "unknown", "127.0.0.1"],
    [1, "_hidden", "127.0.0.1"],
    [1, "192.0.2.256", "127.0.0.1"],
    [1, "192.0.2.1 evil", "127.0.0.1"],
    [1, "<script>", "127.0.0.1"],
    [1, "localhost", "127.0.0.1"],
    [2, "192.0.2.1, garbage", "192.0.2.1"],
    [2, "garbage, 10.0.0.1", "127.0.0.1"],
  ] as const
) {
  Deno.test(`trustProxy ${trustProxy} reads ${JSON.stringify(forwarded)} as ${expected}`, async () => {
    await using mounted = mount({ trustProxy } as Parameters<typeof mount>[0]);
    const headers = forwarded === undefined
      ? []
      : [`X-Forwarded-For: ${forwarded}`];
    using _peer = await TcpPeer.logIn(mounted, { headers });
    const [client] = mounted.server.clients;
    const address = client?.address.replace(/:4000$/, "").replace(/[[\]]/g, "");
    assert.equal(address, expected);
  });
}

Deno.test("trustProxy joins several headers", async () => {
  await using mounted = mount({ trustProxy: 1 });
  const headers = [
    "X-Forwarded-For: 198.51.100.9",
    "X-Forwarded-For: 192.0.2.1",
  ];
  using _peer = await TcpPeer.logIn(mounted, { headers });
  const [client] = mounted.server.clients;
  assert.match(client?.address ?? "", /^192\.0\.2\.1/);
});

Deno.test("with trustProxy, limits apply to the clients behind the proxy and ignore forged headers", async () => {
  const limits = { maxConnectionsPerAddress: 1 };
  await using mounted = mount({ trustProxy: 1, limits });
  const headersOf = (forwarded: string) => [
    `X-Forwarded-For: ${forwarded}`,
    `${ADDRESS_HEADER}: 10.0.0.1`,
  ];
  const headers = headersOf("192.0.2.1");
  using _one = await TcpPeer.logIn(mounted, { headers });
  using same = await TcpPeer.open(
    mounted,
    headersOf("198.51.100.9, 192.0.2.1"),
  );
  using other = await TcpPeer.open(mounted, headersOf("192.0.2.1, 192.0.2.2"));
  const answers = [same, other].map(({ response }) => response.status);
  assert.deepEqual(answers, [429, 101]);
});

for (const trustProxy of [-1, 1.5, NaN, Infinity, "yes"]) {
  Deno.test(`trustProxy rejects ${JSON.stringify(trustProxy)}`, () => {
    const options = { trustProxy } as Parameters<typeof serveQuietly>[0];
    assert.throws(
      () => serveQuietly(options),
      /^(Type|Range)Error: Cannot serve: 'trustProxy' must be true, false or a whole number of proxies\. It is .*\.$/,
    );
  });
}
