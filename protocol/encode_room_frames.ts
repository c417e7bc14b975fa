/**
 * The encoders of the frames about rooms that a client sends: docs/reference/protocol.md,
 * `rooms`.
 *
 * @module
 */

import { stringifyData } from "../common/encode_json.ts";
import type { JsonObject } from "../common/json.ts";
import { describeMessage, fitsInto } from "../common/text.ts";
import { assertName, type RequestEncoder } from "./encode.ts";
import { MAX_PRESENCE, type PresenceClaim } from "./room_fields.ts";
import type { RoomRequest } from "./room_frames.ts";

/**
 * Encodes the presence that a client claims. It is encoded once: the application can change
 * the object afterwards, and the client sends the presence again when it reconnects.
 *
 * @param presence The presence
 * @returns The presence as JSON
 *
 * @throws {TypeError} If JSON cannot represent the presence
 * @throws {RangeError} If the presence has more than 4,096 bytes
 */
export function encodePresence(presence: PresenceClaim): string {
  if (presence === null || presence === false) return String(presence);
  const json = stringifyData(presence, () => "the presence");
  if (fitsInto(json, MAX_PRESENCE)) return json;
  throw new RangeError(
    `Cannot send the presence: it must have at most ${MAX_PRESENCE} bytes of JSON. Send less data.`,
  );
}

/** How a client joins a room. The fields with a default are not sent. */
export interface JoinOptions {
  /** The position after which the client wants the kept messages */
  readonly since?: string | null | undefined;
  /** How many of the kept messages the client wants; not in addition to `since` */
  readonly last?: number | undefined;
  /** Whether the client receives its own messages */
  readonly echo?: boolean | undefined;
  /** Whether the client receives the members, and their changes */
  readonly members?: boolean | undefined;
  /** The presence that the client claims, from {@linkcode encodePresence} */
  readonly presence?: string | undefined;
}

/**
 * Encodes that a client joins a room.
 *
 * @param room The name of the room
 * @param options How the client joins the room
 */
export function encodeJoin(
  room: string,
  { presence, ...options }: JoinOptions = {},
): RequestEncoder {
  const fields = JSON.stringify({ room, ...options });
  return encodeRoomRequest("join", withPresence(fields, presence));
}

/**
 * Encodes that a client leaves a room.
 *
 * @param room The name of the room
 */
export function encodeLeave(room: string): RequestEncoder {
  return encodeRoomRequest("leave", JSON.stringify({ room }));
}

/**
 * Makes the frame of a publication with any number.
 *
 * @param id The number of the request
 * @param isRepeated Whether the client has sent this message before
 */
export type PublishEncoder = (id: number, isRepeated: boolean) => string;

/**
 * Encodes a message of a client to a room.
 *
 * @param room The name of the room
 * @param name The name of the message
 * @param data The payload
 * @param key The key by which the server recognizes the message if it is sent again
 *
 * @throws {TypeError} If the name is not a string, or the data is no JSON object
 */
export function encodePublish(
  room: string,
  name: string,
  data: JsonObject,
  key: string,
): PublishEncoder {
  assertName(name);
  const payload = stringifyData(data, () => describeMessage(name));
  const fields = `{"room":${JSON.stringify(room)},"message":${
    JSON.stringify(name)
  },"data":${payload},"key":${JSON.stringify(key)}`;
  const first = encodeRoomRequest("publish", `${fields}}`);
  const repeated = encodeRoomRequest("publish", `${fields},"repeated":true}`);
  return (id, isRepeated) => isRepeated ? repeated(id) : first(id);
}

/**
 * Encodes that a client asks for the members of a room.
 *
 * @param room The name of the room
 */
export function encodeMembersRequest(room: string): RequestEncoder {
  return encodeRoomRequest("members", JSON.stringify({ room }));
}

/**
 * Encodes the new presence of a client in a room.
 *
 * @param room The name of the room
 * @param presence The presence that the client claims, from {@linkcode encodePresence}
 */
export function encodePresenceRequest(
  room: string,
  presence: string,
): RequestEncoder {
  const fields = JSON.stringify({ room });
  return encodeRoomRequest("presence", withPresence(fields, presence));
}

function encodeRoomRequest(
  action: RoomRequest["kind"],
  data: string,
): RequestEncoder {
  return (id) => `{"id":${id},"action":"${action}","data":${data}}`;
}

function withPresence(fields: string, presence: string | undefined): string {
  return presence === undefined
    ? fields
    : `${fields.slice(0, -1)},"presence":${presence}}`;
}
