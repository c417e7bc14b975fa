/** The memory of rooms. */

import assert from "node:assert/strict";
import { runScript } from "../support/run_script.ts";

const ROOT = new URL("../..", import.meta.url).href;

/** The number of clients, and of the rooms of each. */
const CLIENTS = 200;
const ROOMS = 100;

/** Runs a script that prints a number of bytes. */
async function measure(source: string): Promise<number> {
  const flags = ["-A", "--no-check", "--v8-flags=--expose-gc"];
  const { stdout, stderr } = await runScript(flags, PARTS + source);
  assert.equal(stderr, "");
  return parseInt(stdout);
}

const PARTS = `
  import { MemoryStore } from "${ROOT}broker/memory_store.ts";
  import { serverContext } from "${ROOT}tests/support/server_context.ts";
  import { ConnectionLog, ConnectionLines } from "${ROOT}server/connection_log.ts";
  import { FakeTransport } from "${ROOT}tests/rooms/fake_transport.ts";

  const context = serverContext();
  const { rooms: clients } = context;
  const { rooms } = clients;
  rooms.define("chat:{id}", { authorize: () => true, history: { size: 10 } });
  // Without presence, because it has its own memory.
  rooms.define("hidden:{id}", { authorize: () => true, presence: () => false });

  function open() {
    const transport = new FakeTransport({
      log: new ConnectionLog(context.log, { address: "", network: "" }, new ConnectionLines()),
      features: new Set(["rooms"]),
      maxBuffered: Infinity,
      onSlow: "skip",
      poll: () => Promise.resolve(),
      onClosed: (transport, info) => clients.onClosed(transport, info),
    });
    return { client: {}, transport };
  }

  async function join({ client, transport }, room) {
    const options = { since: null, last: null, echo: true, members: false };
    const request = { kind: "join", id: 1, room, presence: null, ...options };
    await clients.answer(client, transport, request);
    const answer = transport.unread.pop();
    if (!answer?.includes("joined")) throw new Error(answer);
  }

  function used() {
    gc();
    return Deno.memoryUsage().heapUsed;
  }
`;

Deno.test("a member of a room costs at most 200 bytes besides its presence", async () => {
  const bytes = await measure(`
    const peers = Array.from({ length: ${CLIENTS} }, open);
    const names = Array.from({ length: ${ROOMS} }, (_, n) => "hidden:" + n);
    // The rooms, and what a client needs for its first room, are not counted.
    const first = open();
    for (const name of names) await join(first, name);
    for (const peer of peers) await join(peer, "hidden:first");
    const before = used();
    for (const peer of peers) {
      for (const name of names) await join(peer, name);
    }
    console.log((used() - before) / ${CLIENTS * ROOMS});
    await rooms.close();
  `);
  assert(bytes > 50 && bytes <= 200, `${bytes}`);
});

Deno.test("a room without members costs nothing but its history", async () => {
  const bytes = await measure(`
    const peer = open();
    async function visit(from, to) {
      for (let n = from; n < to; n++) {
        const name = "chat:" + n;
        await join(peer, name);
        await clients.answer(peer.client, peer.transport, { kind: "leave", id: 2, room: name });
        peer.transport.unread.length = 0;
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    // Code is compiled, and maps grow.
    await visit(0, 10_000);
    const before = used();
    await visit(10_000, 20_000);
    console.log((used() - before) / 10_000);
    await rooms.close();
  `);
  assert(bytes < 30, `${bytes}`);
});

Deno.test("the history of a room counts as much as it takes", async () => {
  for (const [rooms, each] of [[20_000, 1], [1, 20_000]] as const) {
    const share = await measure(`
      const store = new MemoryStore({ maxHistory: Infinity });
      const history = { size: ${each}, ttl: Infinity, maxBytes: Infinity };
      async function fill(prefix) {
        for (let n = 0; n < ${rooms * each}; n++) {
          const payload = JSON.stringify({ message: "say", data: { n } });
          const room = prefix + n % ${rooms};
          await store.publish(room, payload, { history, key: undefined });
        }
      }
      // Code is compiled.
      await fill("first");
      const [memory, size] = [used(), store.size];
      await fill("second");
      console.log(100 * (store.size - size) / (used() - memory));
      await rooms.close();
    `);
    assert(share > 70 && share < 150, `${rooms} rooms: ${share} %`);
  }
});
