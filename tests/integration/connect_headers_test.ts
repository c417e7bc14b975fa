/** Headers, certificate authorities and the fetch function of a client. */

import assert from "node:assert/strict";
import { connect, debug } from "../../client.ts";
import type { FetchFunction } from "../../client/http_target.ts";
import { ConnectError } from "../../common/errors.ts";
import { Server } from "../../server.ts";
import { makeCertificate } from "../support/certificate.ts";
import { rejection } from "../support/errors.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { serveQuietly } from "../support/server.ts";

const SECRET = "let me in, please";

const HEADERS = { "x-access": SECRET };

/** Starts a server behind a check of the header `x-access`. */
function serveBehindCheck() {
  const hoist = new Server("test", { logger: new LogRecorder() });
  const requests: (string | null)[] = [];
  const http = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request, info) => {
      requests.push(request.headers.get("upgrade"));
      return request.headers.get("x-access") === SECRET
        ? hoist.fetch(request, info)
        : new Response(null, { status: 401 });
    },
  );
  return {
    url: `http://127.0.0.1:${http.addr.port}`,
    requests,
    [Symbol.asyncDispose]: async () => {
      await hoist.close();
      await http.shutdown();
    },
  };
}

for (
  const [what, headers] of [
    ["an object", HEADERS],
    ["Headers", new Headers(HEADERS)],
  ] as const
) {
  Deno.test(`the client sends ${what} with both of its requests`, async () => {
    await using server = serveBehindCheck();
    const { url } = server;
    await using connection = await connect("test", { url, headers });
    await connection.message("hello");
    assert.deepEqual(server.requests, [null, "websocket"]);
  });
}

Deno.test("the client sends no headers without the option", async () => {
  await using server = serveBehindCheck();
  const error = await rejection(connect("test", { url: server.url }));
  assert(error instanceof ConnectError);
  assert.equal(error.status, 401);
});

Deno.test("headers that the application changes later have no effect", async () => {
  await using server = serveBehindCheck();
  const headers = new Headers(HEADERS);
  await using _connection = await connect("test", {
    url: server.url,
    headers,
    fetch: (url, init) => {
      headers.set("x-access", "no");
      return fetch(url, init);
    },
  });
});

Deno.test("the target of a redirect gets neither a request nor a header", async () => {
  await using target = serveBehindCheck();
  await using from = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => Response.redirect(`${target.url}/hoist/ack`, 307),
  );
  const url = `http://127.0.0.1:${from.addr.port}`;
  const error = await rejection(connect("test", { url, headers: HEADERS }));
  assert.match(error.message, /the server redirects to /);
  assert.deepEqual(target.requests, []);
});

Deno.test("no log line and no error shows a header", async () => {
  const logger = new LogRecorder();
  using _debugging = debug({ trace: true, http: true });
  const shown: unknown[] = [];
  {
    await using server = serveBehindCheck();
    const options = { headers: HEADERS, logger };
    await using connection = await connect("test", {
      url: server.url,
      ...options,
    });
    shown.push(connection, await rejection(connection.operation("none")));
    const wrong = { ...options, url: server.url };
    shown.push(await rejection(connect("wrong", wrong)));
    const silent = { ...options, url: "http://127.0.0.1:1" };
    shown.push(await rejection(connect("test", silent)));
  }
  assert(logger.lines.length > 0);
  const all = Deno.inspect([shown, logger.lines], {
    depth: 20,
    showHidden: true,
  });
  assert(!all.includes(SECRET), all);
});

Deno.test("the option `fetch` sends the request to /hoist/ack", async () => {
  await using server = serveBehindCheck();
  const calls: unknown[] = [];
  const own: FetchFunction = (url, init) => {
    calls.push([String(url), init.redirect, init.headers, init.signal.aborted]);
    return fetch(url, init);
  };
  await using _connection = await connect("test", {
    url: server.url,
    headers: HEADERS,
    fetch: own,
  });
  const ack = `${server.url}/hoist/ack`;
  assert.deepEqual(calls, [[ack, "manual", HEADERS, false]]);
});

for (
  const [what, fetch] of [
    ["throws", () => {
      throw new Error("offline");
    }],
    ["rejects", () => Promise.reject(new Error("offline"))],
    ["returns no response", () => undefined],
  ] as readonly [string, () => unknown][]
) {
  Deno.test(`connect() rejects if \`fetch\` ${what}`, async () => {
    const options = {
      url: "http://127.0.0.1:1",
      fetch: fetch as FetchFunction,
    };
    assert(await rejection(connect("test", options)) instanceof ConnectError);
  });
}

Deno.test("connect() rejects if `fetch` never settles", async () => {
  const options = {
    url: "http://127.0.0.1:1",
    fetch: () => new Promise<Response>(() => {}),
    timeout: 1,
  };
  const error = await rejection(connect("test", options));
  assert.equal(error.name, "TimeoutError");
});

Deno.test("the client trusts the certificate authorities of `caCerts`", async () => {
  const { cert, key } = makeCertificate();
  await using server = serveQuietly({ cert, key });
  const url = `https://localhost:${server.addr.port}`;
  const caCerts = [cert];
  await using connection = await connect("test", { url, caCerts });
  await connection.message("hello");
  await using _both = await connect("test", { url, caCerts, headers: HEADERS });
});

Deno.test("the client trusts no other certificate", async () => {
  const { cert, key } = makeCertificate();
  await using server = serveQuietly({ cert, key });
  const url = `https://localhost:${server.addr.port}`;
  const caCerts = [makeCertificate().cert];
  const error = await rejection(connect("test", { url, caCerts }));
  assert.match(error.message, /certificate/);
});
