/** The socket of the client on Deno with the WebSocket servers of other projects. */

import assert from "node:assert/strict";
import { findTools } from "../../tools/bench/packages.ts";
import { Process } from "../../tools/lib/process.ts";
import { connect } from "../../client.ts";
import { RecordedSocket } from "../support/deno_socket.ts";
import { hasNginx, Nginx } from "../support/nginx.ts";
import { serveQuietly } from "../support/server.ts";

const { bun, packages, python } = await findTools(true);

/** The longest start of a server, in milliseconds. */
const START = 30_000;

/** An echo server, which also closes, pings and sends fragments if it is asked to. */
interface Peer {
  readonly name: string;
  /** `undefined` if this machine lacks the program */
  readonly command: readonly string[] | undefined;
  /** Whether it can send a message in fragments */
  readonly sendsFragments: boolean;
}

const ECHO = `${import.meta.dirname}/echo`;

const PEERS: readonly Peer[] = [
  {
    name: "ws on Node",
    command: packages === undefined
      ? undefined
      : ["node", `${ECHO}/ws_node.mjs`, packages],
    sendsFragments: true,
  },
  {
    name: "Bun",
    command: [bun, `${ECHO}/bun.mjs`],
    // Bun has no function for this.
    sendsFragments: false,
  },
  {
    name: "websockets of Python",
    command: python === undefined
      ? undefined
      : [python, `${ECHO}/websockets.py`],
    sendsFragments: true,
  },
];

/** Starts a server; calls a function with a socket that has opened. */
async function withSocket(
  [command = "", ...args]: readonly string[],
  use: (client: RecordedSocket) => Promise<void>,
): Promise<void> {
  await using server = new Process({ command, args });
  const port = await server.next(START);
  const client = new RecordedSocket(`ws://127.0.0.1:${port}/`);
  await client.opened;
  await use(client);
  client.socket.terminate();
  await client.closed;
  assert.deepEqual(client.failures, []);
}

for (const { name, command, sendsFragments } of PEERS) {
  const test = (
    what: string,
    use: (client: RecordedSocket) => Promise<void>,
    isPossible = true,
  ) => {
    if (!isPossible) return;
    Deno.test({
      name: `${name}: ${what}`,
      ignore: command === undefined,
      fn: () => withSocket(command!, use),
    });
  };

  test("messages of all lengths come back", async (client) => {
    const texts = [0, 1, 125, 126, 127, 65_535, 65_536, 3_000_000]
      .map((length) => "ü".repeat(length / 2) + "x".repeat(length % 2));
    for (const [n, text] of texts.entries()) {
      client.socket.send(text);
      await client.received(n + 1);
    }
    assert.equal(client.messages.every((text, n) => text === texts[n]), true);
  });

  test("a burst of messages comes back in its order", async (client) => {
    const texts = Array.from({ length: 5_000 }, (_, n) => `${n}`.repeat(20));
    for (const text of texts) client.socket.send(text);
    assert.deepEqual(await client.received(texts.length), texts);
    assert.equal(client.socket.bufferedAmount, 0);
  });

  test("a Ping frame of the client is answered", async (client) => {
    client.socket.ping();
    while (client.socket.bytesReceived < 2) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    assert.equal(client.socket.bytesReceived, 2);
  });

  test("a Ping frame of the server is answered", async (client) => {
    client.socket.send("ping");
    assert.deepEqual(await client.received(1), ["pong 125"]);
  });

  test("the server closes with a code and a reason", async (client) => {
    client.socket.send("close");
    assert.deepEqual(await client.closed, { code: 4321, reason: "bye" });
  });

  test("the client closes with a code", async (client) => {
    client.socket.close(4000, "bye");
    assert.equal((await client.closed).code, 4000);
  });

  test(
    "a fragmented message is one message",
    async (client) => {
      client.socket.send("fragments");
      // The one of ws also sends a Ping frame between them, and reports the answer.
      const [first] = await client.received(1);
      assert.equal(first, "Grüße");
    },
    sendsFragments,
  );
}

Deno.test({
  name: "nginx: a client works behind it, and is told when the server is gone",
  ignore: !hasNginx,
  fn: async () => {
    await using server = serveQuietly();
    server.operation("echo", ({ text }) => String(text));
    await using nginx = await Nginx.proxy(server.url, [
      "proxy_http_version 1.1;",
      "proxy_set_header Upgrade $http_upgrade;",
      "proxy_set_header Connection upgrade;",
    ]);
    const { url } = nginx;
    const connection = await connect("test", { url });
    for (const length of [1, 5_000, 60_000]) {
      const text = "x".repeat(length);
      const echoed = await connection.operation("echo", { text });
      assert.equal(echoed === text, true);
    }
    await server.close();
    assert.equal((await connection.closed).code, 1001);
    await assert.rejects(connect("test", { url }), /\(502\)/);
  },
});
