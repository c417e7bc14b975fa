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
