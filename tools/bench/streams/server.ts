/** This library, with rows in each of the ways that are compared. */

import { serve } from "@hoist/cli";
import { chunkOf, rowOf } from "./rows.ts";

/** How many rows the last stream was asked for. */
let made = 0;

const server = serve("test", {
  hostname: "127.0.0.1",
  port: 0,
  logLevel: "warn",
  limits: { maxRate: 10_000_000 },
});
server.operation("rows", async function* ({ count }) {
  for (let n = 0; n < Number(count); n++) {
    made = n + 1;
    yield rowOf(n);
  }
});
server.operation("row", ({ n }) => rowOf(Number(n)));
server.operation(
  "chunk",
  ({ from, size }) => chunkOf(Number(from), Number(size)),
);
server.operation("made", () => made);
server.operation("collect", () => (globalThis as { gc?(): void }).gc?.());
server.operation("heap", () => Deno.memoryUsage().heapUsed);
console.log(server.addr.port);
