/**
 * Handing to listeners and operations what their schemas made of what came.
 *
 * @module
 */

import { mapMaybePromise } from "../common/async.ts";
import { ErrorCode } from "../common/errors.ts";
import { describeIssues, type Issue, placesOf } from "../common/issues.ts";
import { type JsonObject } from "../common/json.ts";
import { describeMessage } from "../common/text.ts";
import {
  assertNamed,
  type Contract,
  findMessage,
  type Incoming,
  repliesTo,
} from "../contract/contract.ts";
import { check, type Schema } from "../contract/schema.ts";
import { type WireMessage } from "../protocol/message.ts";
import { RequestError, told } from "../protocol/request_error.ts";
/**
 * Checks the data of a message or a call.
 *
 * @param data What came
 * @param schema The schema; everything is right if there is none
 * @returns What the schema made of it, at once if it does not have to wait
 *
 * @throws {RequestError} If it does not fit, or the promise rejects with it
 * @throws What the schema throws
 */
export function checkData(
  data: JsonObject,
  schema: Schema | undefined,
): unknown {
  if (schema === undefined) return data;
  return mapMaybePromise(check(schema, data), ({ issues, value }) => {
    if (issues !== undefined) throw refuseData(issues);
    return value;
  });
}

/**
 * Checks a message of a client.
 *
 * @param contract What there is; everything is right if there is none
 * @param data What it carries
 * @param incoming What else is known of it
 * @returns What its schema made of its data, at once if it does not have to wait
 *
 * @throws {RequestError} If the contract has no such message, or its data does not fit
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
  throw refuseName(
    `the contract has no ${describeIncoming(contract, incoming)}`,
  );
}

function describeIncoming(
  { events }: Contract,
  { name, replying }: Incoming,
): string {
  const message = describeMessage(name);
  return replying !== null && Object.hasOwn(events, replying.message)
    ? `${message}, and no such reply to ${describeMessage(replying.message)}`
    : message;
}

/**
 * Refuses to send what no client knows.
 *
 * @throws {TypeError} If the contract has no such event, or no such reply
 */
export function assertSayable(
  contract: Contract,
  name: string,
  replying: WireMessage | null,
): void {
  const message = describeMessage(name);
  if (replying === null) {
    return assertNamed(`Cannot send ${message}`, contract.events, name);
  }
  const asked = describeMessage(replying.message);
  const replies = repliesTo(contract.messages, replying.message);
  assertNamed(`Cannot reply with ${message} to ${asked}`, replies, name);
}

/**
 * Makes the error for data that does not match its schema: docs/reference/protocol.md,
 * "Frames", code 2.
 *
 * @param issues What is wrong with the data
 */
export function refuseData(issues: readonly Issue[]): RequestError {
  const subject = "the data does not match its schema";
  return new RequestError(
    ErrorCode.INVALID_CONTENT,
    `${subject}: ${describeIssues(issues)}`,
    {
      // Hoist 1 has these two keys, and the issues say the rest.
      data: { current: "dict", needed: "dict", ...told(issues) },
      note: `${subject}${placesOf(issues)}`,
    },
  );
}

/** The refusal of a name that there is none of: docs/protocol.md, "Frames", code 2. */
export function refuseName(description: string): RequestError {
  const issues = [{ path: [], message: description }];
  return new RequestError(ErrorCode.INVALID_CONTENT, description, {
    data: { current: "str", needed: "str", ...told(issues) },
  });
}
