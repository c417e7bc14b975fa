/**
 * Handing to listeners and operations what their schemas made of what came.
 *
 * @module
 */

import { type ClientMessage, withData } from "./client_message.ts";
import {
  assertNamed,
  type Contract,
  findMessage,
  type Incoming,
  repliesTo,
} from "./contract.ts";
import { describeMessage } from "./encode.ts";
import type { JsonObject } from "./json.ts";
import type { Listener } from "./message.ts";
import type { WireMessage } from "./protocol.ts";
import { refuseData, refuseName } from "./refusal.ts";
import { check, type Schema } from "./schema.ts";
import { chain } from "./thenable.ts";

/**
 * Checks the data of a message or a call.
 *
 * @param data What came
 * @param schema The schema; everything is right if there is none
 * @returns What the schema made of it, at once if it does not have to wait
 *
 * @throws {Refusal} If it does not fit, or the promise rejects with it
 * @throws What the schema throws
 */
export function checkData(
  data: JsonObject,
  schema: Schema | undefined,
): unknown {
  if (schema === undefined) return data;
  return chain(check(schema, data), ({ issues, value }) => {
    if (issues !== undefined) throw refuseData(issues, data, schema);
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
 * @throws {Refusal} If the contract has no such message, or its data does not fit
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

/** A listener that is called only with messages whose data fits a schema. */
export function checkedListener(
  schema: Schema,
  listener: Listener<ClientMessage>,
): Listener<ClientMessage> {
  return (message) =>
    chain(
      checkData(message.data, schema),
      (data) => listener(withData(message, data)),
    );
}
