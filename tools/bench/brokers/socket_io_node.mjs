/**
 * A server of socket.io with an adapter for Redis, on Node. The first argument has the
 * settings, the second is the folder of packages.
 */

import { createServer } from "node:http";
import { createRequire } from "node:module";
import process from "node:process";
import { answerCommands } from "./publishing.mjs";

const [settings = "{}", packages] = process.argv.slice(2);
const { port, isKept } = JSON.parse(settings);
const load = createRequire(`${packages}/`);
const { Server } = load("socket.io");
const { createClient } = load("redis");

const http = createServer();
const io = new Server(http, {
  transports: ["websocket"],
  adapter: isKept ? await createStreams() : await createPubSub(),
  ...(isKept ? { connectionStateRecovery: {} } : {}),
});
io.on("connection", (socket) => {
  socket.on("join", (room, acknowledge) => {
    socket.join(room);
    acknowledge();
  });
});
http.listen(0, "127.0.0.1", () => console.log(http.address().port));
await answerCommands((data) => io.to("live").emit("news", data));

async function connect() {
  const client = createClient({ url: `redis://127.0.0.1:${port}` });
  await client.connect();
  return client;
}

async function createPubSub() {
  const { createAdapter } = load("@socket.io/redis-adapter");
  return createAdapter(await connect(), await connect());
}

async function createStreams() {
  const { createAdapter } = load("@socket.io/redis-streams-adapter");
  return createAdapter(await connect());
}
