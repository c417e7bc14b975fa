/**
 * The extensions of Hoist 1 that both sides can agree on at the login, and the rules of
 * heartbeats: docs/reference/protocol.md, "Extensions".
 *
 * @module
 */

import { isJsonObject, type Json } from "../common/json.ts";

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
  /** A server that shuts down sends each client a delay for its reconnect. */
  | "retry"
  /** A client can join rooms, and the server sends the messages that the client missed. */
  | "rooms"
  /** An operation can return a stream of items, with flow control. */
  | "stream"
  /** A request can name the span that it belongs to. */
  | "trace";

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
  "trace",
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

/** When a client sends a ping, and how long it waits for the answer. */
export interface HeartbeatRules {
  /** The longest time without a frame in one of the directions, in milliseconds */
  readonly interval: number;
  /** The time that the server has to answer a ping, in milliseconds */
  readonly timeout: number;
}

/** The smallest `interval` and `timeout`, in milliseconds. One ping a second is free. */
export const MIN_HEARTBEAT = 1_000;

/** The largest `interval` and `timeout`, in milliseconds. */
export const MAX_HEARTBEAT = 600_000;

/** What the key `heartbeat` of a login must be */
export const HEARTBEAT_FORM =
  `"heartbeat" must have the keys "interval" and "timeout", whole numbers of milliseconds from ${MIN_HEARTBEAT} to ${MAX_HEARTBEAT}`;

/**
 * Returns the rules that a client states in its login.
 *
 * @param value The value of the key `heartbeat`
 * @returns The rules; `undefined` if they are invalid
 */
export function heartbeatOf(value: Json): HeartbeatRules | undefined {
  if (!isJsonObject(value)) return undefined;
  const { interval, timeout } = value;
  return isPeriod(interval) && isPeriod(timeout)
    ? { interval, timeout }
    : undefined;
}

function isPeriod(value: Json | undefined): value is number {
  return Number.isInteger(value) && Number(value) >= MIN_HEARTBEAT &&
    Number(value) <= MAX_HEARTBEAT;
}
