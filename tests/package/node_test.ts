/** The client in Node: bundled for a browser, with the WebSocket of npm's `ws`. */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { Server } from "../../server.ts";
import { makeCertificate } from "../support/certificate.ts";
import { run } from "../support/process.ts";
import { serveQuietly } from "../support/server.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";

const ROOT = new URL("../../", import.meta.url);

/** The modules that only Deno loads: docs/guide/browser.md. */
const FOR_DENO = "*/deno_socket_opener.ts";

let directory = "";

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir();
  await bundle("client.js", "--external", FOR_DENO);
  await Deno.writeTextFile(
    join(directory, "package.json"),
    JSON.stringify({ type: "module", dependencies: { ws: "8.18.3" } }),
  );
  await run(Deno.execPath(), ["install"], { cwd: directory });
});

Deno.test.afterAll(() => Deno.remove(directory, { recursive: true }));

/** Bundles the client for browsers into a file of the directory. */
async function bundle(name: string, ...flags: string[]): Promise<void> {
  const output = ["--output", join(directory, name)];
  const args = ["bundle", "--platform", "browser", ...flags, ...output];
  await run(Deno.execPath(), [...args, "client.ts"], { cwd: ROOT });
}

/** Returns the code of a bundle. The examples in comments import `node:assert`. */
async function readCode(name: string): Promise<string> {
  const code = await Deno.readTextFile(join(directory, name));
  return code.replaceAll(/^\s*\*.*$/gm, "");
}

// All other tests run this bundle: if one loaded the missing modules, it would fail.
Deno.test("a bundle without the socket for Deno uses neither Deno nor Node", async () => {
  const code = await readCode("client.js");
  assert.match(code, /^export \{$/m);
  assert.doesNotMatch(code, /\bDeno\.|["']node:/);
});

Deno.test("in a bundle with all modules, only the socket for Deno uses Deno", async () => {
  await bundle("all.js");
  const code = await readCode("all.js");
  const modules = code.split(/^\/\/ (?=\S+\.ts$)/m);
  const users = modules.filter((module) => /\bDeno\./.test(module));
  const paths = users.map((module) => module.split("\n", 1)[0]);
  assert.deepEqual(paths, ["client/deno_socket.ts"]);
  assert.doesNotMatch(code, /["']node:/);
});

Deno.test("connection.message() returns the replies in Node", async () => {
  await using server = serveQuietly();
  server.receive("hello", (message) => {
    message.reply("first", { you: message.data.name ?? null });
    message.reply("second");
  });
  const output = await runClient(
    server,
    `const { replies } = await connection.message("hello", { name: "Ada" });
    print(replies.map(({ name, data }) => ({ name, data })));`,
  );
  assert.deepEqual(output, [
    { name: "first", data: { you: "Ada" } },
    { name: "second", data: {} },
  ]);
});

Deno.test("a long computation in Node does not fail a request that was answered in time", async () => {
  await using server = serveQuietly();
  server.operation("add", ({ a, b }) => Number(a) + Number(b));
  const output = await runClient(
    server,
    `const sum = connection.operation("add", { a: 1, b: 2 }, { timeout: 200 });
    setImmediate(() => {
      const end = performance.now() + 1_000;
      while (performance.now() < end);
    });
    print(await sum);`,
  );
  assert.equal(output, 3);
});

Deno.test("connection.operation() returns the result in Node", async () => {
  await using server = serveQuietly();
  server.operation("add", ({ a, b }) => Number(a) + Number(b));
  const output = await runClient(
    server,
    `print(await connection.operation("add", { a: 1, b: 2 }));`,
  );
  assert.equal(output, 3);
});

Deno.test("connection.receive() receives a broadcast in Node", async () => {
  await using server = serveQuietly();
  server.receive("ready", () => void server.broadcast("news", { n: 1 }));
  const output = await runClient(
    server,
    `const came = new Promise((resolve) => connection.receive("news", resolve));
    await connection.message("ready");
    const { name, data } = await came;
    print({ name, data });`,
  );
  assert.deepEqual(output, { name: "news", data: { n: 1 } });
});

Deno.test("connection.operation() rejects in Node if the operation does not exist", async () => {
  await using server = serveQuietly();
  const output = await runClient(
    server,
    `const error = await connection.operation("none").catch((error) => error);
    print({ isResponseError: error instanceof ResponseError, code: error.code });`,
  );
  assert.deepEqual(output, { isResponseError: true, code: 5 });
});

Deno.test("connection.close() closes with 1000 in Node, and the program ends", async () => {
  await using server = serveQuietly();
  const output = await runClient(
    server,
    `await connection.close();
    print((await connection.closed).code);`,
  );
  assert.equal(output, 1000);
  assert.equal(server.clients.size, 0);
});

Deno.test("connection.closed resolves in Node if the server closes", async () => {
  await using server = serveQuietly();
  server.receive("enough", () => void server.close());
  const output = await runClient(
    server,
    `await connection.message("enough");
    print((await connection.closed).code);`,
  );
  assert.equal(output, 1001);
});

Deno.test("a connection reconnects in Node, and repeats an idempotent operation", async () => {
  const first = serveQuietly({ closeTimeout: 1 });
  const { port } = first.addr;
  const restarted = Promise.withResolvers<Server>();
  first.operation("get", async () => {
    // Closing the server cuts off the answer of this operation.
    void first.close().then(() => restarted.resolve(serveQuietly({ port })));
    await new Promise(() => {});
  });
  restarted.promise.then((second) => second.operation("get", () => "got"));
  const output = await runScript(
    first.url,
    `const reconnect = { minDelay: 20 };
    const connection = await connect("test", { url, WebSocket, reconnect });
    const states = [];
    connection.onState(({ state }) => states.push(state));
    const result = await connection.operation("get", {}, { idempotent: true });
    await connection.close();
    print({ result, first: states.slice(0, 2), last: states.slice(-2) });`,
  );
  assert.deepEqual(output, {
    result: "got",
    first: ["open", "waiting"],
    last: ["open", "closed"],
  });
  await (await restarted.promise).close();
});

Deno.test("close() ends an attempt to reconnect in Node, and the program ends", async () => {
  const server = serveQuietly();
  server.receive("enough", () => void server.close());
  await using stalled = new TcpProxy(server);
  stalled.isStalled = true;
  const output = await runScript(
    server.url,
    `const stalled = ${JSON.stringify(stalled.url)}.replace("http", "ws");
    let sockets = 0;
    class Stalling extends WebSocket {
      constructor(url, protocols) {
        super(++sockets === 1 ? url : stalled, protocols);
      }
    }
    const ack = await fetch(url + "/hoist/ack").then((response) => response.text());
    const reconnect = { minDelay: 1 };
    const connection = await connect("test", { url, WebSocket: Stalling, reconnect });
    globalThis.fetch = () => Promise.resolve(new Response(ack));
    const attempt = new Promise((resolve) =>
      connection.onState(({ state }) => state === "connecting" && resolve())
    );
    await connection.message("enough").catch(() => {});
    await attempt;
    while (sockets < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    await connection.close();
    print((await connection.closed).reason);`,
  );
  assert.equal(output, "closed by the client");
});

Deno.test("connect() rejects in Node if the token is wrong", async () => {
  await using server = serveQuietly();
  const output = await runScript(
    server.url,
    `const error = await connect("wrong", { url, WebSocket }).catch((error) => error);
    print({ isLoginError: error instanceof LoginError, message: error.message });`,
  );
  assert.deepEqual(output, {
    isLoginError: true,
    message:
      `Cannot log in to ${server.url}: the server rejected the token. Check that it matches the server's token.`,
  });
});

Deno.test("attempts in Node whose login is not answered leave no sockets", async () => {
  // The server answers neither the login nor the Close frame.
  const output = await runScript(
    "",
    `import { createHash } from "node:crypto";
    import { createServer } from "node:http";
    const server = createServer((request, response) => {
      response.end('{"version":"1.0.0"}');
    });
    const sockets = new Set();
    server.on("upgrade", ({ headers }, socket) => {
      sockets.add(socket);
      socket.on("end", () => sockets.delete(socket)).resume();
      const accept = createHash("sha1").update(
        headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
      ).digest("base64");
      socket.write("HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\n" +
        "Connection: Upgrade\\r\\nSec-WebSocket-Accept: " + accept + "\\r\\n\\r\\n");
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = "http://127.0.0.1:" + server.address().port;
    const opened = new Promise((resolve) => server.on("upgrade", resolve));
    const attempt = connect("test", { url, WebSocket, timeout: 500 });
    await opened;
    const { name } = await attempt.catch((error) => error);
    // Without an end, npm:ws ends the socket after 30 seconds.
    for (let wait = 0; wait < 100 && sockets.size > 0; wait++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    print({ name, open: sockets.size });
    process.exit();`,
  );
  assert.deepEqual(output, { name: "TimeoutError", open: 0 });
});

Deno.test("connect() rejects in Node if no server listens", async () => {
  const server = serveQuietly();
  await server.close();
  const output = await runScript(
    server.url,
    `const error = await connect("test", { url, WebSocket }).catch((error) => error);
    print({ isConnectError: error instanceof ConnectError, message: error.message });`,
  );
  assert.deepEqual(output, {
    isConnectError: true,
    message:
      `Cannot connect to ${server.url}: no server answers there. Check the URL and that the server is running.`,
  });
});

Deno.test("connect() rejects in Node if the server refuses the WebSocket", async () => {
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  await using server = Deno.serve(
    options,
    ({ url }) =>
      url.endsWith("/hoist/ack")
        ? Response.json({ version: "1.0.0" })
        : new Response(null, { status: 404 }),
  );
  const url = `http://127.0.0.1:${server.addr.port}`;
  const output = await runScript(
    url,
    `const error = await connect("test", { url, WebSocket }).catch((error) => error);
    print({ isConnectError: error instanceof ConnectError, message: error.message });`,
  );
  assert.deepEqual(output, {
    isConnectError: true,
    message: `Cannot connect to ${url}: the WebSocket at ${
      url.replace("http", "ws")
    }/hoist did not open. The path does not exist (404). Let the proxy forward requests below /hoist.`,
  });
});

/** Starts a program that answers every connection with bytes. */
function byteServer(bytes: string) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for await (const connection of listener) {
      await connection.read(new Uint8Array(1_024)).catch(() => {});
      await connection.write(new TextEncoder().encode(bytes)).catch(() => {});
      connection.close();
    }
  })();
  return {
    url: `http://127.0.0.1:${listener.addr.port}`,
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving;
    },
  };
}

const REDIRECT =
  "HTTP/1.1 302 Found\r\nLocation: https://a.example/b/hoist/ack\r\nContent-Length: 0\r\n\r\n";

Deno.test("connect() names the cause in Node", async () => {
  const { cert, key } = makeCertificate();
  await using redirecting = byteServer(REDIRECT);
  await using mail = byteServer("220 mail ready\r\n\r\n");
  await using plain = serveQuietly();
  await using secure = serveQuietly({ cert, key });
  const urls = [
    redirecting.url,
    mail.url,
    plain.url.replace("http:", "https:"),
    `https://localhost:${secure.addr.port}`,
    "http://127.0.0.1:6667",
    "http://host.invalid",
    "http://ada:s3same@127.0.0.1:6667",
  ];
  const output = await runScript(
    "",
    `const messages = [];
    for (const url of ${JSON.stringify(urls)}) {
      await connect("test", { url, WebSocket }).catch((error) => {
        messages.push(error.message);
        if (String(error.cause).includes("s3same")) messages.push(error.cause);
      });
    }
    print(messages);`,
  ) as string[];
  const causes = [
    /: the server redirects to https:\/\/a\.example\/b, and a WebSocket /,
    /: the program that answers there does not use HTTP\. /,
    /: the server does not use TLS\. /,
    /server is not trusted\. Add its certificate authority to this runtime\.$/,
    /: fetch and browsers block port 6667\. /,
    /: there is no address of the host host\.invalid\. /,
    /^Cannot connect to http:\/\/127\.0\.0\.1:6667: this runtime accepts no user name /,
  ];
  assert.equal(output.length, causes.length);
  for (const [index, cause] of causes.entries()) {
    assert.match(output[index]!, cause);
  }
});

Deno.test("connect() names the option for runtimes without a WebSocket", async () => {
  await using server = serveQuietly();
  const output = await runScript(
    server.url,
    // Node has a WebSocket since version 22.
    `delete globalThis.WebSocket;
    const error = await connect("test", { url }).catch((error) => error);
    print(error.message);`,
  );
  assert.equal(
    output,
    "Cannot connect: this runtime has no WebSocket. Pass one as the option 'WebSocket', for example from npm:ws.",
  );
});

Deno.test("the client in Node sends headers with both of its requests", async () => {
  const upgrades: (string | null)[] = [];
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    ({ headers }) => {
      if (headers.get("x-access") !== "letmein") return new Response();
      upgrades.push(headers.get("upgrade"));
      return headers.get("upgrade") === null
        ? Response.json({ version: "1.0.0" })
        : new Response(null, { status: 503 });
    },
  );
  const output = await runScript(
    `http://127.0.0.1:${server.addr.port}`,
    `const headers = { "X-Access": "letmein" };
    const error = await connect("test", { url, WebSocket, headers })
      .catch((error) => error);
    print(error.status);`,
  );
  assert.equal(output, 503);
  assert.deepEqual(upgrades, [null, "websocket"]);
});

/** Runs code with a connection in Node; returns its output. */
function runClient(server: Server, code: string): Promise<unknown> {
  return runScript(
    server.url,
    `const connection = await connect("test", { url, WebSocket });
    ${code}
    await connection.close();`,
  );
}

/** Runs code with the bundle in Node; returns its output. */
async function runScript(url: string, code: string): Promise<unknown> {
  const script =
    `import { ConnectError, connect, LoginError, ResponseError } from "./client.js";
    import { WebSocket } from "ws";
    const print = (value) => console.log(JSON.stringify(value));
    ${url === "" ? "" : "const url = process.env.HOIST_URL;"}
    ${code}`;
  const args = ["--input-type=module", "--eval", script];
  const env = { HOIST_URL: url };
  return JSON.parse(await run("node", args, { cwd: directory, env }));
}
