/**
 * The answers to requests about rooms.
 *
 * @module
 */

import type { Data } from "./actions.ts";
import { isSendable } from "./json_strings.ts";
import { isPosition, isSecret, type RoomRequest } from "./room_actions.ts";
import type { ResponseFrame, ResponseMatcher } from "./response_matcher.ts";
import { type TestRoom, testRoomOf, type Verdict } from "./test_rooms.ts";

/** Whether a client is in a room; `undefined` if the model does not know it. */
export type Membership = boolean | undefined;

const INVALID_CONTENT = 2;
const FORBIDDEN = 10;
const FAILED = 6;
const INVALID_ACTION = 8;
const UNAVAILABLE = 11;

/** Matches the answer to a request about a room. */
export class RoomMatcher implements ResponseMatcher {
  readonly hasBegun = false;
  readonly isDue = true;
  readonly mustEnd = true;
  readonly request: RoomRequest;
  /** Whether the client is in the room; `undefined` if other requests change it */
  membership: Membership;
  /** Called if another request has the same id, so that nobody knows which one was answered */
  readonly #onAmbiguous: () => void;

  constructor(
    request: RoomRequest,
    membership: Membership,
    onAmbiguous: () => void,
  ) {
    this.request = request;
    this.membership = membership;
    this.#onAmbiguous = onAmbiguous;
  }

  take(response: ResponseFrame): "last" | undefined {
    return this.#matches(response) ? "last" : undefined;
  }

  fits(response: ResponseFrame, isLast: boolean): boolean {
    this.#onAmbiguous();
    return isLast && this.#matches(response, undefined);
  }

  describe(): string {
    const { action, room } = this.request;
    return `${action} ${JSON.stringify(room)}, member: ${this.membership}`;
  }

  #matches(response: ResponseFrame, membership = this.membership): boolean {
    const { request } = this;
    const room = testRoomOf(request.room);
    return response.success
      ? isSuccess(request, room, membership, response)
      : codesOf(request, room, membership).includes(response.code);
  }
}

/** Returns the errors that can answer a request. */
function codesOf(
  { action, data }: RoomRequest,
  room: TestRoom,
  membership: Membership,
): readonly number[] {
  if (action === "leave") return [];
  if (action === "join") {
    // Another join or a leave can have overtaken this one.
    const overtaken = membership === undefined ? [INVALID_ACTION] : [];
    return [...CODES[room.join], ...overtaken];
  }
  const outside = membership === true ? [] : [FORBIDDEN];
  if (action !== "publish" || membership === false) return outside;
  if (!room.canPublish) return [FORBIDDEN];
  const repeated = data.repeated === true ? [UNAVAILABLE] : [];
  return [...outside, ...CODES[verdictOf(data, room)], ...repeated];
}

/** Returns what happens to a message. The function `publish` of the room decides first. */
function verdictOf({ data }: Data, room: TestRoom): Verdict | "invalid" {
  const verdict = room.publish(data);
  return verdict === "accepted" && !isSendable(data) ? "invalid" : verdict;
}

const CODES: Readonly<Record<Verdict | "invalid", readonly number[]>> = {
  accepted: [],
  failed: [FAILED],
  forbidden: [FORBIDDEN],
  invalid: [INVALID_CONTENT],
};

function isSuccess(
  { action, room: name, data: sent }: RoomRequest,
  room: TestRoom,
  membership: Membership,
  { message, data }: ResponseFrame,
): boolean {
  switch (action) {
    case "join":
      return message === "joined" && room.join === "accepted" &&
        data?.room === name && isJoined(data, room, sent);
    case "leave":
      return message === "left" && data !== null &&
        JSON.stringify(data) === JSON.stringify({ room: name });
    case "publish":
      return message === "published" && membership !== false &&
        room.canPublish && verdictOf(sent, room) === "accepted" &&
        isPublished(data, room);
    case "members":
      return message === "members" && membership !== false && isList(data);
    case "presence":
      return message === null && membership !== false && data === null;
  }
}

function isPublished(data: Data | null, { options }: TestRoom): boolean {
  return keysOf(data) === "duplicate,position" &&
    typeof data!.duplicate === "boolean" &&
    isPositionIn(data!.position, options.history !== undefined);
}

/** Reports whether a value is a position of a room with history, or `null` without. */
export function isPositionIn(value: unknown, keeps: boolean): boolean {
  return keeps ? isPosition(value) : value === null;
}

/** Reports whether the data of "joined" fits to the data of the join. */
function isJoined(
  joined: Data,
  room: TestRoom,
  { since = null, last = 0, members = true }: Data,
): boolean {
  const { secret, reason, members: list, ...rest } = joined;
  const isWhole = keysOf(rest) ===
    "connection,member,missed,position,publish,recovered,room";
  const { position, missed, publish } = joined;
  return isWhole && isPosition(joined.member) &&
    isPosition(joined.connection) && publish === room.canPublish &&
    isPositionIn(position, room.options.history !== undefined) &&
    Number.isInteger(missed) && missed >= 0 &&
    missed <= (since === null ? last ?? 0 : 1_000) &&
    isRecovery(joined, reason, since) &&
    (members ? isList(list) : list === undefined) &&
    (secret === undefined || isSecret(secret));
}

/** The fuzzer knows no position that the server has given out. */
function isRecovery(
  { recovered }: Data,
  reason: unknown,
  since: unknown,
): boolean {
  if (since === null) return recovered === null && reason === undefined;
  return recovered === false && (reason === "epoch" || reason === "expired");
}

function isList(list: Data | null | undefined): boolean {
  const isWhole = keysOf(list) === "complete,count,list" &&
    typeof list!.complete === "boolean" && Number.isInteger(list!.count) &&
    Array.isArray(list!.list) && list!.list.every(isEntry);
  if (!isWhole) return false;
  const { size } = new Set(list!.list.map(({ member }: Data) => member));
  return list!.complete ? size === list!.count : size <= list!.count;
}

/** Reports whether a value is a connection of a member. */
export function isEntry(entry: Data): boolean {
  const { member, connection, presence, ...others } = Object(entry);
  return isPosition(member) && isPosition(connection) &&
    Object.keys(others).length === 0 &&
    (presence === undefined || Object.prototype.toString.call(presence) ===
        "[object Object]");
}

/** Returns the sorted keys of an object. */
export function keysOf(value: unknown): string {
  return Object.keys(Object(value)).sort().join();
}
