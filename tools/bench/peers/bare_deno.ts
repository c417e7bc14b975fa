/** A bare `Deno.serve` with the native upgrade: the limit of the platform. */

import { BareClient, Clients } from "./bare_protocol.mjs";

const clients = new Clients();
const port = Number(Deno.args[0] ?? 0);

const server = Deno.serve(
  { hostname: "127.0.0.1", port, onListen: () => {} },
  (request) => {
    if (request.headers.get("upgrade") !== "websocket") {
      return Response.json({ version: "1.0.0" });
    }
    const { socket, response } = Deno.upgradeWebSocket(request);
    const client = new BareClient(socket, clients);
    socket.onmessage = ({ data }) => client.receive(data);
    socket.onclose = () => client.onClosed();
    return response;
  },
);
console.log(server.addr.port);
