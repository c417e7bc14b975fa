/** Bun's own WebSocket and its publish. The first argument is the port. */

import process from "node:process";
import { BareClient, broadcastText } from "./bare_protocol.mjs";

const { Bun } = globalThis;
const EVERYBODY = "everybody";

const room = {
  join: (socket) => socket.subscribe(EVERYBODY),
  // A socket that closes is unsubscribed by Bun.
  leave: () => {},
  broadcast: () => server.publish(EVERYBODY, broadcastText()),
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
    return new Response("no WebSocket", { status: 400 });
  },
  websocket: {
    idleTimeout: 0,
    open(socket) {
      socket.data.client = new BareClient(socket, room);
    },
    message(socket, text) {
      socket.data.client.receive(text);
    },
    close(socket) {
      socket.data.client.leave();
    },
  },
});
console.log(server.port);
