/**
 * The errors of rooms.
 *
 * @module
 */

import {
  isApplicationError,
  responseErrorOf,
} from "../common/application_error.ts";
import {
  ConnectionClosedError,
  ErrorCode,
  type ErrorFrame,
  HoistError,
  ResponseError,
} from "../common/errors.ts";
import { PublishError } from "../common/hoist_error.ts";
import { isJsonObject } from "../common/json.ts";
import { describeRoom } from "../common/text.ts";
import type { CloseInfo } from "../protocol/close.ts";
import type { RoomEnd, RoomEndReason } from "./room_options.ts";

const REASONS: Readonly<Record<RoomEndReason, string>> = {
  removed: "the server has removed it",
  closed: "the server has closed the room",
  refused: "the server refused to let it in again after a reconnect",
  login: "the server rejected the token at a reconnect",
  connection: "the connection has ended",
};

/** Returns the error for a room that the client is no longer in. */
export function roomEnded(subject: string, { reason, error }: RoomEnd): Error {
  return new HoistError(
    `${subject}: the client is no longer in the room, because ${
      REASONS[reason]
    }. Call connection.room() again, and join it.`,
    { cause: error },
  );
}

/** Returns the error for something that needs the client to be in the room. */
export function notInRoom(subject: string): HoistError {
  return new HoistError(
    `${subject}: the client is not in the room. Call room.join() first.`,
  );
}

/** Returns the error of a join whose caller left before the server answered. */
export function leftBefore(room: string): HoistError {
  return new HoistError(
    `Cannot join ${
      describeRoom(room)
    }: the application has left the room before the client was in it.`,
  );
}

/** Returns the error for callers that want the same room with different options. */
export function joinConflict(room: string, option: string): TypeError {
  return new TypeError(
    `Cannot join ${
      describeRoom(room)
    }: another caller of this connection has joined the room with another value of '${option}'. Use the same value, or omit it.`,
  );
}

/** Returns the error of a request about a room, because the connection has ended. */
export function roomConnectionClosed(
  subject: string,
  close: CloseInfo,
): ConnectionClosedError {
  const { error } = close;
  const rest = error === undefined ? "" : `: ${error.message}`;
  return new ConnectionClosedError(subject, close, rest);
}

/** Converts the error frame of a publication. */
export function publishErrorOf(subject: string, frame: ErrorFrame): Error {
  const error = responseErrorOf(subject, frame);
  if (frame.code !== ErrorCode.BROKER_UNAVAILABLE) return error;
  const isUnpublished = isJsonObject(frame.data) &&
    frame.data.outcome === "none";
  return isUnpublished
    ? new PublishError(
      `Cannot publish ${subject}: the broker of the server is not available. Publish the message again later.`,
      "none",
      { cause: error },
    )
    : unknownOutcome(
      subject,
      "the broker of the server did not confirm it",
      error,
    );
}

/** Returns the error for a message that was perhaps published. */
export function unknownOutcome(
  subject: string,
  reason: string,
  cause?: unknown,
): PublishError {
  return new PublishError(
    `It is unknown whether ${subject} was published: ${reason}. Look for the message in the room before you publish it again.`,
    "unknown",
    { cause },
  );
}

/** Returns the error for a message that was never sent. */
export function unsent(
  subject: string,
  reason: string,
  cause?: unknown,
): PublishError {
  return new PublishError(
    `Cannot publish ${subject}: ${reason}. Nothing was sent.`,
    "none",
    { cause },
  );
}

/** Whether the server does not allow a request about a room. */
export function isForbidden(error: unknown): boolean {
  return error instanceof ResponseError && error.code === ErrorCode.FORBIDDEN;
}

/** Whether the server can accept a join or a leave later that it refuses now. */
export function isTemporary(error: unknown): boolean {
  if (!(error instanceof ResponseError)) return false;
  const { code, data } = error;
  if (code === ErrorCode.BROKER_UNAVAILABLE) return true;
  // For example, `authorize` could not reach its database. Other errors are decisions.
  if (code === ErrorCode.SERVER_ERROR) return !isApplicationError(error);
  // A limit of the rate, and not of the number of rooms.
  return code === ErrorCode.LIMIT_EXCEEDED && isJsonObject(data) &&
    data.limit !== "maxRooms";
}
