/**
 * A node of the chaos test: a server in a process of its own. It prints its port, and ends
 * with its parent process.
 *
 * @module
 */

import { ApplicationError, serve, type Server } from "@hoist/cli";
import {
  type Message,
  type NodeSettings,
  PUBLISH,
  ROOMS,
  SAY,
  TOKEN,
} from "./commands.ts";
import { breakEngine } from "./controls.ts";
import { openEngine } from "./open_engine.ts";

/** Longer than everything that a run does to an engine. */
const HISTORY = { size: 100_000, ttl: 3_600_000 };

const settings: NodeSettings = JSON.parse(Deno.args[0] ?? "{}");
const { hostname, control } = settings;
const engine = await openEngine(settings);
const server = serve(TOKEN, {
  ...{ hostname, port: 0, logLevel: "warn" },
  broker: control === undefined ? engine : breakEngine(engine, control),
});
server.defineRoom(ROOMS, {
  history: HISTORY,
  authorize: () => true,
  publish: true,
});
server.operation(PUBLISH, (data) => publish(server, Object(data)));
console.log(server.addr.port);
await Deno.stdin.readable.pipeTo(new WritableStream());
Deno.exit();

/** Publishes a message of the server. Its key allows a client to ask again. */
async function publish(server: Server, { room, author, n }: Message) {
  const key = `${author}.${n}`;
  try {
    const { position } = await server.room(room)
      .broadcast(SAY, { author, n }, { key });
    return { position };
  } catch (error) {
    throw new ApplicationError("not published", { message: String(error) });
  }
}
