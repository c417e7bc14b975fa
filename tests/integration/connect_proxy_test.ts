/** A client on Deno behind an HTTP proxy that its environment names. */

import assert from "node:assert/strict";
import { HttpProxy } from "../support/http_proxy.ts";
import { runScript } from "../support/run_script.ts";
import { serveQuietly } from "../support/server.ts";

/** A host that only the proxy can reach. */
const HOST = "hoist.invalid";

/**
 * Runs a client twice in one program; returns what it prints, and the requests for
 * WebSockets that the proxy forwarded.
 */
async function connectTwice(
  flags: readonly string[],
  { host = HOST, env = {}, options = "" } = {},
): Promise<{ readonly stdout: string; readonly requests: readonly string[] }> {
  await using server = serveQuietly();
  await using proxy = new HttpProxy(server.addr.port);
  const url = `http://${host}:${server.addr.port}`;
  const { stdout } = await runScript(
    ["--allow-net", ...flags],
    `
    import { connect } from "@hoist/cli";
    const { connect: connectTcp } = Deno;
    Deno.connect = (options) => (console.log("direct"), connectTcp(options));
    for (let n = 0; n < 2; n++) {
      const connection = await connect("test", { url: "${url}", ${options} });
      console.log(connection.state);
      await connection.close();
    }
    `,
    { HTTP_PROXY: proxy.url, NO_PROXY: "", ...env },
  );
  // `fetch` sends its requests over one connection, of which the proxy records the first.
  const requests = proxy.requests.map((line) =>
    line.replace(/\w+:\/\/[^/]+/, "")
  )
    .filter((line) => !line.includes("/ack"));
  return { stdout, requests };
}

/** The requests of two WebSockets through the proxy. */
const BOTH = ["GET /hoist HTTP/1.1", "GET /hoist HTTP/1.1"];

Deno.test("a client that can read the environment uses its proxy", async () => {
  const { stdout, requests } = await connectTwice(["--allow-env"]);
  assert.equal(stdout, "open\nopen\n");
  assert.deepEqual(requests, BOTH);
});

Deno.test("a client that cannot read the environment tries the proxy once, and remembers it", async () => {
  const { stdout, requests } = await connectTwice([]);
  assert.equal(stdout, "direct\nopen\nopen\n");
  assert.deepEqual(requests, BOTH);
});

Deno.test("a client connects directly to the hosts of NO_PROXY", async () => {
  const { stdout, requests } = await connectTwice(["--allow-env"], {
    host: "127.0.0.1",
    env: { NO_PROXY: "127.0.0.0/8" },
  });
  assert.equal(stdout, "direct\nopen\ndirect\nopen\n");
  assert.deepEqual(requests, []);
});

Deno.test("a client that cannot read the environment connects directly if it can", async () => {
  const { stdout } = await connectTwice([], { host: "127.0.0.1" });
  assert.equal(stdout, "direct\nopen\ndirect\nopen\n");
});

Deno.test("a client forgets the proxy when it is of no use, because a server can start between the two attempts", async () => {
  const { stdout } = await runScript(
    ["--allow-net"],
    `
    import { createConnection, serve } from "@hoist/cli";
    const logger = { debug() {}, info() {}, warn() {}, error() {} };
    const start = (port) =>
      serve("test", { hostname: "127.0.0.1", port, logger });
    const { connect } = Deno;
    Deno.connect = () => {
      Deno.connect = (options) => (console.log("direct"), connect(options));
      return Promise.reject(new Error("There is no server yet."));
    };
    let server = start(0);
    const { port } = server.addr;
    const { promise: failed, resolve: onFailed } = Promise.withResolvers();
    const connection = createConnection("test", {
      url: server.url,
      reconnect: { minDelay: 1, maxDelay: 2 },
    });
    connection.onState(({ close }) => close?.error && onFailed());
    await connection.opened;
    await server.close();
    await failed;
    server = start(port);
    await connection.message("hello");
    await connection.close();
    await server.close();
    `,
    { HTTP_PROXY: "", NO_PROXY: "" },
  );
  assert.match(stdout, /^(direct\n)+$/);
});

Deno.test("the WebSocket of Deno can be forced", async () => {
  const { stdout } = await connectTwice([], {
    host: "127.0.0.1",
    env: { NO_PROXY: "*" },
    options: "WebSocket: globalThis.WebSocket",
  });
  assert.equal(stdout, "open\nopen\n");
});

Deno.test("a client needs the permission for its server only", async () => {
  await using server = serveQuietly();
  const { stdout } = await runScript(
    [`--allow-net=127.0.0.1:${server.addr.port}`],
    `
    import { connect } from "@hoist/cli";
    const connection = await connect("test", { url: "${server.url}" });
    console.log(connection.state);
    await connection.close();
    `,
  );
  assert.equal(stdout, "open\n");
});
