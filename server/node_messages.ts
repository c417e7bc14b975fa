/**
 * The messages between the servers of one deployment. They are JSON objects with a version
 * and a kind, so that servers of two versions can work together during a deployment.
 *
 * @module
 */

import { MAX_PAYLOAD } from "../broker/cluster.ts";
import { isJsonObject, type JsonObject, parseJson } from "../common/json.ts";
import { fitsInto, lengthError } from "../common/text.ts";

/** The version of the messages. A server ignores messages of a later one. */
const VERSION = 1;

/** A message from another server. */
export interface NodeMessage {
  readonly kind: string;
  readonly fields: JsonObject;
}

/**
 * Handles a message of another server. The message can contain anything.
 *
 * @returns The answer, if there is one; `undefined` if the message is invalid
 */
export type NodeHandler = (
  fields: JsonObject,
  from: string,
) => JsonObject | undefined | Promise<JsonObject | undefined>;

/** The answer of a handler that has nothing to answer. */
export const DONE: JsonObject = Object.freeze({});

/** The answers of other servers. */
export interface NodeSurvey {
  readonly answers: ReadonlyMap<string, JsonObject>;
  /** The servers that did not answer */
  readonly silent: readonly string[];
}

/** The answer to a message of a kind that a server does not know. */
export const UNKNOWN = "unknown";

/** The answer if a server could not handle a message. */
export const FAILED = "failed";

/** The kind of an answer. */
export const ANSWER = "answer";

/**
 * Encodes a message.
 *
 * @throws {RangeError} If it is too long
 */
export function encodeNodeMessage(kind: string, fields: JsonObject): string {
  const payload = JSON.stringify({ ...fields, v: VERSION, kind });
  if (fitsInto(payload, MAX_PAYLOAD)) return payload;
  throw lengthError(
    `Cannot send a message to other servers: it has more than ${MAX_PAYLOAD} bytes. Send less at once.`,
  );
}

/**
 * Decodes a message.
 *
 * @param payload What the cluster carried, which can be anything
 * @returns The message; `undefined` if it is invalid, or of a later version
 */
export function decodeNodeMessage(payload: string): NodeMessage | undefined {
  const value = payload.length > MAX_PAYLOAD ? undefined : parseJson(payload);
  if (!isJsonObject(value) || value.v !== VERSION) return undefined;
  const { kind } = value;
  return typeof kind === "string" ? { kind, fields: value } : undefined;
}

/** Returns a string of a message; `undefined` if it is none. */
export function stringIn(fields: JsonObject, name: string): string | undefined {
  const value = fields[name];
  return typeof value === "string" ? value : undefined;
}

/** Returns an object of a message; `undefined` if it is none. */
export function objectIn(
  fields: JsonObject,
  name: string,
): JsonObject | undefined {
  const value = fields[name];
  return isJsonObject(value) ? value : undefined;
}

/** Returns a number of a message that counts something; `undefined` if it is none. */
export function countIn(fields: JsonObject, name: string): number | undefined {
  const value = fields[name];
  const isValid = typeof value === "number" && Number.isSafeInteger(value) &&
    value >= 0;
  return isValid ? value : undefined;
}
