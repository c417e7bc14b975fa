/**
 * Handing to listeners and operations what their schemas made of what came.
 *
 * @module
 */

import { mapMaybePromise } from "../common/async.ts";
import { ErrorCode } from "../common/errors.ts";
import { describeIssues, type Issue, placesOf } from "../common/issues.ts";
import { isJsonObject, type Json, type JsonObject } from "../common/json.ts";
import { describeMessage } from "../common/text.ts";
import {
  assertNamed,
  type Contract,
  findMessage,
  type Incoming,
  repliesTo,
} from "../contract/contract.ts";
import { jsonSchemaOf } from "../contract/describe.ts";
import { check, type Schema } from "../contract/schema.ts";
import { typeName } from "../protocol/invalid_frame.ts";
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
 * The refusal of data that does not fit its schema: docs/protocol.md, "Frames", code 2.
 *
 * @param issues What is wrong with it
 * @param value The data
 * @param schema The schema
 */
export function refuseData(
  issues: readonly Issue[],
  value: JsonObject,
  schema: Schema,
): RequestError {
  const subject = "the data does not fit its schema";
  return new RequestError(
    ErrorCode.INVALID_CONTENT,
    `${subject}, ${describeIssues(issues)}`,
    {
      data: {
        ...typesAt(issues[0]?.path ?? [], value, schema),
        ...told(issues),
      },
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

/** What there is at a place and what there should be, as Python calls it. */
export function typesAt(
  path: Issue["path"],
  value: JsonObject,
  schema: Schema,
): { readonly current: string | null; readonly needed: string | string[] } {
  const needed = neededAt(path, inputOf(schema));
  // Who cannot say more says that it is an object, and yet not the right one.
  if (needed === undefined) return { current: "dict", needed: "dict" };
  return { current: typeName(valueAt(path, value)), needed };
}

function valueAt(path: Issue["path"], value: Json): Json | undefined {
  let current: Json | undefined = value;
  for (const key of path) {
    if (typeof current !== "object" || current === null) return undefined;
    if (!Object.hasOwn(current, key)) return undefined;
    current = (current as JsonObject)[key];
  }
  return current;
}

/** What libraries said: they take longer for it than for the checking. */
const inputs = new WeakMap<Schema, JsonObject | null>();

function inputOf(schema: Schema): JsonObject | null {
  const known = inputs.get(schema);
  if (known !== undefined) return known;
  const made = jsonSchemaOf(schema, "input");
  inputs.set(schema, made);
  return made;
}

/** What Python calls the types of JSON Schema. */
const TYPES: ReadonlyMap<unknown, readonly string[]> = new Map([
  ["string", ["str"]],
  ["integer", ["int"]],
  ["number", ["int", "float"]],
  ["boolean", ["bool"]],
  ["object", ["dict"]],
  ["array", ["list"]],
  ["null", ["None"]],
]);

/** The types that a JSON Schema asks for at a place; `undefined` if it does not say. */
function neededAt(
  path: Issue["path"],
  schema: JsonObject | null,
): string | string[] | undefined {
  let node: Json | undefined = schema;
  for (const key of path) {
    if (!isJsonObject(node)) return undefined;
    node = typeof key === "number"
      ? node.items
      : isJsonObject(node.properties)
      ? node.properties[key]
      : undefined;
  }
  const types = isJsonObject(node) ? [node.type].flat() : [];
  const names = types.flatMap((type) => TYPES.get(type) ?? []);
  return names.length > 1 ? names : names[0];
}
