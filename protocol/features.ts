/**
 * What a client and a server can agree on beyond Hoist 1: docs/protocol.md,
 * "Extensions".
 *
 * @module
 */

/** An extension that both sides may name at the login. */
export type Feature =
  /** A frame may be an array of frames */
  | "batch"
  /** `done` carries the number of the message, and `open` is left out */
  | "done-id"
  /** The answer to the login says how large a frame may be */
  | "max-payload"
  /** The server may ask, and is told when the listeners of the client are done */
  | "request"
  /** A server that goes down says when to come back, each client at another time */
  | "retry"
  /** An operation may give a stream of items, no faster than its caller takes them */
  | "stream";

/** What this package speaks, on both sides. */
export const FEATURES: readonly Feature[] = [
  "batch",
  "done-id",
  "max-payload",
  "request",
  "retry",
  "stream",
];

/** What a WebSocket between two of this package carries: no feature, as there is no login yet. */
export const SUBPROTOCOL = "hoist.v1";

/** Nothing: what a side of Hoist 1 speaks. */
export const NO_FEATURES: ReadonlySet<Feature> = new Set();

/** The sets there are: a server with thousands of clients would have one for each. */
const known = new Map<string, ReadonlySet<Feature>>();

/** Those of the features that the other side names which this side speaks, too. */
export function commonFeatures(
  named: readonly unknown[],
): ReadonlySet<Feature> {
  const common = FEATURES.filter((feature) => named.includes(feature));
  const key = common.join();
  const set = known.get(key) ?? new Set(common);
  known.set(key, set);
  return set;
}
