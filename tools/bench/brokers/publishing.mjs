/**
 * What the nodes of all kinds do the same: they publish messages at fixed times, or as fast
 * as possible. It runs in Deno and in Node.
 */

import process from "node:process";
import { createInterface } from "node:readline";

/** The number of messages in progress. */
const IN_PROGRESS = 64;

/** Makes each message about 100 bytes long. */
const PADDING = "x".repeat(48);

/**
 * Carries out commands from standard input.
 *
 * @param {(data: { at: number, padding: string }) => unknown} publish Publishes one message
 */
export async function answerCommands(publish) {
  const send = () => publish({ at: now(), padding: PADDING });
  for await (const line of createInterface({ input: process.stdin })) {
    const command = JSON.parse(line);
    if (command.do === "pace") await pace(command, send);
    else await flood(command, send);
    process.stdout.write("{}\n");
  }
  process.exit();
}

/** Returns the time that processes of one machine share, in milliseconds. */
export function now() {
  return performance.timeOrigin + performance.now();
}

async function pace({ count, every }, send) {
  const start = performance.now();
  for (let sent = 0; sent < count; sent++) {
    await pause(start + sent * every - performance.now());
    await send();
  }
}

async function flood({ count }, send) {
  for (let sent = 0; sent < count; sent += IN_PROGRESS) {
    const length = Math.min(IN_PROGRESS, count - sent);
    await Promise.all(Array.from({ length }, send));
    // Programs without acknowledgements let their sockets write.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
