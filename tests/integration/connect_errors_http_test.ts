/** The errors of connect() if the server, or a proxy in front of it, answers otherwise. */

import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import { ConnectError } from "../../common/errors.ts";
import { rejection } from "../support/errors.ts";
import { ackResponse, fakeServer } from "../support/fake_server.ts";
import { runScript } from "../support/run_script.ts";
import { serveQuietly } from "../support/server.ts";

/** Returns the error of an attempt to connect to a server. */
async function failure(
  server: { readonly url: string },
  url = server.url,
): Promise<ConnectError> {
  const error = await rejection(connect("test", { url }));
  assert(error instanceof ConnectError);
  const prefix = `Cannot connect to ${server.url}: `;
  assert(error.message.startsWith(prefix), error.message);
  return error;
}

for (
  const [status, meaning] of [
    [401, /needs a login of its own \(401\)\. Let it forward .+\.$/],
    [403, /forbids the request \(403\)\. Let it forward .+\.$/],
    [
      404,
      /it is not a Hoist server, because .+\/hoist\/ack does not exist \(404\)\. Check the URL\.$/,
    ],
    [418, /answered with the HTTP status 418\. Check the URL\.$/],
    [
      429,
      /too many requests .+ \(429\)\. This can be temporary: try again in 7 s\.$/,
    ],
    [500, /failed \(500\)\. Look at its log\.$/],
    [
      502,
      /no valid answer .+ \(502\)\. .+ This can be temporary: try again in 7 s\.$/,
    ],
    [
      503,
      /not available \(503\)\. .+ This can be temporary: try again in 7 s\.$/,
    ],
    [
      504,
      /no answer .+ in time \(504\)\. .+ This can be temporary: try again in 7 s\.$/,
    ],
  ] as const
) {
  Deno.test(`connect() reports that the ack is answered with ${status}`, async () => {
    const headers = { "retry-after": "7" };
    const ack = () => new Response("<html>", { status, headers });
    await using server = fakeServer(() => {}, ack);
    const error = await failure(server);
    assert.match(error.message, meaning);
    assert.equal(error.status, status);
  });

  Deno.test(`connect() reports that the WebSocket is answered with ${status}`, async () => {
    await using server = proxyThatAnswers(status);
    const error = await failure(server);
    assert.match(error.message, new RegExp(`\\b${status}\\b`));
    assert.equal(error.status, status);
  });
}

/** Starts a server whose ack is right, and that answers other requests with a status. */
function proxyThatAnswers(status: number, headers: HeadersInit = {}) {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    ({ url }) =>
      url.endsWith("/hoist/ack")
        ? ackResponse()
        : new Response(null, { status, headers }),
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

for (const status of [200, 426]) {
  Deno.test(`connect() reports a proxy that removes the header Upgrade, if the answer is ${status}`, async () => {
    await using server = proxyThatAnswers(status);
    assert.match(
      (await failure(server)).message,
      /: the WebSocket at .+ did not open\. .+ a proxy probably removes the header Upgrade\. Let the proxy forward WebSockets\.$/,
    );
  });
}

Deno.test("connect() reports a real proxy that removes the header Upgrade", async () => {
  await using server = serveQuietly();
  await using proxy = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    ({ url, headers }) => {
      const forwarded = new Headers(headers);
      for (const name of ["connection", "upgrade"]) forwarded.delete(name);
      const { pathname } = new URL(url);
      return fetch(`${server.url}${pathname}`, { headers: forwarded });
    },
  );
  const error = await failure({ url: `http://127.0.0.1:${proxy.addr.port}` });
  assert.match(error.message, /a proxy probably removes the header Upgrade\./);
  assert.equal(error.status, 426);
});

Deno.test("connect() reports a redirect and its target, without what is secret", async () => {
  for (
    const [location, target] of [
      ["https://a.example/below/hoist/ack", "https://a.example/below"],
      [
        "https://ada:s3same@a.example/login?key=s3same#s",
        "https://a.example/login",
      ],
      ["/login\u2028%1b", "/login%E2%80%A8%1B"],
      ["http://[", "another URL"],
    ] as const
  ) {
    const headers = { location: encodeURI(decodeURI(location)) };
    const ack = () => new Response(null, { status: 302, headers });
    await using server = fakeServer(() => {}, ack);
    const { message } = await failure(server);
    assert(message.includes(target), message);
    assert.match(
      message,
      /redirects to .+, and a WebSocket cannot follow a redirect\. Pass the URL /,
    );
    assert(!message.includes("s3same"), message);
  }
});

Deno.test("connect() does not follow a redirect", async () => {
  await using target = serveQuietly();
  let requests = 0;
  await using server = fakeServer(() => {}, () => {
    requests++;
    return Response.redirect(`${target.url}/hoist/ack`);
  });
  await failure(server);
  assert.equal(requests, 1);
});

for (
  const [what, options, message] of [
    [
      "for how long the server accepts no connections",
      {},
      /: the server accepts no connections from this address for now \(429\)\. Try again in 42 s\.$/,
    ],
    [
      "that the server accepts no connections, if the WebSocket hides for how long",
      { WebSocket: globalThis.WebSocket },
      /: too many connections from this address are open, or never opened \(429\)\. /,
    ],
  ] as const
) {
  Deno.test(`connect() reports ${what}`, async () => {
    await using server = proxyThatAnswers(429, { "retry-after": "42" });
    const { url } = server;
    const error = await rejection(connect("test", { url, ...options }));
    assert.match(error.message, message);
  });
}

Deno.test("connect() reports a redirect of the WebSocket and its target", async () => {
  const location = "https://ada:s3same@a.example/below/hoist?s3same";
  await using server = proxyThatAnswers(301, { location });
  const error = await failure(server);
  assert.match(
    error.message,
    /: the server redirects to https:\/\/a\.example\/below, and a WebSocket cannot follow a redirect\./,
  );
  assert.equal(error.status, 301);
  assert(!Deno.inspect(error).includes("s3same"));
});

Deno.test("connect() reports a redirect of a WebSocket that hides the target", async () => {
  await using server = proxyThatAnswers(301, { location: "https://a.example" });
  const { WebSocket } = globalThis;
  const { url } = server;
  const error = await rejection(connect("test", { url, WebSocket }));
  assert.match(
    error.message,
    /redirects it \(301\), and a WebSocket cannot follow a redirect\./,
  );
});

Deno.test("connect() hides the password and the query of the URL", async () => {
  await using server = fakeServer(() => {}, () => new Response("no"));
  const url = `${server.url.replace("//", "//ada:s3same@")}/?key=s3same`;
  const error = await failure(server, url);
  assert(!Deno.inspect(error).includes("s3same"));
});

Deno.test("connect() reports a port that fetch blocks", async () => {
  const url = "http://127.0.0.1:6667";
  const { message } = await failure({ url });
  assert.match(
    message,
    /: fetch and browsers block port 6667\. Let the server listen on another port\.$/,
  );
});

Deno.test("connect() reports a host without an address", async () => {
  const url = "http://host.invalid:5000";
  const { message } = await failure({ url });
  assert.match(message, /: there is no address of the host host\.invalid\. /);
});

Deno.test("connect() reports a program that does not use HTTP", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const answering = (async () => {
    using connection = await listener.accept();
    await connection.write(new TextEncoder().encode("220 mail ready\r\n\r\n"));
    await connection.read(new Uint8Array(1_024)).catch(() => {});
  })();
  const url = `http://127.0.0.1:${listener.addr.port}`;
  const { message } = await failure({ url });
  await answering;
  assert.match(message, /does not use HTTP\. Check the port, or write https:/);
});

Deno.test("connect() names `allowedOrigins` if a page does not learn why the WebSocket failed", async () => {
  await using server = serveQuietly({ allowedOrigins: ["https://a.example"] });
  const flags = ["--allow-net", "--location", "http://localhost:8000/page"];
  const source = `
    import { connect } from "@hoist/cli";
    class PageSocket extends WebSocket {
      constructor(url, protocols) {
        super(url, { protocols: [protocols].flat(), headers: { origin: location.origin } });
      }
      // A browser dispatches an event without a message.
      addEventListener(type, listener) {
        super.addEventListener(type, type === "error" ? () => listener(new Event(type)) : listener);
      }
    }
    await connect("test", { url: "${server.url}", WebSocket: PageSocket })
      .catch((error) => console.log(error.message));
    Deno.exit();
  `;
  const { stdout } = await runScript(flags, source);
  assert.match(
    stdout,
    /did not open\. .+ does not allow this page \(add http:\/\/localhost:8000 to 'allowedOrigins'\)/,
  );
});

Deno.test("connect() reports what a browser blocks without saying why", async () => {
  const source = `
    import { connect } from "@hoist/cli";
    globalThis.fetch = () => Promise.reject(new TypeError("Failed to fetch"));
    for (const url of ["http://b.example", "https://b.example", "https://b.example:6667"]) {
      await connect("test", { url }).catch((error) => console.log(error.message));
    }
  `;
  const flags = ["--allow-net", "--location", "https://a.example/page"];
  const { stdout } = await runScript(flags, source);
  const [mixed, silent, blocked] = stdout.split("\n");
  assert.match(
    mixed!,
    /: a page with https: can only connect to a server with TLS\. Write https: in the URL\.$/,
  );
  assert.match(
    silent!,
    /: no server answers there, or a proxy answers in its place, .+ look at the network log of the browser\.$/,
  );
  assert.match(blocked!, /: fetch and browsers block port 6667\. /);
});
