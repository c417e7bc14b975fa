import assert from "node:assert/strict";
import { answerDashboard } from "../../admin/dashboard.ts";
import { CSS, HTML, SCRIPT } from "../../admin/dashboard_files.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { serveQuietly } from "../support/server.ts";
import { TcpPeer, UPGRADE } from "../support/tcp_peer.ts";

const ADMIN = { name: "ops", token: "an admin token", admin: true } as const;

const WITH = { dashboard: true, tokens: [ADMIN] } as const;

/** Requests a path of a server, without following a redirect. */
async function request(
  path: string,
  init: RequestInit = {},
  options: Parameters<typeof serveQuietly>[0] = WITH,
) {
  await using server = serveQuietly(options);
  const url = `${server.url}${path}`;
  const response = await fetch(url, { redirect: "manual", ...init });
  const { status, headers } = response;
  return { status, headers, body: await response.text() };
}

for (
  const [path, type, content] of [
    ["/hoist/dashboard/", "text/html; charset=utf-8", HTML],
    ["/hoist/dashboard/?a#b", "text/html; charset=utf-8", HTML],
    ["/hoist/dashboard/dashboard.css", "text/css; charset=utf-8", CSS],
    [
      "/hoist/dashboard/dashboard.js",
      "text/javascript; charset=utf-8",
      SCRIPT,
    ],
  ] as const
) {
  Deno.test(`${path} is a file of the dashboard`, async () => {
    const { status, headers, body } = await request(path);
    assert.equal(status, 200);
    assert.equal(headers.get("content-type"), type);
    assert.equal(headers.get("vary"), "accept-encoding");
    assert(body === content);
  });

  Deno.test(`${path} is not compressed for a client that does not want it`, async () => {
    const headers = { "accept-encoding": "identity" };
    const response = await request(path, { headers });
    assert.equal(response.headers.get("content-encoding"), null);
    assert(response.body === content);
  });
}

for (
  const [accepted, encoding] of [
    ["gzip", "gzip"],
    ["GZIP", "gzip"],
    ["br, gzip;q=0.5", "gzip"],
    ["deflate , gzip ; q=1.000", "gzip"],
    ["*", "gzip"],
    ["*;q=0.1, br", "gzip"],
    ["gzip, *;q=0", "gzip"],
    ["identity;q=0.5, gzip;q=0.5", "gzip"],
    ["", null],
    ["br", null],
    ["gzip;q=0", null],
    ["gzip;q=0.000", null],
    ["gzip;Q=0, *", null],
    ["*;q=0", null],
    ["identity, gzip;q=0.9", null],
    ["not-gzip", null],
    ["gzip-2, x.gzip", null],
    ["gzip;q=2", null],
    ["gzip;q=-1", null],
    ["gzip;level=9", null],
  ] as const
) {
  Deno.test(`a client that accepts "${accepted}" gets the encoding ${encoding}`, async () => {
    const request = new Request("http://localhost/hoist/dashboard/", {
      headers: { "accept-encoding": accepted },
    });
    const { headers } = await answerDashboard(request, "/hoist/dashboard/");
    assert.equal(headers.get("content-encoding"), encoding);
  });
}

Deno.test("the path without its slash leads to the page, also below a prefix", async () => {
  const { status, headers } = await request("/hoist/dashboard");
  assert.equal(status, 308);
  const location = headers.get("location") ?? "";
  const { href } = new URL(location, "https://example.org/a/b/hoist/dashboard");
  assert.equal(href, "https://example.org/a/b/hoist/dashboard/");
});

for (
  const [method, path, status] of [
    ["HEAD", "/hoist/dashboard/", 200],
    ["POST", "/hoist/dashboard/", 405],
    ["PUT", "/hoist/dashboard", 405],
    ["OPTIONS", "/hoist/dashboard/dashboard.js", 405],
    ["GET", "/hoist/dashboard/other", 404],
    ["GET", "/hoist/dashboard//", 404],
    ["GET", "/hoist/dashboard/constructor", 404],
    ["GET", "/hoist/dashboard/..%2f..%2fmod.ts", 404],
  ] as const
) {
  Deno.test(`${method} ${path} is answered with ${status}, and with all headers`, async () => {
    const response = await request(path, { method });
    assert.equal(response.status, status);
    assert.equal(
      response.headers.get("allow"),
      status === 405 ? "GET, HEAD" : null,
    );
    const { headers } = response;
    assert.equal(headers.get("cache-control"), "no-store");
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.equal(headers.get("referrer-policy"), "no-referrer");
    assert.equal(headers.get("cross-origin-opener-policy"), "same-origin");
    const policy = headers.get("content-security-policy") ?? "";
    for (
      const directive of [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
      ]
    ) assert(policy.split("; ").includes(directive), directive);
    if (method === "HEAD") assert.equal(response.body, "");
  });
}

for (const path of ["/hoist/dashboard", "/hoist/dashboard/dashboard.js"]) {
  Deno.test(`without the option, ${path} is the page of the server`, async () => {
    const { status, body } = await request(path, {}, {});
    assert.equal(status, 200);
    assert.match(body, /This is a Hoist server/);
  });
}

Deno.test("/hoist/dashboards is not a part of the dashboard", async () => {
  const { body } = await request("/hoist/dashboards");
  assert.match(body, /This is a Hoist server/);
});

Deno.test("'dashboard' needs an admin", async () => {
  for (
    const options of [
      { dashboard: true },
      { dashboard: true, tokens: [{ name: "ops", token: "a token" }] },
    ]
  ) {
    assert.throws(() => serveQuietly(options), {
      name: "TypeError",
      message:
        "Cannot serve: 'dashboard' needs an admin. Add a token with 'admin: true' to 'tokens', or pass the function 'admin'.",
    });
  }
  await using _server = serveQuietly({ dashboard: true, admin: () => true });
});

Deno.test("'dashboard' must be a boolean", () => {
  const options = { dashboard: "yes" as never, tokens: [ADMIN] };
  assert.throws(() => serveQuietly(options), {
    name: "TypeError",
    message: /'dashboard' must be true or false/,
  });
});

/** Returns a handshake with the Host header that a browser sends. */
function upgradeTo(host: string) {
  const [, ...rest] = UPGRADE;
  return { standard: [`Host: ${host}`, ...rest] };
}

for (
  const [origin, host, header, status] of [
    ["http://127.0.0.1:PORT", "127.0.0.1:PORT", "", 101],
    ["http://localhost:PORT", "localhost:PORT", "", 101],
    ["http://a.localhost:PORT", "a.localhost:PORT", "", 101],
    ["http://[::1]:PORT", "[::1]:PORT", "", 101],
    ["http://192.0.2.1", "192.0.2.1", "", 101],
    ["https://127.0.0.1:PORT", "127.0.0.1:PORT", "", 403],
    ["http://127.0.0.1:1", "127.0.0.1:PORT", "", 403],
    ["http://127.0.0.1", "127.0.0.1:PORT", "", 403],
    ["http://localhost:PORT", "127.0.0.1:PORT", "", 403],
    ["null", "127.0.0.1:PORT", "", 403],
    // The name can be that of another site, which points it at the server.
    ["http://evil.example:PORT", "evil.example:PORT", "", 403],
    ["http://notlocalhost", "notlocalhost", "", 403],
    ["https://own.example", "own.example", "X-Forwarded-Proto: https", 101],
    ["http://own.example", "own.example", "X-Forwarded-Proto: https", 403],
    ["https://evil.example", "own.example", "X-Forwarded-Proto: https", 403],
    ["https://allowed.example", "own.example", "", 101],
  ] as const
) {
  Deno.test(`with allowedOrigins, a page of ${origin} at ${host} ${header} is answered with ${status}`, async () => {
    const allowedOrigins = ["https://allowed.example"];
    await using server = serveQuietly({
      ...{ ...WITH, allowedOrigins, logger: new LogRecorder() },
    });
    const withPort = (value: string) =>
      value.replace("PORT", String(server.addr.port));
    const lines = [`Origin: ${withPort(origin)}`];
    if (header !== "") lines.push(header);
    const upgrade = upgradeTo(withPort(host));
    using peer = await TcpPeer.open(server, lines, upgrade);
    assert.equal(peer.response.status, status);
  });
}

Deno.test("without the dashboard, its own pages are subject to allowedOrigins", async () => {
  await using server = serveQuietly({
    ...{ tokens: [ADMIN], allowedOrigins: [], logger: new LogRecorder() },
  });
  const { port } = server.addr;
  const host = `127.0.0.1:${port}`;
  const lines = [`Origin: http://${host}`];
  using peer = await TcpPeer.open(server, lines, upgradeTo(host));
  assert.equal(peer.response.status, 403);
});
