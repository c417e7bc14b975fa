/**
 * `socket.io` on Node, WebSocket transport only, with acknowledgements. The first
 * argument is the port, the second the folder of packages.
 */

import { createServer } from "node:http";
import { createRequire } from "node:module";
import process from "node:process";
import { broadcastMessage, carryOut, success } from "./bare_protocol.mjs";

const [port = "0", packages] = process.argv.slice(2);
const { Server } = createRequire(`${packages}/`)("socket.io");

const http = createServer((_request, response) => {
  response.setHeader("content-type", "application/json");
  response.end('{"version":"1.0.0"}');
});
const io = new Server(http, { transports: ["websocket"] });
const clients = {
  broadcast: () => io.emit("s_newmsg", broadcastMessage()),
  sendToRoom: () => io.to("live").emit("r_newmsg", broadcastMessage()),
  collect: () => globalThis.gc(),
};

function answer(socket, frame) {
  if (frame.action === "join") {
    socket.join(frame.data.room);
    return success(frame.id, null, "joined");
  }
  if (frame.action === "message") return success(frame.id, null, "done");
  const result = carryOut(frame.data, clients);
  return success(frame.id, { result }, null);
}

io.use((socket, next) => {
  const isValid = socket.handshake.auth.token === "test";
  next(isValid ? undefined : new Error("wrong token"));
});
io.on("connection", (socket) => {
  socket.on("request", (frame, acknowledge) => {
    if (!Number.isSafeInteger(frame.id)) return socket.disconnect(true);
    acknowledge(answer(socket, frame));
  });
});
http.listen(Number(port), "127.0.0.1", () => {
  console.log(http.address().port);
});
