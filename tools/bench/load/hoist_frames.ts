/**
 * The frames of a Hoist client.
 *
 * @module
 */

/** The token of every server in the bench. */
export const TOKEN = "test";

/** The version of the clients in the bench. */
export const VERSION = "1.0.0";

/** The extensions that our client requests at the login. */
export const FEATURES: readonly string[] = [
  "batch",
  "cancel",
  "done-id",
  "heartbeat",
  "max-payload",
  "renew",
  "request",
  "resume",
  "rooms",
  "stream",
  "trace",
];

/** Returns the login of a client. */
export function loginText(features: readonly string[]): string {
  const wanted = features.length === 0 ? {} : { features };
  return JSON.stringify({ id: 0, token: TOKEN, version: VERSION, ...wanted });
}

/** Returns an operation call. */
export function operationText(id: number, name: string, data = {}): string {
  const call = { operation: name, data };
  return JSON.stringify({ id, action: "operation", data: call });
}

/** Returns the join of a room, without its members. */
export function joinText(id: number, room: string): string {
  const data = { room, members: false };
  return JSON.stringify({ id, action: "join", data });
}

/** Returns a message without replies. */
export function messageText(id: number): string {
  const data = { message: "hello", data: { n: 1 }, replying: null };
  return JSON.stringify({ id, action: "message", data });
}

/** The operation of most requests. */
export function addText(id: number): string {
  return operationText(id, "add", { a: 1, b: 2 });
}

/** The last frame of a client. */
export const GOODBYE = JSON.stringify({ id: null, end: true });

/** Returns the problem with the answer to a login; `undefined` for a success. */
export function loginProblem(
  text: string,
  features: readonly string[],
): string | undefined {
  const { success, error, data } = JSON.parse(text);
  if (success !== true) return `the server rejected the login: ${error}`;
  const accepted: unknown[] = data?.features ?? [];
  const missing = features.filter((feature) => !accepted.includes(feature));
  if (missing.length === 0) return undefined;
  return `the server does not support ${missing.join(" and ")}`;
}
