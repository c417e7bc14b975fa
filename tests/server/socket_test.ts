/** Tests of `server/socket.ts` with sockets and a Deno that lack its internals. */

import assert from "node:assert/strict";
import { openSocket, SocketBuffer } from "../../server/socket.ts";
import { TcpPeer } from "../support/tcp_peer.ts";

/** Loads the module again, because it remembers the sockets that it has seen. */
async function load(name: string) {
  const url = import.meta.resolve(`../../server/socket.ts?${name}`);
  const module: typeof import("../../server/socket.ts") = await import(
    url
  );
  return module;
}

/** A socket as Deno makes them */
const SOCKET = { [Symbol("[[rid]]")]: -1 };

Deno.test("sockets can be aborted until one has no resource", async () => {
  const { canAbort, probe } = await load("resources");
  assert(canAbort());
  probe(SOCKET);
  assert(canAbort());
  probe({ [Symbol("another")]: 1 });
  assert(!canAbort());
  probe(SOCKET);
  assert(!canAbort());
});

Deno.test("abortSocket() does nothing with a socket that it does not know", async () => {
  const { abortSocket } = await load("unknown");
  abortSocket({});
  abortSocket(SOCKET);
});

Deno.test("sockets cannot be aborted if Deno has no internals", async () => {
  const { abortSocket, canAbort } = await load("internals");
  const { internal } = Deno as { internal?: symbol };
  Object.assign(Deno, { internal: undefined });
  try {
    assert(!canAbort());
    abortSocket(SOCKET);
  } finally {
    Object.assign(Deno, { internal });
  }
  assert(canAbort());
});

/** Opens a WebSocket; returns what Deno was asked for. */
async function open(
  protocols: string,
  idleTimeout: number,
  loginTimeout: number,
) {
  const { upgradeWebSocket } = Deno;
  const seconds: (number | undefined)[] = [];
  const timed: (boolean | undefined)[] = [];
  Deno.upgradeWebSocket = (request, options) => {
    seconds.push(options?.idleTimeout);
    return upgradeWebSocket(request, options);
  };
  const handle = (request: Request) => {
    const options = { idleTimeout, limits: { loginTimeout } };
    const opened = openSocket(request, options);
    timed.push(opened?.isTimed);
    return opened!.response;
  };
  const listen = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const server = Deno.serve(listen, handle);
  try {
    const headers = [`Sec-WebSocket-Protocol: ${protocols}`];
    using peer = await TcpPeer.open(server, headers);
    assert.equal(peer.response.status, 101);
    return { seconds, timed };
  } finally {
    Deno.upgradeWebSocket = upgradeWebSocket;
    await server.shutdown();
  }
}

const BOTH = "hoist.v1, hoist.heartbeat";

for (
  const [what, protocols, idleTimeout, loginTimeout, seconds, isTimed] of [
    ["a client that sends heartbeats", BOTH, 20_000, 10_000, 0, false],
    ["another client", "hoist.v1", 20_000, 10_000, 20, true],
    ["another client without a limit", "hoist.v1", Infinity, 10_000, 0, true],
    ["a client with 60 s for its login", BOTH, 20_000, 60_000, 0, false],
    ["a client with more time for its login", BOTH, 20_000, 60_001, 20, true],
  ] as const
) {
  Deno.test({
    name: `Deno ends ${what} after ${seconds} s, where 0 is never`,
    // An idle timer of Deno outlives a client that just ends TCP.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => {
      const opened = await open(protocols, idleTimeout, loginTimeout);
      assert.deepEqual(opened, { seconds: [seconds], timed: [isTimed] });
    },
  });
}

Deno.test({
  name: "Deno ends every client if the server cannot abort sockets",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const { internal } = Deno as { internal?: symbol };
    Object.assign(Deno, { internal: undefined });
    try {
      const opened = await open(BOTH, 20_000, 10_000);
      assert.deepEqual(opened, { seconds: [20], timed: [true] });
    } finally {
      Object.assign(Deno, { internal });
    }
  },
});

Deno.test("openSocket() knows which clients offer the subprotocol", () => {
  const { upgradeWebSocket } = Deno;
  Deno.upgradeWebSocket = () => {
    const socket = new EventTarget() as WebSocket;
    Object.assign(socket, { [Symbol("[[rid]]")]: 1 });
    return { socket, response: new Response() };
  };
  try {
    const extended = [BOTH, "hoist.v1", "hoist.v2", ""].map((offer) => {
      const headers = { "sec-websocket-protocol": offer };
      const request = new Request("http://a.example", { headers });
      const options = { idleTimeout: 20_000, limits: { loginTimeout: 10_000 } };
      return openSocket(request, options)?.isExtended;
    });
    assert.deepEqual(extended, [true, true, false, false]);
  } finally {
    Deno.upgradeWebSocket = upgradeWebSocket;
  }
});

// The last test, because the server remembers the socket.
Deno.test("Deno ends every client after the first socket that the server cannot abort", () => {
  const { upgradeWebSocket } = Deno;
  const socket = new EventTarget() as WebSocket;
  // Another version of Deno can keep the resource elsewhere.
  Deno.upgradeWebSocket = () => ({ socket, response: new Response() });
  try {
    const headers = { "sec-websocket-protocol": BOTH };
    const request = new Request("http://a.example", { headers });
    const options = { idleTimeout: 20_000, limits: { loginTimeout: 10_000 } };
    const timed = [1, 2].map(() => openSocket(request, options)?.isTimed);
    assert.deepEqual(timed, [false, true]);
  } finally {
    Deno.upgradeWebSocket = upgradeWebSocket;
  }
});

/** A socket that counts how often it is asked what waits. */
class CountingSocket {
  waiting = 0;
  questions = 0;

  get bufferedAmount(): number {
    this.questions++;
    return this.waiting;
  }
}

Deno.test("a socket is only asked what waits if a frame perhaps does not fit", () => {
  const socket = new CountingSocket();
  const buffer = new SocketBuffer(socket, 600);
  for (const questions of [0, 0, 1, 1]) {
    assert(buffer.capacityFor(100) >= 300);
    assert.equal(socket.questions, questions);
    buffer.add(100);
  }
});

Deno.test("the space for a frame that perhaps does not fit is exact", () => {
  const socket = new CountingSocket();
  const buffer = new SocketBuffer(socket, 600);
  buffer.add(150);
  // The frame had one byte for each of its characters.
  socket.waiting = 150;
  assert.equal(buffer.capacityFor(100), 450);
  buffer.add(100);
  socket.waiting = 450;
  assert.equal(buffer.capacityFor(100), 150);
  socket.waiting = 0;
  assert.equal(buffer.capacityFor(100), 600);
});

Deno.test("a client that reads nothing is checked less and less often", () => {
  const socket = new CountingSocket();
  const buffer = new SocketBuffer(socket, 600);
  const check = (left: number) => {
    const { delay, end } = buffer.startCheck();
    socket.waiting = left;
    end();
    return delay;
  };
  socket.waiting = 500;
  const delays = Array.from({ length: 7 }, () => check(500));
  assert.deepEqual(delays, [10, 20, 40, 80, 160, 160, 160]);
  assert.equal(check(499), 160);
  assert.equal(check(499), 10);
  // A stream has sent more, and the client has read a part of it.
  socket.waiting = 550;
  assert.equal(check(520), 20);
  assert.equal(check(520), 10);
  // What waits for something else must not wait longer.
  socket.waiting = 0;
  for (const _ of [1, 2, 3]) check(0);
  assert.equal(check(0), 10);
});
