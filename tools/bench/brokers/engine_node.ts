/**
 * A server that uses the client of an engine directly, as a program without any library would:
 * what it receives from the engine, it sends to all its WebSockets.
 *
 * @module
 */

import type { NodeSettings } from "./commands.ts";
import { openNats } from "./engine_nats.ts";
import { openRedis } from "./engine_redis.ts";
import { answerCommands } from "./publishing.mjs";

const settings: NodeSettings = JSON.parse(Deno.args[0] ?? "{}");
const sockets = new Set<WebSocket>();
const open = settings.engine === "nats" ? openNats : openRedis;
const publish = await open(settings, (text) => {
  for (const socket of sockets) socket.send(text);
});

Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => console.log(port),
}, (request) => {
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.onopen = () => sockets.add(socket);
  socket.onclose = () => sockets.delete(socket);
  return response;
});

await answerCommands((data) => publish(JSON.stringify(data)));
