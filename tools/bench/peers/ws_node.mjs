/** `ws` on Node. The first argument is the port, the second the folder of packages. */

import { createServer } from "node:http";
import { createRequire } from "node:module";
import process from "node:process";
import { BareClient, Clients } from "./bare_protocol.mjs";

const [port = "0", packages] = process.argv.slice(2);
const { WebSocketServer } = createRequire(`${packages}/`)("ws");
const clients = new Clients();

const http = createServer((_request, response) => {
  response.setHeader("content-type", "application/json");
  response.end('{"version":"1.0.0"}');
});
new WebSocketServer({ server: http }).on("connection", (socket) => {
  const client = new BareClient(socket, clients);
  socket.on("message", (data) => client.receive(data.toString()));
  socket.on("close", () => client.onClosed());
});
http.listen(Number(port), "127.0.0.1", () => {
  console.log(http.address().port);
});
