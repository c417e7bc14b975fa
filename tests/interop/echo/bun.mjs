/** An echo server on Bun. */

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: (request, server) =>
    server.upgrade(request) ? undefined : new Response(),
  websocket: {
    maxPayloadLength: 2 ** 26,
    message(socket, data) {
      if (data === "close") return socket.close(4321, "bye");
      if (data === "ping") return socket.ping("x".repeat(125));
      socket.send(data);
    },
    pong: (socket, data) => socket.send(`pong ${data.length}`),
  },
});
console.log(server.port);
