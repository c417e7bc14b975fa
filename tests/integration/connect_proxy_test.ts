/** A client on Deno behind an HTTP proxy that its environment names. */

import assert from "node:assert/strict";
import { HttpProxy } from "../support/http_proxy.ts";
import { runScript } from "../support/run_script.ts";
import { serveQuietly } from "../support/server.ts";

/** A host that only the proxy can reach. */
const HOST = "hoist.invalid";

/**
 * Runs a client three times in one program; returns what it prints, and the requests for
 * WebSockets that the proxy forwarded.
 */
async function connectThrice(
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
    for (let n = 0; n < 3; n++) {
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

/** The requests of three WebSockets through the proxy. */
const ALL = Array(3).fill("GET /hoist HTTP/1.1");

Deno.test("a client that can read the environment uses its proxy", async () => {
  const { stdout, requests } = await connectThrice(["--allow-env"]);
  assert.equal(stdout, "open\n".repeat(3));
  assert.deepEqual(requests, ALL);
});

Deno.test("a client that cannot read the environment tries the proxy once, and remembers it", async () => {
  const { stdout, requests } = await connectThrice([]);
  assert.equal(stdout, "direct\nopen\nopen\nopen\n");
  assert.deepEqual(requests, ALL);
});

Deno.test("a client connects directly to the hosts of NO_PROXY", async () => {
  const { stdout, requests } = await connectThrice(["--allow-env"], {
    host: "127.0.0.1",
    env: { NO_PROXY: "127.0.0.0/8" },
  });
  assert.equal(stdout, "direct\nopen\n".repeat(3));
  assert.deepEqual(requests, []);
});

Deno.test("a client that cannot read the environment connects directly if it can", async () => {
  const { stdout } = await connectThrice([], { host: "127.0.0.1" });
  assert.equal(stdout, "direct\nopen\n".repeat(3));
});

for (
  const [what, flags, status, attempts] of [
    ["there is no proxy", ["--allow-env"], undefined, 0],
    ["there may be a proxy", [], undefined, 1],
    ["there may be a proxy, and the server has answered", [], 503, 0],
  ] as const
) {
  Deno.test(`a client tries ${attempts} WebSockets of Deno if ${what}`, async () => {
    const { stdout } = await runScript(
      ["--allow-net", ...flags],
      `
      import { connect } from "@hoist/cli";
      let attempts = 0;
      globalThis.WebSocket = class extends WebSocket {
        constructor(...args) {
          super(...args);
          attempts++;
        }
      };
      const server = Deno.serve(
        { hostname: "127.0.0.1", port: 0, onListen() {} },
        () => new Response(null, { status: ${status} }),
      );
      const { port } = server.addr;
      if (${status === undefined}) await server.shutdown();
      await connect("test", {
        url: "http://127.0.0.1:" + port,
        fetch: () => Promise.resolve(Response.json({ version: "1.0.0" })),
      }).catch(({ message }) => console.log(attempts, message));
      Deno.exit();
      `,
      { HTTP_PROXY: "", NO_PROXY: "" },
    );
    const reason = status === undefined
      ? /: no server answers there/
      : /broker \(503\)/;
    assert(stdout.startsWith(`${attempts} `), stdout);
    assert.match(stdout, reason);
  });
}

Deno.test("a client that gets no answer tries the proxy before its timeout", async () => {
  await using server = serveQuietly();
  const { stdout } = await runScript(
    ["--allow-net"],
    `
    import { connect } from "@hoist/cli";
    // A firewall that drops packets
    Deno.connect = ({ signal }) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason))
      );
    const connection = await connect("test", { url: "${server.url}" });
    console.log(connection.state);
    await connection.close();
    `,
    { HTTP_PROXY: "", NO_PROXY: "" },
  );
  assert.equal(stdout, "open\n");
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
  const { stdout } = await connectThrice([], {
    host: "127.0.0.1",
    env: { NO_PROXY: "*" },
    options: "WebSocket: globalThis.WebSocket",
  });
  assert.equal(stdout, "open\n".repeat(3));
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
