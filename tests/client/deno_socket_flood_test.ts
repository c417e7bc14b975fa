/** A socket of a client whose server sends more than the client can read. */

import assert from "node:assert/strict";
import { type Certificate, makeCertificate } from "../support/certificate.ts";
import { RecordedSocket } from "../support/deno_socket.ts";
import { encodeFrame, joinBytes } from "../support/websocket_frames.ts";

/** The code of a server in a thread, which sends the same frames again and again. */
function flood(certificate: Certificate | undefined): string {
  const module = import.meta.resolve("../support/scripted_server.ts");
  return `
  import { ScriptedServer } from ${JSON.stringify(module)};
  const server = new ScriptedServer(${JSON.stringify(certificate)});
  self.onmessage = async ({ data }) => {
    const peer = await server.open();
    const stop = () => self.close();
    for (;;) await peer.write(data).catch(stop);
  };
  self.postMessage(server.port);
  `;
}

/** Keeps the program busy, like the listener of a message. */
function work(): void {
  const start = performance.now();
  while (performance.now() - start < 0.02);
}

/** Waits for a timer and for another connection. */
async function takeTurn(listener: Deno.TcpListener): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1));
  const { port } = listener.addr;
  const other = await Deno.connect({ hostname: "127.0.0.1", port });
  (await listener.accept()).close();
  other.close();
}

/** The most bytes that are read without a turn. With 20 ms of work, it is far less. */
const MAX_READ = 2_000_000;

// Over TLS, no read fills a large buffer.
for (const [how, isSecure] of [["TCP", false], ["TLS", true]] as const) {
  Deno.test(`other work has its turn while a server sends more than the client can read over ${how}`, async () => {
    const certificate = isSecure ? makeCertificate() : undefined;
    const source = `data:text/typescript,${
      encodeURIComponent(flood(certificate))
    }`;
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const server = new Worker(source, { type: "module" });
    try {
      const port = await new Promise<number>((resolve) =>
        server.onmessage = ({ data }) => resolve(data)
      );
      const frame = encodeFrame("x".repeat(120), { mask: null });
      server.postMessage(joinBytes(Array(2_000).fill(frame)));
      const url = `${isSecure ? "wss" : "ws"}://localhost:${port}`;
      const caCerts = certificate && [certificate.cert];
      const client = new RecordedSocket(url, [], { caCerts });
      const { socket } = client;
      let before = 0;
      client.messages.push = () => {
        work();
        // Without a turn, only this can end the test.
        if (socket.bytesReceived - before > MAX_READ) socket.terminate();
        return 0;
      };
      await client.opened;
      for (let turn = 0; turn < 10;) {
        before = socket.bytesReceived;
        await takeTurn(listener);
        const read = socket.bytesReceived - before;
        assert(read < MAX_READ, `${read} bytes were read in one turn`);
        if (read > 0) turn++;
      }
      socket.terminate();
      await client.closed;
    } finally {
      server.terminate();
    }
  });
}
