/** A socket of a client whose server sends more than the client can read. */

import assert from "node:assert/strict";
import { RecordedSocket } from "../support/deno_socket.ts";
import { encodeFrame, joinBytes } from "../support/websocket_frames.ts";

/** A server in a thread of its own, which sends the same frames again and again. */
const FLOOD = `
import { ScriptedServer } from ${
  JSON.stringify(import.meta.resolve("../support/scripted_server.ts"))
};
const server = new ScriptedServer();
self.onmessage = async ({ data }) => {
  const peer = await server.open();
  const stop = () => self.close();
  for (;;) await peer.write(data).catch(stop);
};
self.postMessage(server.url);
`;

/** Keeps the program busy, like the listener of a message. */
function work(): number {
  const start = performance.now();
  while (performance.now() - start < 0.02);
  return 0;
}

Deno.test("timers have their turn while a server sends more than the client can read", async () => {
  const source = `data:text/typescript,${encodeURIComponent(FLOOD)}`;
  const server = new Worker(source, { type: "module" });
  try {
    const url = await new Promise<string>((resolve) =>
      server.onmessage = ({ data }) => resolve(data)
    );
    const frame = encodeFrame("x".repeat(120), { mask: null });
    server.postMessage(joinBytes(Array(2_000).fill(frame)));
    const client = new RecordedSocket(url);
    client.messages.push = work;
    await client.opened;
    const { socket } = client;
    for (let turn = 0; turn < 10;) {
      const before = socket.bytesReceived;
      await new Promise((resolve) => setTimeout(resolve, 1));
      const read = socket.bytesReceived - before;
      assert(read < 2_000_000, `${read} bytes were read in one turn`);
      if (read > 0) turn++;
    }
    socket.terminate();
    await client.closed;
  } finally {
    server.terminate();
  }
});
