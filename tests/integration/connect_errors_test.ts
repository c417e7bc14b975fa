/** The errors of connect(): why it failed, and what helps. */

import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import { ConnectError, LoginError, VersionError } from "../../common/errors.ts";
import type { ServeOptions } from "../../server.ts";
import { VERSION } from "../../version.ts";
import { freePort } from "../../tools/lib/ports.ts";
import { rejection } from "../support/errors.ts";
import { ackResponse, errorFrame, fakeServer } from "../support/fake_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { RawClient } from "../support/raw_client.ts";
import { runScript } from "../support/run_script.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { gate } from "../support/timing.ts";

for (
  const [what, options, message] of [
    [
      "too many connections from this address",
      { limits: { maxConnectionsPerAddress: 1 } },
      /: too many connections from this address are open, or never opened \(429\)\. Close others, or try again in a minute\.$/,
    ],
    [
      "too many connections",
      { limits: { maxConnections: 1 } },
      /the server has too many connections, is closing, or is not connected to its broker \(503\)\. Try again later\.$/,
    ],
  ] as readonly [string, ServeOptions, RegExp][]
) {
  Deno.test(`connect() reports a server that has ${what}`, async () => {
    await using server = serveQuietly(options);
    await using _first = await RawClient.logIn(server);
    const error = await rejection(connect("test", { url: server.url }));
    assert(error instanceof ConnectError);
    assert.match(error.message, message);
  });
}

Deno.test("connect() reports a lockout and how long it lasts", async () => {
  for (
    const [loginFailureWindow, remedy] of [
      [60_000, /Try again in (60|59) s\.$/],
      [Infinity, /Try again when the server has restarted\.$/],
    ] as const
  ) {
    const limits = { maxLoginFailures: 1, loginFailureWindow };
    await using server = serveQuietly({ limits });
    await rejection(connect("wrong", { url: server.url }));
    const error = await rejection(connect("test", { url: server.url }));
    assert(error instanceof ConnectError);
    assert.match(
      error.message,
      /: too many logins from this address failed \(429\)\. /,
    );
    assert.match(error.message, remedy);
  }
});

Deno.test("connect() reports a lockout if the WebSocket hides the status, as in a browser", async () => {
  const { WebSocket } = globalThis;
  class SilentSocket extends WebSocket {
    override addEventListener(...[type, listener]: [string, unknown]): void {
      if (type === "error") return;
      super.addEventListener(type, listener as EventListener);
    }
  }
  const limits = { maxLoginFailures: 1 };
  await using server = serveQuietly({ limits });
  const options = { url: server.url, WebSocket: SilentSocket };
  await rejection(connect("wrong", options));
  const error = await rejection(connect("test", options));
  assert.match(error.message, /failed \(429\)\. Try again in \d+ s\.$/);
});

Deno.test("connect() reports an origin that is not allowed", async () => {
  await using server = serveQuietly({ allowedOrigins: ["https://a.example"] });
  const { WebSocket } = globalThis;
  // A browser sets this header itself.
  class PageSocket extends WebSocket {
    constructor(url: string, protocols?: string | string[]) {
      const headers = { origin: "https://b.example" };
      const options = { protocols: [protocols ?? []].flat(), headers };
      super(url, options as unknown as string);
    }
  }
  const options = { url: server.url, WebSocket: PageSocket };
  const error = await rejection(connect("test", options));
  assert.match(
    error.message,
    /does not allow connections from this page \(403\)\./,
  );
});

Deno.test("connect() names the origin of the page, which differs for localhost and 127.0.0.1", async () => {
  await using server = serveQuietly({ allowedOrigins: ["https://a.example"] });
  const flags = ["--allow-net", "--location", "http://localhost:8000/page"];
  const source = `
    import { connect } from "@hoist/cli";
    // A browser sends this header itself.
    class PageSocket extends WebSocket {
      constructor(url, protocols) {
        super(url, { protocols: [protocols].flat(), headers: { origin: location.origin } });
      }
    }
    await connect("test", { url: "${server.url}", WebSocket: PageSocket })
      .catch((error) => console.log(error.message));
    Deno.exit();
  `;
  const { stdout } = await runScript(flags, source);
  assert.match(
    stdout,
    /does not allow connections from this page \(403\)\. Add http:\/\/localhost:8000 to the option 'allowedOrigins' of the server\.\n$/,
  );
});

Deno.test("connect() ignores a lockout that is no number of seconds", async () => {
  for (const lockout of ["1e400", "-5", "1.5", '"5"', "{}"]) {
    await using other = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      ({ url }) =>
        url.endsWith("/hoist/ack")
          ? new Response(`{"version":"${VERSION}","lockout":${lockout}}`)
          : new Response("no", { status: 418 }),
    );
    const url = `http://127.0.0.1:${other.addr.port}`;
    const error = await rejection(connect("test", { url }));
    assert(error instanceof ConnectError);
    assert.match(error.message, /HTTP status 418/, lockout);
  }
});

Deno.test("connect() reports another rejection first if the address is locked out", async () => {
  const ack = { version: VERSION, lockout: 5 };
  await using other = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    ({ url }) =>
      url.endsWith("/hoist/ack")
        ? Response.json(ack)
        : new Response(null, { status: 503 }),
  );
  const url = `http://127.0.0.1:${other.addr.port}`;
  const error = await rejection(connect("test", { url }));
  assert.match(error.message, /broker \(503\)\. Try again later\.$/);
});

Deno.test("connect() reports a server without TLS", async () => {
  await using server = serveQuietly();
  const url = server.url.replace("http:", "https:");
  const error = await rejection(connect("test", { url }));
  assert.match(error.message, /the server does not use TLS\. Write http:/);
});

Deno.test("connect() reports a URL that ends with /hoist", async () => {
  await using server = serveQuietly();
  const url = `${server.url}/hoist`;
  const error = await rejection(connect("test", { url }));
  assert.match(
    error.message,
    /Omit \/hoist from the URL, because the client appends it\.$/,
  );
});

Deno.test("connect() reports a login that takes the server too long", async () => {
  const { opened, open } = gate();
  const logger = new LogRecorder();
  await using server = serveQuietly({
    logger,
    login: () => opened.then(() => true),
    limits: { loginTimeout: 20 },
  });
  const error = await rejection(connect("test", { url: server.url }));
  open();
  assert(error instanceof ConnectError);
  assert.match(
    error.message,
    /the login took too long\. .*limits\.loginTimeout/,
  );
  await logger.line(/^info disconnect: .* \(1008, login timed out\)$/);
});

Deno.test("connect() reports a login that arrives too late, which is no wrong token", async () => {
  class LateSocket extends WebSocket {
    override send(): void {}
  }
  await using server = serveQuietly({ limits: { loginTimeout: 20 } });
  const options = { url: server.url, WebSocket: LateSocket };
  const error = await rejection(connect("test", options));
  assert(error instanceof ConnectError, error.message);
  assert.match(error.message, /the login took too long\./);
});

Deno.test("connect() reports that nothing listens at the URL", async () => {
  const url = `http://127.0.0.1:${freePort()}`;
  const error = await rejection(connect("test", { url }));
  assert(error instanceof ConnectError);
  assert.equal(
    error.message,
    `Cannot connect to ${url}: no server answers there. Check the URL and that the server is running.`,
  );
  assert.match(String(error.cause), /refused/);
});

Deno.test("connect() reports the missing permission, with the line of its caller", async () => {
  const { stdout } = await runScript(
    [],
    `
    import { connect, ConnectError } from "@hoist/cli";
    async function callerOfConnect() {
      await connect("test", { url: "ws://127.0.0.1:5000/below" });
    }
    const error = await callerOfConnect().catch((error) => error);
    console.log(error instanceof ConnectError, error.message);
    console.log(error.cause.name);
    console.log(error.stack.split("\\n")[1]);
  `,
  );
  const [message, cause, frame] = stdout.split("\n");
  assert.equal(
    message,
    "true Cannot connect to ws://127.0.0.1:5000/below: the permission is missing. Run with --allow-net=127.0.0.1:5000.",
  );
  assert.equal(cause, "NotCapable");
  assert.match(frame!, /callerOfConnect/);
});

for (
  const [what, ack] of [
    ["a page", () => new Response("<h1>Hello</h1>")],
    ["other JSON", () => Response.json({ name: "other" })],
    ["a version that is not a string", () => Response.json({ version: 1 })],
  ] as const
) {
  Deno.test(`connect() reports a server that answers the ack with ${what}`, async () => {
    await using server = fakeServer(() => {}, ack);
    const error = await rejection(connect("test", { url: server.url }));
    assert(error instanceof ConnectError);
    assert.equal(
      error.message,
      `Cannot connect to ${server.url}: it is not a Hoist server, because ${server.url}/hoist/ack returned no version. Check the URL.`,
    );
  });
}

Deno.test("connect() reports that no WebSocket opens", async () => {
  await using http = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    ackResponse,
  );
  const url = `http://127.0.0.1:${http.addr.port}`;
  const error = await rejection(connect("test", { url }));
  assert(error instanceof ConnectError);
  assert.match(
    error.message,
    /: the WebSocket at ws:\/\/127\.0\.0\.1:\d+\/hoist did not open\. The server received no request for a WebSocket \(200\), so a proxy probably removes the header Upgrade\. Let the proxy forward WebSockets\.$/,
  );
});

Deno.test("connect() reports a wrong token", async () => {
  await using server = serveQuietly();
  const error = await rejection(connect("wrong", { url: server.url }));
  assert(error instanceof LoginError);
  assert.equal(
    error.message,
    `Cannot log in to ${server.url}: the server rejected the token. Check that it matches the server's token.`,
  );
  assert(!error.message.includes("wrong"));
});

Deno.test("connect() reports a server that is too old", async () => {
  await using server = serveQuietly();
  const error = await rejection(connectTo(server, { minimumVersion: "1.1.1" }));
  assert(error instanceof VersionError);
  assert.deepEqual([error.needed, error.current], ["1.1.1", VERSION]);
  assert.match(
    error.message,
    /: the server has version 1\.1\.0, but 'minimumVersion' is 1\.1\.1\. Update the server or lower 'minimumVersion'\.$/,
  );
  await using _connection = await connectTo(server, {
    minimumVersion: VERSION,
  });
});

Deno.test("connect() reports a client that is too old", async () => {
  await using server = serveQuietly({ minimumVersion: "1.1.1" });
  const error = await rejection(connectTo(server));
  assert(error instanceof VersionError);
  assert.deepEqual([error.needed, error.current], ["1.1.1", VERSION]);
  assert.match(
    error.message,
    /: the server needs a client of version 1\.1\.1 or later, but this client has version 1\.1\.0\. Update the client\.$/,
  );
});

Deno.test("connect() reports a server that closes before it answers the login", async () => {
  await using server = fakeServer((socket) => socket.close(4000, "no time"));
  const error = await rejection(connect("test", { url: server.url }));
  assert(error instanceof ConnectError);
  assert.match(
    error.message,
    /: the server closed the connection before it answered the login \(4000, "no time"\)\. Look at the log of the server\.$/,
  );
});

Deno.test("connect() reports other errors in the login reply", async () => {
  await using server = fakeServer((socket) => socket.send(errorFrame(null, 6)));
  const error = await rejection(connect("test", { url: server.url }));
  assert(error instanceof ConnectError);
  assert.match(error.message, /: the server answered SOME_ERROR: Some error$/);
});

Deno.test("connect() reads the login error of a Python server, whose id is null", async () => {
  await using server = fakeServer((socket) => {
    socket.send(errorFrame(null, 3));
    socket.close(1003);
  });
  const error = await rejection(connect("test", { url: server.url }));
  assert(error instanceof LoginError);
});
