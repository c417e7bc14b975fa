/** Bun's own WebSocket and its publish. The first argument is the port. */

import process from "node:process";
import { BareClient, broadcastText } from "./bare_protocol.mjs";

const { Bun } = globalThis;
const TOPIC = "news";

const clients = {
  add: (socket) => socket.subscribe(TOPIC),
  // Bun unsubscribes a socket that closes.
  delete: () => {},
  broadcast: () => server.publish(TOPIC, broadcastText()),
  collect: () => Bun.gc(true),
};

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.argv[2] ?? 0),
  fetch(request, server) {
    if (request.headers.get("upgrade") !== "websocket") {
      return Response.json({ version: "1.0.0" });
    }
    if (server.upgrade(request, { data: { client: undefined } })) return;
    return new Response("not a WebSocket upgrade", { status: 400 });
  },
  websocket: {
    idleTimeout: 0,
    open(socket) {
      socket.data.client = new BareClient(socket, clients);
    },
    message(socket, text) {
      socket.data.client.receive(text);
    },
    close(socket) {
      socket.data.client.onClosed();
    },
  },
});
console.log(server.port);
