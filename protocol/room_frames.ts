/**
 * The frames about rooms that a client sends: docs/reference/protocol.md, `rooms`.
 *
 * @module
 */

import { ErrorCode } from "../common/codes.ts";
import { describeChange } from "../common/encode_json.ts";
import { isJsonObject, type Json, type JsonObject } from "../common/json.ts";
import { isRoomName, ROOM_NAME_FORM } from "../common/room_name.ts";
import {
  invalid,
  type InvalidFrame,
  type PythonType,
  wrongType,
} from "./request_error.ts";
import {
  isLast,
  isPosition,
  isPresenceClaim,
  isPublishKey,
  MAX_KEY,
  MAX_LAST,
  MAX_OPAQUE,
  MAX_PRESENCE,
  type PresenceClaim,
} from "./room_fields.ts";

/** A client joins a room: docs/reference/protocol.md, `rooms` */
export interface JoinRequest {
  /** The kind of the frame */
  readonly kind: "join";
  /** The number of the request, which the response repeats */
  readonly id: number;
  /** The name of the room */
  readonly room: string;
  /** The position after which the client wants the kept messages; `null` for none */
  readonly since: string | null;
  /** How many of the kept messages the client wants; `null` if it has not said this */
  readonly last: number | null;
  /** Whether the client receives its own messages */
  readonly echo: boolean;
  /** Whether the client receives the members, and their changes */
  readonly members: boolean;
  /** The presence that the client claims */
  readonly presence: PresenceClaim;
}

/** A client leaves a room: docs/reference/protocol.md, `rooms` */
export interface LeaveRequest {
  /** The kind of the frame */
  readonly kind: "leave";
  /** The number of the request, which the response repeats */
  readonly id: number;
  /** The name of the room */
  readonly room: string;
}

/** A client sends a message to a room: docs/reference/protocol.md, `rooms` */
export interface PublishRequest {
  /** The kind of the frame */
  readonly kind: "publish";
  /** The number of the request, which the response repeats */
  readonly id: number;
  /** The name of the room */
  readonly room: string;
  /** The name of the message */
  readonly name: string;
  /** The payload of the message */
  readonly data: JsonObject;
  /** The key by which the server recognizes the message if it is sent again */
  readonly key: string;
  /** Whether the client has sent this message before */
  readonly isRepeated: boolean;
}

/** A client asks for the members of a room: docs/reference/protocol.md, `rooms` */
export interface MembersRequest {
  /** The kind of the frame */
  readonly kind: "members";
  /** The number of the request, which the response repeats */
  readonly id: number;
  /** The name of the room */
  readonly room: string;
}

/** A client changes its presence in a room: docs/reference/protocol.md, `rooms` */
export interface PresenceRequest {
  /** The kind of the frame */
  readonly kind: "presence";
  /** The number of the request, which the response repeats */
  readonly id: number;
  /** The name of the room */
  readonly room: string;
  /** The presence that the client claims */
  readonly presence: PresenceClaim;
}

/** A frame of a client about a room */
export type RoomRequest =
  | JoinRequest
  | LeaveRequest
  | PublishRequest
  | MembersRequest
  | PresenceRequest;

/** The actions of the frames about rooms. */
export const ROOM_ACTIONS: readonly RoomRequest["kind"][] = [
  "join",
  "leave",
  "publish",
  "members",
  "presence",
];

/**
 * Reads a frame about a room.
 *
 * @param id The number of the frame
 * @param action The action of the frame
 * @param data The data of the frame
 * @returns The frame; `undefined` if the action is not about rooms
 */
export function readRoomRequest(
  id: number,
  action: string,
  data: JsonObject,
): RoomRequest | InvalidFrame | undefined {
  switch (action) {
    case "join":
      return readJoin(id, data);
    case "publish":
      return readPublish(id, data);
    case "presence":
      return readPresence(id, data);
    case "leave":
    case "members":
      return isRoomName(data.room)
        ? { kind: action, id, room: data.room }
        : wrongField(id, "room", data.room);
  }
}

function readJoin(
  id: number,
  {
    room,
    since = null,
    last = null,
    echo = true,
    members = true,
    presence = null,
  }: JsonObject,
): JoinRequest | InvalidFrame {
  if (!isRoomName(room)) return wrongField(id, "room", room);
  if (since !== null && !isPosition(since)) {
    return wrongField(id, "since", since);
  }
  if (last !== null && !isLast(last)) return wrongField(id, "last", last);
  if (since !== null && last !== null) return conflict(id);
  if (typeof echo !== "boolean") return wrongField(id, "echo", echo);
  if (typeof members !== "boolean") return wrongField(id, "members", members);
  if (!isClaim(presence)) return wrongField(id, "presence", presence);
  return { kind: "join", id, room, since, last, echo, members, presence };
}

function readPublish(
  id: number,
  { room, message: name, data, key, repeated = false }: JsonObject,
): PublishRequest | InvalidFrame {
  if (!isRoomName(room)) return wrongField(id, "room", room);
  if (typeof name !== "string") {
    return wrongType(id, '"data.message"', name, "str");
  }
  if (!isJsonObject(data)) return wrongType(id, '"data.data"', data, "dict");
  if (!isPublishKey(key)) return wrongField(id, "key", key);
  return typeof repeated === "boolean"
    ? { kind: "publish", id, room, name, data, key, isRepeated: repeated }
    : wrongField(id, "repeated", repeated);
}

function readPresence(
  id: number,
  { room, presence }: JsonObject,
): PresenceRequest | InvalidFrame {
  if (!isRoomName(room)) return wrongField(id, "room", room);
  return isClaim(presence)
    ? { kind: "presence", id, room, presence }
    : wrongField(id, "presence", presence);
}

/** The types of a field, and what a value of the right type must be. */
interface FieldForm {
  readonly types: PythonType | readonly PythonType[];
  readonly form: string;
}

/** Whether a server can show a claim: it cannot send a number such as `1e400` to the members. */
function isClaim(value: unknown): value is PresenceClaim {
  return isPresenceClaim(value) && describeChange(value, "") === undefined;
}

const FORMS: Readonly<Record<string, FieldForm>> = {
  room: { types: "str", form: ROOM_NAME_FORM },
  since: {
    types: ["str", "None"],
    form:
      `must have 1 to ${MAX_OPAQUE} of the characters A-Z, a-z, 0-9, "_", "-" and "."`,
  },
  last: {
    types: ["int", "None"],
    form: `must be a whole number from 0 to ${MAX_LAST}`,
  },
  key: {
    types: "str",
    form: `must have 1 to ${MAX_KEY} printable characters of ASCII`,
  },
  presence: {
    types: ["dict", "None", "bool"],
    form:
      `must be an object of at most ${MAX_PRESENCE} bytes of JSON without numbers beyond the range of a double, null or false`,
  },
};

/** A field whose value can be true or false. */
const FLAG: FieldForm = { types: "bool", form: "" };

/** Makes the invalid frame for a field of a frame about a room. */
function wrongField(
  id: number,
  name: string,
  value: Json | undefined,
): InvalidFrame {
  const { types, form } = FORMS[name] ?? FLAG;
  const field = `"data.${name}"`;
  const frame = wrongType(id, field, value, types);
  // A missing field counts as null.
  const current = frame.data?.current ?? "None";
  const hasType = [types].flat().some((type) => type === current);
  return hasType ? { ...frame, description: `${field} ${form}` } : frame;
}

/** Makes the invalid frame for a client that wants the history from two places. */
function conflict(id: number): InvalidFrame {
  return invalid(
    id,
    ErrorCode.INVALID_CONTENT,
    '"data.since" and "data.last" exclude each other',
    { current: "dict", needed: "dict" },
  );
}
