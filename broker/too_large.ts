/**
 * The errors for messages that are larger than an engine accepts.
 *
 * @module
 */

import { lengthError } from "../common/text.ts";

/** The longest message that an engine accepts. */
export interface EngineLimit {
  /** The name of the engine, such as `NATS` */
  readonly engine: string;
  /** The setting of the engine, such as `max_payload` */
  readonly setting: string;
  /** Its value, in bytes */
  readonly value: number;
}

const limits = new WeakMap<object, EngineLimit>();

/**
 * Makes the error for a message that an engine would reject.
 *
 * @param bytes The length of the message, in bytes
 * @param limit What the engine accepts
 */
export function tooLarge(bytes: number, limit: EngineLimit): RangeError {
  const { engine, setting, value } = limit;
  const error = lengthError(
    `Cannot send to ${engine}: the message has ${bytes} bytes, and ${engine} accepts at most ${value}. Send less data, or raise '${setting}' in the configuration of ${engine}.`,
  );
  limits.set(error, limit);
  return error;
}

/** Returns the limit that a message has exceeded; `undefined` for other errors. */
export function exceededLimit(error: unknown): EngineLimit | undefined {
  return limits.get(Object(error));
}
