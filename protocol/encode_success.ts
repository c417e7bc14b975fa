/**
 * The success frames of a server: docs/reference/protocol.md, "Frames".
 *
 * @module
 */

/** The value of the key `message` of a success frame, which defines the kind of the frame. */
export type SuccessKind =
  | "open"
  | "newmsg"
  | "done"
  | "s_newmsg"
  | "request"
  | "renew"
  | "items"
  | "pong"
  | "joined"
  | "left"
  | "published"
  | "members"
  | "presence"
  | "r_newmsg"
  | "gap"
  | null;

/**
 * Encodes a success of the server.
 *
 * @param id The number of the request; `null` if there is none
 * @param kind What the frame is
 * @param data A JSON string, so that the same data is encoded only once
 */
export function encodeSuccess(
  id: number | null,
  kind: SuccessKind,
  data = "null",
): string {
  const message = kind === null ? "null" : `"${kind}"`;
  return `{"success":true,"data":${data},"error":null,"code":0,"message":${message},"desc":null,"id":${id}}`;
}
