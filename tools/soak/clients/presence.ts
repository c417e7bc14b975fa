/**
 * Finding out whether a client is still connected.
 *
 * @module
 */

import { connect, type Connection } from "@hoist/cli";
import { TIMEOUT, TOKEN } from "../commands.ts";
import type { Visit } from "./visit.ts";

const OPTIONS = { timeout: 2 * TIMEOUT };

/** The longest time until the server notices, in milliseconds. */
const LIMIT = TIMEOUT;

/** Lets the server know the client by a name, for `isGone`. */
export async function introduce(
  connection: Connection,
  name: string,
): Promise<void> {
  // On a busy machine, a client with short heartbeats can give up its connection before.
  const options = { ...OPTIONS, idempotent: true };
  await connection.operation("watch me", { nonce: name, name }, options);
}

/** Returns whether the server has disconnected the client. Another client asks. */
export async function isGone({ port, name }: Visit): Promise<boolean> {
  const url = `http://127.0.0.1:${port}`;
  await using connection = await connect(TOKEN, { url, timeout: TIMEOUT });
  const data = { nonce: name, name, limit: LIMIT };
  const result = await connection.operation("gone", data, OPTIONS);
  return Object(result).gone === true;
}
