/**
 * The sides of a comparison: this library with bare Deno and other libraries, or one way
 * to use this library with another way.
 *
 * @module
 */

import {
  type ContenderName,
  LABELS as CONTENDER_LABELS,
  PEERS,
} from "./contenders.ts";

/** The ways to use this library that some sections compare. */
export type WayName =
  /** A program with a contract and schemas */
  | "contract"
  /** The same program without a contract and schemas */
  | "names"
  /** Rows as the items of a stream */
  | "stream"
  /** An operation call for each row */
  | "calls"
  /** An operation call for each chunk of rows */
  | "chunks"
  /** A broadcast to all clients */
  | "broadcast"
  /** A room without a history */
  | "room"
  /** A room with a history */
  | "kept-room"
  /** OpenTelemetry, with spans for the requests of callers with a span */
  | "linked-spans"
  /** OpenTelemetry, without spans */
  | "no-spans"
  /** No OpenTelemetry */
  | "untraced"
  /** The client of an engine such as Redis, without a library of rooms */
  | "engine"
  /** The same client, which does not wait until the engine has the messages */
  | "unacknowledged";

/** The WebSockets of clients that a section compares. */
export type SocketName =
  /** That of this package, on Deno */
  | "socket"
  /** That of Deno */
  | "runtime-socket"
  /** That of npm's `ws`, on Node */
  | "ws-client";

/** The name of a side. */
export type SubjectName = ContenderName | WayName | SocketName;

/** The sides of a comparison. */
export interface Sides {
  /** The side that is judged */
  readonly ours: SubjectName;
  /** The side that ratios are relative to */
  readonly base: SubjectName;
  readonly others: readonly SubjectName[];
}

/** This library, bare Deno and the other libraries. */
export const USUAL: Sides = { ours: "hoist", base: "bare", others: PEERS };

/** The labels of the sides in the table. */
export const LABELS: Readonly<Record<SubjectName, string>> = {
  ...CONTENDER_LABELS,
  contract: "contract",
  names: "names only",
  stream: "a stream",
  calls: "calls",
  chunks: "chunks",
  broadcast: "broadcast",
  room: "room",
  "kept-room": "with history",
  "linked-spans": "linked",
  "no-spans": "no spans",
  untraced: "off",
  engine: "raw client",
  unacknowledged: "no ack",
  socket: "own socket",
  "runtime-socket": "Deno's",
  "ws-client": "ws on Node",
};
