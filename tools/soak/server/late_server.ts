/**
 * A small server that starts after its client. It prints its port, and closes on command.
 *
 * @module
 */

import { serve } from "@hoist/cli";
import { answerLines } from "../../lib/lines.ts";
import { TOKEN } from "../commands.ts";

/** The answer to the command, after the server has closed. */
export interface LateReport {
  /** The calls of `onConnect` and of `onDisconnect` */
  readonly connected: number;
  readonly disconnected: number;
}

let connected = 0;
let disconnected = 0;

const server = serve(TOKEN, {
  hostname: "127.0.0.1",
  port: 0,
  logLevel: "error",
  onConnect: () => void connected++,
  onDisconnect: () => void disconnected++,
});
server.operation("echo", (data) => data);
server.defineRoom("late", {
  history: { size: 10 },
  authorize: () => true,
  publish: true,
});

async function close(): Promise<LateReport> {
  await server.close();
  return { connected, disconnected };
}

console.log(server.addr.port);
await answerLines(close);
