/** An echo server with `ws` on Node. The argument is the folder of the packages. */

import { createRequire } from "node:module";
import process from "node:process";

const { WebSocketServer } = createRequire(`${process.argv[2]}/`)("ws");
const options = { host: "127.0.0.1", port: 0, maxPayload: 2 ** 26 };
const server = new WebSocketServer(options, () => {
  console.log(server.address().port);
});
server.on("connection", (socket) => {
  socket.on("message", (data, isBinary) => {
    const text = String(data);
    if (text === "close") return socket.close(4321, "bye");
    if (text === "ping") return socket.ping("x".repeat(125));
    if (text !== "fragments") return socket.send(data, { binary: isBinary });
    socket.send("Gr", { fin: false });
    socket.ping();
    socket.send("ü", { fin: false });
    socket.send("ße");
  });
  socket.on("pong", (data) => socket.send(`pong ${data.length}`));
});
