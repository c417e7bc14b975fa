/**
 * The frames of a server, as the client reads them: docs/reference/protocol.md,
 * "Frames".
 *
 * @module
 */

import type { ErrorFrame } from "../common/codes.ts";
import {
  isId,
  isJsonObject,
  type Json,
  type JsonObject,
} from "../common/json.ts";
import { isTraceparent } from "../common/telemetry.ts";
import { isEventId } from "../common/tracked.ts";
import { readRoomFrame } from "./decode_room_messages.ts";
import { commonFeatures, type Feature, NO_FEATURES } from "./features.ts";
import { isWireMessage, parseFrame, type WireMessage } from "./message.ts";
import { isCount } from "./room_fields.ts";
import type { RoomAnswer, RoomFrame } from "./success_frames.ts";

/** The id of each item of a frame; `null` for an item without one */
export type EventIds = readonly (string | null)[];

/** A request of the server, which waits until the listeners have finished */
export interface RequestFrame {
  /** The kind of the frame */
  readonly kind: "request";
  /** The message */
  readonly message: WireMessage;
  /** The span of the server: docs/reference/protocol.md, `trace` */
  readonly traceparent?: string;
}

/** A frame of a server. Its kind determines what the client does. */
export type ServerFrame =
  /** The answer to a login or an operation */
  | { readonly kind: "answer"; readonly id: number; readonly data: JsonObject }
  /** A message has arrived at the server, and has a number now */
  | { readonly kind: "open"; readonly id: number; readonly messageId: number }
  /** All listeners to a message have finished; with `done-id`, this has the number */
  | {
    readonly kind: "done";
    readonly id: number;
    readonly messageId: number | null;
  }
  /** A message of the server; a reply to a request if there is an id */
  | {
    readonly kind: "message";
    readonly id: number | null;
    readonly message: WireMessage;
  }
  | RequestFrame
  /** The server asks for a new token */
  | { readonly kind: "renew" }
  /** Items of a stream */
  | {
    readonly kind: "items";
    readonly id: number;
    readonly items: readonly Json[];
    /** The ids of the items, if all are valid: docs/reference/protocol.md, `resume` */
    readonly ids?: EventIds;
  }
  /** The answer to a ping */
  | { readonly kind: "pong" }
  /** A frame about a room, if both sides named `rooms` */
  | RoomFrame
  /** An error; without an id, the oldest request has failed */
  | {
    readonly kind: "error";
    readonly id: number | null;
    readonly error: ErrorFrame;
  }
  /** An invalid part of an answer, without which the request cannot succeed */
  | {
    readonly kind: "invalid";
    readonly id: number;
    /** Whether no other frame follows that answers the request */
    readonly isLast: boolean;
  };

/** What a server and a client agreed on at the login. */
export interface ServerFeatures {
  /** The extensions that both sides support */
  readonly features: ReadonlySet<Feature>;
  /** The largest frame that the server accepts, in bytes */
  readonly maxPayload: number;
  /** The number of rooms that the client can be in; 0 if the server has none */
  readonly maxRooms: number;
}

/**
 * Reads the data of the response to a login: docs/reference/protocol.md, "Extensions".
 *
 * @param data The data of the response
 */
export function serverFeaturesOf(data: JsonObject | null): ServerFeatures {
  const named = Array.isArray(data?.features) ? data.features : [];
  const features = commonFeatures(named);
  const limit = features.has("max-payload") ? data?.maxPayload : undefined;
  const isLimit = isId(limit) && limit > 0;
  const rooms = features.has("rooms") && isJsonObject(data?.rooms)
    ? data.rooms.max
    : 0;
  return {
    features,
    maxPayload: isLimit ? limit : Infinity,
    maxRooms: isCount(rooms) ? rooms : 0,
  };
}

const NO_DATA: JsonObject = Object.freeze({});

/**
 * Decodes a frame of a server.
 *
 * @param frame The data of the WebSocket message
 * @param features The extensions that both sides named; by default none. Only frames about
 * rooms depend on them
 * @returns The frame; `null` if it is invalid, and answers no request
 */
export function decodeServerFrame(
  frame: unknown,
  features: ReadonlySet<Feature> = NO_FEATURES,
): ServerFrame | null {
  return read(parseFrame(frame), features);
}

/**
 * Decodes a frame of a server that can send batches: docs/reference/protocol.md,
 * `batch`.
 *
 * @param frame The data of the WebSocket message
 * @param features The extensions that both sides named; by default none
 * @returns The frames of the batch; `null` for each invalid frame that answers no request
 */
export function decodeServerFrames(
  frame: unknown,
  features: ReadonlySet<Feature> = NO_FEATURES,
): readonly (ServerFrame | null)[] {
  const value = parseFrame(frame);
  return Array.isArray(value)
    ? value.map((entry) => read(entry, features))
    : [read(value, features)];
}

function read(
  value: Json | undefined,
  features: ReadonlySet<Feature>,
): ServerFrame | null {
  if (!isJsonObject(value)) return null;
  const id = isId(value.id) ? value.id : null;
  const frame = readKnown(id, value, features);
  if (frame !== null || id === null) return frame;
  if (isLast(value)) return { kind: "invalid", id, isLast: true };
  // Otherwise, nobody would notice that items or a reply are missing.
  return value.message === "items" || value.message === "newmsg"
    ? { kind: "invalid", id, isLast: false }
    : null;
}

/** Returns whether a frame of a server is invalid. */
export function isInvalid(frame: ServerFrame | null): boolean {
  return frame === null || frame.kind === "invalid";
}

/** The answers about rooms, besides errors. Without one, the request would wait for ever. */
const ROOM_ANSWERS: ReadonlySet<unknown> = new Set<RoomAnswer["kind"]>([
  "joined",
  "left",
  "published",
  "members",
]);

/** Whether no other frame follows that answers the same request. */
function isLast({ success, message }: JsonObject): boolean {
  return success !== true || ROOM_ANSWERS.has(message);
}

function readKnown(
  id: number | null,
  value: JsonObject,
  features: ReadonlySet<Feature>,
): ServerFrame | null {
  if (value.success !== true) return readError(id, value);
  const frame = features.has("rooms")
    ? readRoomFrame(id, value.message, value.data)
    : undefined;
  return frame === undefined ? readSuccess(id, value) : frame;
}

function readSuccess(
  id: number | null,
  { message: kind, data, traceparent }: JsonObject,
): ServerFrame | null {
  if (kind === "newmsg" || kind === "s_newmsg") {
    return isWireMessage(data) ? { kind: "message", id, message: data } : null;
  }
  if (kind === "request") {
    if (!isWireMessage(data)) return null;
    return isTraceparent(traceparent)
      ? { kind, message: data, traceparent }
      : { kind, message: data };
  }
  if (kind === "pong") return { kind };
  if (kind === "renew" && id === null) return { kind };
  if (id === null) return null;
  if (kind === "items") return isJsonObject(data) ? readItems(id, data) : null;
  const messageId = isJsonObject(data) && isId(data.id) ? data.id : null;
  if (kind === "done") return { kind, id, messageId };
  if (kind === "open") {
    return messageId === null ? null : { kind, id, messageId };
  }
  return { kind: "answer", id, data: isJsonObject(data) ? data : NO_DATA };
}

function readItems(
  id: number,
  { items, ids }: JsonObject,
): ServerFrame | null {
  if (!Array.isArray(items)) return null;
  // Items with invalid ids count as items without ids, which a stream can refuse. If the
  // frame were dropped, nobody would notice that items are missing.
  return isEventIds(ids) && ids.length === items.length
    ? { kind: "items", id, items, ids }
    : { kind: "items", id, items };
}

function isEventIds(value: Json | undefined): value is (string | null)[] {
  return Array.isArray(value) &&
    value.every((id) => id === null || isEventId(id));
}

function readError(
  id: number | null,
  { code, error, message, desc, data = null }: JsonObject,
): ServerFrame | null {
  if (
    typeof code !== "number" || typeof error !== "string" ||
    typeof message !== "string"
  ) return null;
  const description = typeof desc === "string" ? desc : null;
  return {
    kind: "error",
    id,
    error: { code, error, message, description, data },
  };
}
