import assert from "node:assert/strict";
import { makeHandler } from "../../server/http.ts";
import { debug } from "../../common/debug.ts";
import { Log } from "../../server/log.ts";
import type { Server } from "../../server.ts";
import { VERSION } from "../../version.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { serveQuietly } from "../support/server.ts";
import { UPGRADE as UPGRADE_HEADERS } from "../support/tcp_peer.ts";

const UPGRADE = ["Upgrade: websocket", "Connection: Upgrade"];
const HANDSHAKE = [
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version: 13",
];

/** Sends a request that `fetch` cannot send. */
async function exchange(
  server: Server,
  requestLine: string,
  headers: readonly string[],
): Promise<{ status: number; headers: Headers; body: string }> {
  const { port } = server.addr;
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const request = [requestLine, ...headers, "", ""].join("\r\n");
  await connection.write(new TextEncoder().encode(request));
  let answer = "";
  const buffer = new Uint8Array(4_096);
  while (!isComplete(answer)) {
    const length = await connection.read(buffer);
    if (length === null) break;
    answer += new TextDecoder().decode(buffer.subarray(0, length));
  }
  return parse(answer);
}

function parse(answer: string) {
  const [head = "", body = ""] = answer.split("\r\n\r\n");
  const [statusLine = "", ...lines] = head.split("\r\n");
  const headers = new Headers(
    lines.map((line) => line.split(": ") as [string, string]),
  );
  return { status: Number(statusLine.split(" ")[1]), headers, body };
}

function isComplete(answer: string): boolean {
  if (!answer.includes("\r\n\r\n")) return false;
  const { headers, body } = parse(answer);
  return body.length >= Number(headers.get("content-length") ?? 0);
}

for (const path of ["/", "/hoist", "/hoist/ack/", "/any/other?query"]) {
  Deno.test(`GET ${path} returns a page with the version`, async () => {
    await using server = serveQuietly();
    const response = await fetch(server.url + path);
    const page = await response.text();
    assert.equal(response.status, 200);
    assert.equal(
      response.headers.get("content-type"),
      "text/html; charset=utf-8",
    );
    assert(page.includes(`<title>Hoist ${VERSION}</title>`));
    assert(page.includes(`<h1>Hoist ${VERSION}</h1>`));
  });
}

Deno.test("the page is small and has no scripts or external resources", async () => {
  await using server = serveQuietly();
  const response = await fetch(server.url);
  const page = await response.text();
  assert(page.length < 1_000);
  assert.doesNotMatch(
    page,
    /<script|<style|javascript:|\son\w+=|\ssrc=|href=/i,
  );
  assert.equal(
    response.headers.get("content-security-policy"),
    "default-src 'none'",
  );
  assert.equal(response.headers.get("x-content-type-options"), "nosniff");
});

Deno.test("the page is valid HTML", async () => {
  await using server = serveQuietly();
  const page = await (await fetch(server.url)).text();
  assert.match(page, /^<!DOCTYPE html>\n<html lang="en">\n/);
  assert.equal(page.match(/<title>/g)?.length, 1);
  const open: string[] = [];
  for (const [, slash, name = ""] of page.matchAll(/<(\/?)(\w+)[^<>]*>/g)) {
    if (slash === "/") assert.equal(open.pop(), name);
    else if (name !== "meta") open.push(name);
  }
  assert.deepEqual(open, []);
});

Deno.test("GET /hoist/ack returns only the version and the protocols", async () => {
  await using server = serveQuietly();
  const response = await fetch(`${server.url}/hoist/ack?query`);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "application/json");
  const protocols = ["hoist.v1", "hoist.heartbeat"];
  assert.deepEqual(await response.json(), { version: VERSION, protocols });
});

Deno.test("GET /hoist/ack can be read by pages of all origins", async () => {
  await using server = serveQuietly();
  const response = await fetch(`${server.url}/hoist/ack`);
  await response.body?.cancel();
  assert.equal(response.headers.get("access-control-allow-origin"), "*");
});

Deno.test("the page cannot be read by pages of other origins", async () => {
  await using server = serveQuietly();
  const response = await fetch(server.url);
  await response.body?.cancel();
  assert.equal(response.headers.get("access-control-allow-origin"), null);
});

for (const path of ["/", "/hoist/ack"]) {
  Deno.test(`HEAD ${path} responds like GET, without the body`, async () => {
    await using server = serveQuietly();
    const get = await fetch(server.url + path);
    const head = await fetch(server.url + path, { method: "HEAD" });
    const body = await get.text();
    assert.equal(head.status, 200);
    assert.equal(await head.text(), "");
    assert.equal(head.headers.get("content-length"), String(body.length));
    for (const name of ["content-type", "access-control-allow-origin"]) {
      assert.equal(head.headers.get(name), get.headers.get(name));
    }
  });
}

for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
  for (const path of ["/", "/hoist", "/hoist/ack"]) {
    Deno.test(`${method} ${path} is rejected with the allowed methods`, async () => {
      await using server = serveQuietly();
      const response = await fetch(server.url + path, { method });
      assert.equal(response.status, 405);
      assert.equal(response.headers.get("allow"), "GET, HEAD");
      assert.equal(await response.text(), "Method not allowed\n");
    });
  }
}

Deno.test("a WebSocket opens at /hoist", async () => {
  await using server = serveQuietly();
  const { status, headers } = await exchange(server, "GET /hoist HTTP/1.1", [
    "Host: localhost",
    "Upgrade: WebSocket",
    "Connection: keep-alive, Upgrade",
    ...HANDSHAKE,
  ]);
  assert.equal(status, 101);
  // The answer to the key above: RFC 6455, section 1.3.
  const accept = headers.get("sec-websocket-accept");
  assert.equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
});

for (const path of ["/", "/other", "/hoist/", "/hoist/ack", "/Hoist"]) {
  Deno.test(`rejects a WebSocket at ${path}`, async () => {
    await using server = serveQuietly();
    const { status, body } = await exchange(
      server,
      `GET ${path} HTTP/1.1`,
      ["Host: localhost", ...UPGRADE, ...HANDSHAKE],
    );
    assert.equal(status, 404);
    assert.equal(body, "Not found: the WebSocket is at /hoist\n");
  });
}

Deno.test("an error of the server during an upgrade is not answered with 400", () => {
  const bug = new Error("a bug");
  const handler = makeHandler({
    log: new Log({ logger: new LogRecorder(), logLevel: "info" }),
    isClosing: false,
    lostUpgrades: 0,
    isFailing: false,
    broker: undefined,
    lockout: () => 0,
    rejectHandshake: () => new Response(),
    endpoints: { answer: () => undefined },
    accept: () => {
      throw bug;
    },
  });
  const headers = UPGRADE_HEADERS.map((line) =>
    line.split(": ") as [string, string]
  );
  const request = new Request("http://localhost/hoist", { headers });
  assert.throws(() => handler(request), bug);
});

Deno.test("a WebSocket handshake is a GET: RFC 6455, section 4.1", async () => {
  await using server = serveQuietly();
  const { status } = await exchange(
    server,
    "POST /hoist HTTP/1.1",
    ["Host: localhost", ...UPGRADE, ...HANDSHAKE],
  );
  assert.equal(status, 405);
});

const BAD_HOSTS = ["[", "a/b", "a/hoist", "a@b", "a/b@c", "a?b", "a#b", "a\\b"];

for (const host of BAD_HOSTS) {
  Deno.test(`answers the invalid Host header ${host} with 400`, async () => {
    const logger = new LogRecorder();
    await using server = serveQuietly({ logger });
    for (const path of ["/", "/hoist", "/hoist/ack"]) {
      const headers = [`Host: ${host}`, ...UPGRADE, ...HANDSHAKE];
      const line = `GET ${path} HTTP/1.1`;
      const { status, body } = await exchange(server, line, headers);
      assert.equal(status, 400);
      assert.equal(body, "Bad request: the Host header is invalid\n");
    }
    // Otherwise, every client could fill the log.
    assert.deepEqual(logger.lines.slice(1), []);
  });
}

const BAD_AUTHORITIES = ["[::1", "a:99999", "1.2.3.4.5", "a@b"];

for (const host of BAD_AUTHORITIES) {
  Deno.test(`answers the request line GET http://${host}/hoist with 400`, async () => {
    const logger = new LogRecorder();
    await using server = serveQuietly({ logger });
    const headers = [...UPGRADE_HEADERS, "Origin: http://localhost"];
    // The header Host is valid, and known from the first request.
    await exchange(server, "GET /hoist/ack HTTP/1.1", headers);
    const line = `GET http://${host}/hoist HTTP/1.1`;
    const { status, body } = await exchange(server, line, headers);
    assert.equal(status, 400);
    assert.equal(body, "Bad request: the Host header is invalid\n");
    // Otherwise, every client could fill the log.
    assert.deepEqual(logger.lines.slice(1), []);
  });
}

Deno.test("answers a health check over HTTP/1.0 without a Host header", async () => {
  await using server = serveQuietly();
  const { status, body } = await exchange(
    server,
    "GET /hoist/health HTTP/1.0",
    [],
  );
  assert.equal(status, 200);
  assert.equal(JSON.parse(body).status, "ok");
});

Deno.test("the server continues after an invalid handshake", async () => {
  await using server = serveQuietly();
  await exchange(server, "GET /hoist HTTP/1.1", [
    "Host: localhost",
    ...UPGRADE,
  ]);
  const response = await fetch(`${server.url}/hoist/ack`);
  assert.equal((await response.json()).version, VERSION);
});

Deno.test("debug({ http: true }) logs requests with status and time, without the query", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger, logLevel: "error" });
  using _debugging = debug({ http: true });
  await (await fetch(`${server.url}/path?query`, { method: "POST" })).text();
  await exchange(server, "GET /other HTTP/1.1", [
    "Host: localhost",
    ...UPGRADE,
  ]);
  const lines = logger.lines.map((line) =>
    line.replace(/\d+\.\d ms/, "0.1 ms")
  );
  assert.deepEqual(lines, [
    "debug http: POST /path 405 in 0.1 ms",
    "debug http: GET /other 404 in 0.1 ms, upgrade rejected",
  ]);
});

Deno.test("debug({ http: true }) logs the address of the server", async () => {
  const logger = new LogRecorder();
  using _debugging = debug({ http: true });
  await using server = serveQuietly({ logger });
  assert(logger.lines.includes(`debug http: listening on ${server.url}`));
});
