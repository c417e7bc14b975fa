/**
 * The frames of a Hoist client: ../../docs/protocol.md, "Frames".
 *
 * @module
 */

/** The token that every server of the bench asks for. */
export const TOKEN = "test";

/** The version that the clients of the bench have. */
export const VERSION = "1.0.0";

/** What our client asks for at the login. */
export const FEATURES: readonly string[] = [
  "batch",
  "done-id",
  "max-payload",
  "request",
  "stream",
];

/** The login of a client. */
export function loginText(features: readonly string[]): string {
  const wanted = features.length === 0 ? {} : { features };
  return JSON.stringify({ id: 0, token: TOKEN, version: VERSION, ...wanted });
}

/** The call of an operation. */
export function operationText(id: number, name: string, data = {}): string {
  const call = { operation: name, data };
  return JSON.stringify({ id, action: "operation", data: call });
}

/** A message that nobody replies to. */
export function messageText(id: number): string {
  const data = { message: "hello", data: { n: 1 }, replying: null };
  return JSON.stringify({ id, action: "message", data });
}

/** What most of the requests ask for. */
export function addText(id: number): string {
  return operationText(id, "add", { a: 1, b: 2 });
}

/** The last frame of a client. */
export const GOODBYE = JSON.stringify({ id: null, end: true });

/** What is wrong with the answer to a login; `undefined` if it is a welcome. */
export function loginProblem(
  text: string,
  features: readonly string[],
): string | undefined {
  const { success, error, data } = JSON.parse(text);
  if (success !== true) return `the login was refused: ${error}`;
  const accepted: unknown[] = data?.features ?? [];
  const missing = features.filter((feature) => !accepted.includes(feature));
  if (missing.length === 0) return undefined;
  return `the server does not speak ${missing.join(" and ")}`;
}
