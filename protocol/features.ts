/**
 * The extensions of Hoist 1 that both sides can agree on at the login:
 * docs/reference/protocol.md, "Extensions".
 *
 * @module
 */

/** The name of an extension, as it is sent in the field `features` */
export type Feature =
  /** A frame can be an array of frames. */
  | "batch"
  /** A request can contain its timeout, and the client can cancel any request. */
  | "cancel"
  /** The frame `done` contains the number of the message, and `open` is omitted. */
  | "done-id"
  /** The client sends pings, and the server answers each with a pong. */
  | "heartbeat"
  /** The answer to the login contains the largest frame that the server accepts. */
  | "max-payload"
  /** The server asks for a new token before the token of the client expires. */
  | "renew"
  /** The server can send requests, and the client reports when its listeners finished. */
  | "request"
  /** A client can continue a stream after the last item that arrived. */
  | "resume"
  /** A server that shuts down tells each client when to reconnect. */
  | "retry"
  /** A client can join rooms, and the server sends the messages that the client missed. */
  | "rooms"
  /** An operation can return a stream of items, with flow control. */
  | "stream";

/** The extensions that this package supports, on both sides. */
export const FEATURES: readonly Feature[] = [
  "batch",
  "cancel",
  "done-id",
  "heartbeat",
  "max-payload",
  "renew",
  "request",
  "resume",
  "retry",
  "rooms",
  "stream",
];

/**
 * The WebSocket subprotocol of this package. It does not depend on extensions, because
 * it is negotiated before the login.
 */
export const SUBPROTOCOL = "hoist.v1";

/**
 * The subprotocol that a client offers in addition if it sends heartbeats. The server
 * never selects it: it only has to know this before the login, at the upgrade.
 */
export const HEARTBEAT_SUBPROTOCOL = "hoist.heartbeat";

/** No extension, as with a peer of Hoist 1. */
export const NO_FEATURES: ReadonlySet<Feature> = new Set();

/** The sets that were returned so far, which thousands of connections share. */
const known = new Map<string, ReadonlySet<Feature>>();

/**
 * Returns the extensions that both sides support.
 *
 * @param named The extensions that the other side named
 */
export function commonFeatures(
  named: readonly unknown[],
): ReadonlySet<Feature> {
  const common = FEATURES.filter((feature) => named.includes(feature));
  const key = common.join();
  const set = known.get(key) ?? new Set(common);
  known.set(key, set);
  return set;
}
