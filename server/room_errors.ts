/**
 * The errors that answer the requests of clients about rooms.
 *
 * @module
 */

import type { EngineLimit } from "../broker/too_large.ts";
import { ErrorCode } from "../common/codes.ts";
import { PublishError } from "../common/hoist_error.ts";
import { RequestError } from "../protocol/request_error.ts";

/** The maximum number of rooms of one client. */
export const MAX_ROOMS = 128;

/**
 * Makes the error for a room that a client cannot use.
 *
 * @param note Why, for the log
 */
export function forbidden(note: string): RequestError {
  // The same for all rooms, so that a client cannot find out which rooms exist.
  const description = "the client is not allowed to do this in this room";
  return new RequestError(ErrorCode.FORBIDDEN, description, { note });
}

/** Makes the error for a client that is in too many rooms. */
export function tooManyRooms(): RequestError {
  return new RequestError(
    ErrorCode.LIMIT_EXCEEDED,
    `the client is in ${MAX_ROOMS} rooms. Leave one of them first.`,
    { data: { limit: "maxRooms", value: MAX_ROOMS } },
  );
}

/**
 * Makes the error for a message that the members of its room could not get.
 *
 * @param maxBuffered The limit of the server, in bytes
 */
export function messageTooLarge(maxBuffered: number): RequestError {
  return new RequestError(
    ErrorCode.LIMIT_EXCEEDED,
    `the message is too large for a buffer of ${maxBuffered} bytes. Send less data.`,
    { data: { limit: "maxBuffered", value: maxBuffered } },
  );
}

/**
 * Makes the error for a message that the broker does not accept.
 *
 * @param limit The limit of the engine
 * @param note How to raise it, for the log
 */
export function tooLargeForEngine(
  { engine, setting, value }: EngineLimit,
  note: string,
): RequestError {
  return new RequestError(
    ErrorCode.LIMIT_EXCEEDED,
    `the message is too large for ${engine}, which accepts at most ${value} bytes. Send less data.`,
    { data: { limit: setting, value }, note },
  );
}

/**
 * Describes a limit of the engine that messages of clients can exceed.
 *
 * @param limit The limit of the engine
 * @param maxPayload The limit of the server for a frame, in bytes
 */
export function lowLimit(
  { engine, setting, value }: EngineLimit,
  maxPayload: number,
): string {
  return `${engine} accepts messages of at most ${value} bytes, fewer than 'limits.maxPayload', ${maxPayload}: it rejects larger messages to rooms. Raise '${setting}' in the configuration of ${engine}, or lower 'limits.maxPayload'.`;
}

/** Makes the error for data that came as JSON, but that JSON cannot represent again. */
export function notEncodable(): RequestError {
  return new RequestError(
    ErrorCode.INVALID_CONTENT,
    '"data.data" cannot be sent to the members: a number in it is beyond the range of a double, or it is nested too deeply',
    { data: { current: "dict", needed: "dict" } },
  );
}

/** Makes the error for a request that the end of its membership has overtaken. */
export function overtaken(): RequestError {
  return new RequestError(
    ErrorCode.INVALID_ACTION,
    "the client has left the room, or has joined it again",
  );
}

/**
 * Returns an error of the broker as a client gets it, and other errors as they are. Never throws,
 * although the application can have thrown a value that cannot be read, such as a revoked proxy.
 */
export function toRequestError(error: unknown): unknown {
  try {
    if (!(error instanceof PublishError)) return error;
    const { outcome, message } = error;
    const details = { data: { outcome }, note: message };
    return new RequestError(ErrorCode.BROKER_UNAVAILABLE, "", details);
  } catch {
    return error;
  }
}
