/** This library. The first argument is the port, the second the log level. */

import { type LogLevel, serve } from "@hoist/cli";
import { NEWS } from "./bare_protocol.mjs";

const [port = "0", logLevel = "warn"] = Deno.args;

const server = serve("test", {
  hostname: "127.0.0.1",
  port: Number(port),
  logLevel: logLevel as LogLevel,
  // All limits are checked, but the load does not reach them: it comes from one address
  // and from few clients.
  limits: {
    maxConnections: 100_000,
    maxConnectionsPerAddress: 100_000,
    maxRate: 10_000_000,
  },
});
server.receive("hello", () => {});
server.operation("add", ({ a, b }) => Number(a) + Number(b));
server.operation("broadcast", async ({ times }) => {
  const length = Number(times);
  const send = () => server.broadcast("news", NEWS);
  await Promise.all(Array.from({ length }, send));
});
server.operation("collect", () => (globalThis as { gc?(): void }).gc?.());
console.log(server.addr.port);
