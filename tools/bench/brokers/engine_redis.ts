/**
 * The client of Redis, used directly.
 *
 * @module
 */

import type { NodeSettings } from "./commands.ts";

/** The last messages that are kept. */
const SIZE = "1000";

/**
 * Stores a message and publishes it with its number. A client needs the number to read later what
 * it has missed.
 */
const SCRIPT = `
  local id = redis.call("XADD", KEYS[1], "MAXLEN", ARGV[2], "*", "m", ARGV[1])
  redis.call("PUBLISH", KEYS[2], id .. " " .. ARGV[1])
  return id`;

/** Connects; returns the function that publishes a text. */
export async function openRedis(
  { port, isKept }: NodeSettings,
  receive: (text: string) => void,
): Promise<(text: string) => Promise<unknown>> {
  // The specifier is not a literal, so that the lock file of the package has no such package.
  const { Redis } = await import(["npm:ioredis", "6.0.0"].join("@"));
  const [publisher, subscriber] = [new Redis(port), new Redis(port)];
  subscriber.on("message", (_: string, text: string) => receive(text));
  await subscriber.subscribe("live");
  if (!isKept) return (text) => publisher.publish("live", text);
  publisher.defineCommand("store", { numberOfKeys: 2, lua: SCRIPT });
  return (text) => publisher.store("kept", "live", text, SIZE);
}
