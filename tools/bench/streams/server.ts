/** The server of the streams: this library, with rows in each of the compared ways. */

import { serve } from "@hoist/cli";
import { chunkOf, rowOf } from "./rows.ts";

/** The number of rows that the last stream has produced. */
let produced = 0;

const server = serve("test", {
  hostname: "127.0.0.1",
  port: 0,
  logLevel: "warn",
  limits: { maxRate: 10_000_000 },
});
server.operation("rows", async function* ({ count }) {
  for (let n = 0; n < Number(count); n++) {
    produced = n + 1;
    yield rowOf(n);
  }
});
server.operation("row", ({ n }) => rowOf(Number(n)));
server.operation(
  "chunk",
  ({ from, size }) => chunkOf(Number(from), Number(size)),
);
server.operation("produced", () => produced);
server.operation("collect", () => (globalThis as { gc?(): void }).gc?.());
server.operation("heap", () => Deno.memoryUsage().heapUsed);
console.log(server.addr.port);
