/**
 * A server of this library with a broker. It prints its port, and publishes on command.
 *
 * @module
 */

import { serve } from "@hoist/cli";
import { answerCommands } from "./publishing.mjs";
import type { NodeSettings } from "./commands.ts";
import { loadModule } from "./load_module.ts";

const ROOM = "live";

const { engine, port, isKept }: NodeSettings = JSON.parse(Deno.args[0] ?? "{}");
const server = serve("test", {
  ...{ hostname: "127.0.0.1", port: 0, logLevel: "warn" },
  broker: await openBroker(),
});
server.defineRoom(ROOM, {
  ...(isKept ? { history: { size: 1_000, ttl: 600_000 } } : {}),
  authorize: () => true,
});
await server.cluster.ready;
const room = server.room(ROOM);
console.log(server.addr.port);
await answerCommands((data) => room.broadcast("news", data));

async function openBroker() {
  const module = await loadModule(engine);
  return engine === "nats"
    ? module.nats({ servers: [`nats://127.0.0.1:${port}`] })
    : module.redis({ url: `redis://127.0.0.1:${port}` });
}
