/**
 * The frames of a client that are not in Hoist 1: docs/protocol.md, "Extensions".
 *
 * @module
 */

import type { Feature } from "./features.ts";
import { type InvalidFrame, mismatch } from "./invalid.ts";
import { isId, isJsonObject, type JsonObject } from "./json.ts";

/** A client calls an operation that gives a stream: docs/protocol.md, `stream` */
export interface StreamRequest {
  /** Tells the frames apart */
  readonly kind: "stream";
  /** The number with which the items and the end of the stream are sent back */
  readonly id: number;
  /** The name of the operation */
  readonly name: string;
  /** The arguments of the operation */
  readonly data: JsonObject;
  /** How many items the client takes before it grants more */
  readonly credit: number;
}

/** A client takes more items of a stream: docs/protocol.md, `stream` */
export interface CreditFrame {
  /** Tells the frames apart */
  readonly kind: "credit";
  /** The number of the request that began the stream */
  readonly id: number;
  /** How many more */
  readonly credit: number;
}

/** A client takes no more items of a stream: docs/protocol.md, `stream` */
export interface CancelFrame {
  /** Tells the frames apart */
  readonly kind: "cancel";
  /** The number of the request that began the stream */
  readonly id: number;
}

/** The listeners of a client to a request are done: docs/protocol.md, `request` */
export interface RequestDone {
  /** Tells the frames apart */
  readonly kind: "done";
  /** The number of the message that asked */
  readonly id: number;
  /** Whether one of them failed */
  readonly failed: boolean;
}

/** A frame of a client that is about what is under way, and has no answer */
export type ControlFrame = CreditFrame | CancelFrame | RequestDone;

/** Any frame of a client that is not in Hoist 1 */
export type ExtensionFrame = StreamRequest | ControlFrame;

/** Reads a frame whose action is not in Hoist 1; `undefined` if nobody agreed to it. */
export function readExtension(
  id: number,
  action: string,
  data: JsonObject,
  features: ReadonlySet<Feature>,
): ExtensionFrame | InvalidFrame | undefined {
  if (action === "done" && features.has("request")) return readDone(id, data);
  if (!features.has("stream")) return undefined;
  switch (action) {
    case "stream":
      return readStream(id, data);
    case "credit":
      return readCredit(id, data);
    case "cancel":
      return { kind: "cancel", id };
  }
}

function readStream(
  id: number,
  { operation: name, data, credit }: JsonObject,
): StreamRequest | InvalidFrame {
  if (typeof name !== "string") {
    return mismatch(id, '"data.operation"', name, "str");
  }
  if (!isJsonObject(data)) return mismatch(id, '"data.data"', data, "dict");
  if (!isCredit(credit)) return mismatch(id, '"data.credit"', credit, "int");
  return { kind: "stream", id, name, data, credit };
}

function readCredit(
  id: number,
  { credit }: JsonObject,
): CreditFrame | InvalidFrame {
  if (!isCredit(credit)) return mismatch(id, '"data.credit"', credit, "int");
  return { kind: "credit", id, credit };
}

function readDone(
  id: number,
  { failed }: JsonObject,
): RequestDone | InvalidFrame {
  if (typeof failed !== "boolean") {
    return mismatch(id, '"data.failed"', failed, "bool");
  }
  return { kind: "done", id, failed };
}

function isCredit(value: unknown): value is number {
  return isId(value) && value > 0;
}
