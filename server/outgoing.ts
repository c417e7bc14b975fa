/**
 * Encodes the messages that the server sends: events, requests and replies.
 *
 * @module
 */

import type { JsonObject } from "../common/json.ts";
import { assertLength, describeMessage } from "../common/text.ts";
import {
  encodeMessage,
  encodeSuccess,
  type SuccessKind,
} from "../protocol/encode.ts";
import type { WireMessage } from "../protocol/message.ts";
import type { ServerContext } from "./context.ts";
import { assertSendable } from "./validate.ts";

/** A message that is encoded. */
export interface Outgoing {
  readonly wire: WireMessage;
  readonly frame: string;
}

/**
 * Encodes a message, and gives it a number.
 *
 * @param context The state of the server
 * @param id The id of the request that it answers; `null` if there is none
 * @param kind The kind of the frame
 * @param name The name of the message
 * @param data The data of the message
 * @param replying The message that it replies to; `null` if there is none
 *
 * @throws {TypeError} If the contract does not have the name, or the data is not a JSON object
 * @throws {RangeError} If the frame is larger than `limits.maxBuffered`
 */
export function encodeOutgoing(
  context: ServerContext,
  id: number | null,
  kind: SuccessKind,
  name: string,
  data: JsonObject,
  replying: WireMessage | null,
): Outgoing {
  const { contract, limits: { maxBuffered } } = context;
  if (contract !== undefined) assertSendable(contract, name, replying);
  const messageId = context.nextMessageId();
  const message = encodeMessage(name, data, replying, messageId);
  const frame = encodeSuccess(id, kind, message);
  const subject = () => describeMessage(name);
  assertLength(frame, maxBuffered, subject, "limits.maxBuffered");
  return { wire: { message: name, data, id: messageId, replying }, frame };
}
