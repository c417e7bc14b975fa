/**
 * This library. The first argument is the port, the second the log level, the third the option
 * `spans`.
 */

import { type LogLevel, serve, type TelemetryOptions } from "@hoist/cli";
import { NEWS } from "./bare_protocol.mjs";

const [port = "0", logLevel = "warn", spans] = Deno.args;

const server = serve("test", {
  hostname: "127.0.0.1",
  port: Number(port),
  logLevel: logLevel as LogLevel,
  spans: spans as TelemetryOptions["spans"],
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
// The history of a room without members would otherwise keep its messages for ever.
const history = { size: 1_000, ttl: 60_000 };
const authorize = () => true;
server.defineRoom("live", { authorize });
server.defineRoom("kept", { authorize, history });
server.defineRoom("idle", {});
server.defineRoom("idle kept", { history });
server.defineRoom("own:{client}:{n}", { authorize });
// What a member shows is up to the application, so it does not count as memory of rooms.
server.defineRoom("shared:{n}", { authorize, presence: () => false });
const sendTo = async (room: string, times: number) => {
  const send = () => server.room(room).broadcast("news", NEWS);
  await Promise.all(Array.from({ length: times }, send));
};
server.operation("room", ({ times }) => sendTo("live", Number(times)));
server.operation("kept room", ({ times }) => sendTo("kept", Number(times)));
server.operation("publish", ({ times, isKept }) => {
  return sendTo(isKept === 1 ? "idle kept" : "idle", Number(times));
});
server.operation("heap", () => {
  (globalThis as { gc?(): void }).gc?.();
  return Deno.memoryUsage().heapUsed;
});
server.operation("collect", () => (globalThis as { gc?(): void }).gc?.());
console.log(server.addr.port);
