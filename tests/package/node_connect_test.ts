/** What `connect` does in Node if it cannot connect, and which requests it sends. */

import assert from "node:assert/strict";
import { makeCertificate } from "../support/certificate.ts";
import { NodeProgram } from "../support/node.ts";
import { serveQuietly } from "../support/server.ts";

let node: NodeProgram;

Deno.test.beforeAll(async () => void (node = await NodeProgram.create()));

Deno.test.afterAll(() => node[Symbol.asyncDispose]());

Deno.test("connect() rejects in Node if the token is wrong", async () => {
  await using server = serveQuietly();
  const output = await node.runScript(
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
  const output = await node.runScript(
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
    let hasOpened = false;
    server.on("upgrade", () => hasOpened = true);
    let name;
    // On a busy machine, an attempt can time out before it opens the WebSocket.
    for (let timeout = 500; !hasOpened; timeout *= 2) {
      const attempt = connect("test", { url, WebSocket, timeout });
      ({ name } = await attempt.catch((error) => error));
    }
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
  const output = await node.runScript(
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
  const output = await node.runScript(
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
  const output = await node.runScript(
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
  const output = await node.runScript(
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
  const output = await node.runScript(
    `http://127.0.0.1:${server.addr.port}`,
    `const headers = { "X-Access": "letmein" };
    const error = await connect("test", { url, WebSocket, headers })
      .catch((error) => error);
    print(error.status);`,
  );
  assert.equal(output, 503);
  assert.deepEqual(upgrades, [null, "websocket"]);
});
