/**
 * Token-protected WebSocket server and client for Deno that exchange named messages,
 * operations, streams and broadcasts. They speak the Hoist 1 protocol of the Python
 * package Hoist.
 *
 * This example runs a server and a client in one program:
 *
 * @example
 * ```ts
 * import { connect, serve } from "@hoist/cli";
 * import assert from "node:assert/strict";
 *
 * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
 * server.receive("hello", (message) => {
 *   message.reply("hi", { text: `welcome, ${message.data.name}` });
 * });
 *
 * await using connection = await connect("test", { url: server.url });
 * const sent = await connection.message("hello", { name: "Ada" });
 * assert.equal(sent.replies[0]?.data.text, "welcome, Ada");
 * ```
 *
 * If this module is the main program, it runs the command line:
 * `deno run -N jsr:@hoist/cli`. Web pages can import it for the client, although
 * `@hoist/cli/client` is smaller.
 *
 * @module
 */

import { connect } from "./client.ts";

export * from "./client.ts";
export * from "./server.ts";
export { main } from "./cli/program.ts";
export { generateToken, type GenerateTokenOptions } from "./token.ts";
export { VERSION } from "./version.ts";

/** Programs that import the library never load the command line. */
async function runAsProgram(): Promise<never> {
  const { runCommandLine } = await import("./cli/commands.ts");
  // Deno keeps the timer of a WebSocket whose last frame crossed our Close frame, and
  // with it the program, for 15 seconds.
  Deno.exit(await runCommandLine(connect));
}

// Not awaited: `contract check` runs a module that can import this one, and the module would wait
// until this one has run.
if (import.meta.main) void runAsProgram();
