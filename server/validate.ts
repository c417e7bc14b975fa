/**
 * Validates the data that clients send.
 *
 * @module
 */

import { mapMaybePromise } from "../common/async.ts";
import { ErrorCode } from "../common/codes.ts";
import { describeIssues, type Issue, placesOf } from "../common/issues.ts";
import type { JsonObject } from "../common/json.ts";
import { describeMessage } from "../common/text.ts";
import {
  type Contract,
  findMessage,
  type Incoming,
} from "../contract/contract.ts";
import type { Schema } from "../contract/schema.ts";
import { validate } from "../contract/validate.ts";
import { issuesData, RequestError } from "../protocol/request_error.ts";

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
