/**
 * Validates the data that clients send, and checks that the contract has what the
 * application sends.
 *
 * @module
 */

import { mapMaybePromise } from "../common/async.ts";
import { ErrorCode } from "../common/codes.ts";
import { describeIssues, type Issue, placesOf } from "../common/issues.ts";
import type { JsonObject } from "../common/json.ts";
import { type Listener, Mismatch } from "../common/listeners.ts";
import { describeMessage, describeRoom } from "../common/text.ts";
import { assertNamed } from "../contract/checks.ts";
import {
  type Contract,
  findMessage,
  type Incoming,
  repliesTo,
} from "../contract/contract.ts";
import { eventsOf, type RoomEntry } from "../contract/room_entry.ts";
import type { Schema } from "../contract/schema.ts";
import { validate } from "../contract/validate.ts";
import type { WireMessage } from "../protocol/message.ts";
import { issuesData, RequestError } from "../protocol/request_error.ts";
import { ClientMessage } from "./message.ts";

/**
 * Validates the data of a message or a call.
 *
 * @param data The data
 * @param schema The schema; without one, all data is valid
 * @returns The output of the schema; a promise only if the schema is asynchronous
 *
 * @throws {RequestError} If the data is not valid; the promise rejects with it
 * @throws What the schema throws
 */
export function checkData(
  data: JsonObject,
  schema: Schema | undefined,
): unknown {
  if (schema === undefined) return data;
  return mapMaybePromise(validate(schema, data), ({ issues, value }) => {
    if (issues !== undefined) throw invalidDataError(issues);
    return value;
  });
}

/**
 * Validates a message of a client.
 *
 * @param contract The contract; without one, all messages are valid
 * @param data The data of the message
 * @param incoming The name of the message, and what it replies to
 * @returns The output of the schema; a promise only if the schema is asynchronous
 *
 * @throws {RequestError} If the contract has no such message, or its data is not valid
 * @throws What the schema throws; the promise rejects with all of these
 */
export function checkMessage(
  contract: Contract | undefined,
  data: JsonObject,
  incoming: Incoming,
): unknown {
  if (contract === undefined) return data;
  const found = findMessage(contract, incoming);
  if (found !== undefined) return checkData(data, found.schema);
  throw unknownNameError(describeUnknown(contract, incoming));
}

function describeUnknown(
  { events }: Contract,
  { name, replying }: Incoming,
): string {
  const message = describeMessage(name);
  return replying !== null && Object.hasOwn(events, replying.message)
    ? `the contract has no ${message}, neither as a message nor as a reply to ${
      describeMessage(replying.message)
    }`
    : `the contract has no ${message}`;
}

/**
 * Returns the error for data that does not match its schema: docs/reference/protocol.md,
 * "Frames", code 2. `current` and `needed` exist for Python clients.
 */
export function invalidDataError(issues: readonly Issue[]): RequestError {
  const subject = "the data does not match its schema";
  return new RequestError(
    ErrorCode.INVALID_CONTENT,
    `${subject}: ${describeIssues(issues)}`,
    {
      data: { current: "dict", needed: "dict", ...issuesData(issues) },
      note: `${subject}${placesOf(issues)}`,
    },
  );
}

/** Returns the error for a name that the contract does not have. */
export function unknownNameError(description: string): RequestError {
  const issues = [{ path: [], message: description }];
  return new RequestError(ErrorCode.INVALID_CONTENT, description, {
    data: { current: "str", needed: "str", ...issuesData(issues) },
  });
}

/**
 * Returns a listener that is called only if the data of a message matches a schema. If
 * not, it throws a `Mismatch`, because another listener can accept the message.
 */
export function checkedListener(
  schema: Schema,
  listener: Listener<ClientMessage>,
): Listener<ClientMessage> {
  return (message) =>
    mapMaybePromise(validate(schema, message.data), ({ issues, value }) => {
      if (issues !== undefined) throw new Mismatch(invalidDataError(issues));
      return listener(withCheckedData(message, value));
    });
}

/** Returns a copy of a message that has the output of its schema as its data. */
function withCheckedData(message: ClientMessage, data: unknown): ClientMessage {
  return new ClientMessage(message.toJSON(), message, { data });
}

/**
 * Checks that the contract has an event or a reply before it is sent.
 *
 * @throws {TypeError} If the contract does not have it
 */
export function assertSendable(
  contract: Contract,
  name: string,
  replying: WireMessage | null,
): void {
  const message = describeMessage(name);
  if (replying === null) {
    return assertNamed(`Cannot send ${message}`, contract.events, name);
  }
  const request = describeMessage(replying.message);
  const replies = repliesTo(contract.messages, replying.message);
  assertNamed(`Cannot reply with ${message} to ${request}`, replies, name);
}

/**
 * Checks that the contract has an event of a room before the application sends it.
 *
 * @throws {TypeError} If the contract does not have it
 */
export function assertRoomEvent(
  entry: RoomEntry | undefined,
  room: string,
  event: string,
): void {
  if (entry === undefined) return;
  const subject = `Cannot send ${describeMessage(event)} to ${
    describeRoom(room)
  }`;
  assertNamed(subject, eventsOf(entry), event);
}
