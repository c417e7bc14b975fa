/**
 * An echo server at `/echo` and a Hoist server, on one port, for the clients of the bench.
 *
 * @module
 */

import { Server } from "../../../server.ts";

// A fast client sends more than the default limit allows.
const limits = { maxRate: 10_000_000 };
const hoist = new Server("bench", { logLevel: "error", limits });
hoist.operation("echo", ({ text }) => text as string);

function echo(request: Request): Response {
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.onmessage = ({ data }) => socket.send(data);
  return response;
}

Deno.serve(
  {
    hostname: "127.0.0.1",
    port: 0,
    onListen: ({ port }) => console.log(port),
  },
  (request, info) =>
    new URL(request.url).pathname === "/echo"
      ? echo(request)
      : hoist.fetch(request, info),
);
