/** A bare `Deno.serve` with the native upgrade: what the platform can do. */

import { BareClient, Room } from "./bare_protocol.mjs";

const room = new Room();
const port = Number(Deno.args[0] ?? 0);

const server = Deno.serve(
  { hostname: "127.0.0.1", port, onListen: () => {} },
  (request) => {
    if (request.headers.get("upgrade") !== "websocket") {
      return Response.json({ version: "1.0.0" });
    }
    const { socket, response } = Deno.upgradeWebSocket(request);
    const client = new BareClient(socket, room);
    socket.onmessage = ({ data }) => client.receive(data);
    socket.onclose = () => client.leave();
    return response;
  },
);
console.log(server.addr.port);
