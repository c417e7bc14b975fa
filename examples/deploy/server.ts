/**
 * A server that runs as a service. Its token is in a file, and it ends cleanly at a signal.
 *
 * Usage: server.ts <token file> [hostname] [port]
 */

import { main, serve } from "@hoist/cli";

const [tokenFile = "token", hostname = "127.0.0.1", port = "5000"] = Deno.args;

await main(import.meta, async (signal) => {
  const token = (await Deno.readTextFile(tokenFile)).trim();
  await using server = serve(token, {
    hostname,
    port: Number(port),
    // nginx is in front of the server, so the address of a client is in a header.
    trustProxy: true,
    // One JSON object for each line, which journald and Docker keep.
    logFormat: "json",
    signal,
  });
  server.operation("time", () => new Date().toISOString());
  await server.finished;
});
