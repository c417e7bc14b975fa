/**
 * Sends the messages of the server to one client: events, requests and replies.
 *
 * @module
 */

import { within } from "../common/async.ts";
import { ConnectionClosedError, FeatureError } from "../common/errors.ts";
import type { JsonObject } from "../common/json.ts";
import {
  checkRequestOptions,
  type RequestOptions,
} from "../common/request_options.ts";
import {
  assertLength,
  describeMessage,
  describeRequest,
} from "../common/text.ts";
import { timedOut } from "../common/timed_out.ts";
import { isReply } from "../contract/contract.ts";
import { encodeMessage } from "../protocol/encode.ts";
import { encodeSuccess, type SuccessKind } from "../protocol/encode_success.ts";
import { Message, type WireMessage } from "../protocol/message.ts";
import { limitsOf } from "./call_scope.ts";
import type { ServerContext } from "./context.ts";
import type { ClientMessage } from "./message.ts";
import { PendingRequests } from "./pending_requests.ts";
import type { Transport } from "./transport.ts";
import { assertSendable } from "./sendable.ts";

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

/** Sends messages to one client. */
export class MessageSender {
  readonly #context: ServerContext;
  readonly #transport: Transport;
  #pending: PendingRequests | undefined;

  constructor(context: ServerContext, transport: Transport) {
    this.#context = context;
    this.#transport = transport;
  }

  /** The requests that wait for a reply of the client; `undefined` before the first one */
  get pending(): PendingRequests | undefined {
    return this.#pending;
  }

  /** Whether a message of the client is a reply that a request waits for. */
  awaits(name: string, replying: WireMessage | null): boolean {
    if (replying === null || !this.#pending?.isPending(replying)) return false;
    const { contract } = this.#context;
    return contract === undefined || isReply(contract, replying.message, name);
  }

  /**
   * Sends a message that does not answer a request. A slow client can miss it: `onSlow`.
   *
   * @param name The name of the message
   * @param data The data of the message
   * @param replying The message that a late reply answers
   */
  push(
    name: string,
    data: JsonObject,
    replying: WireMessage | null = null,
  ): Message {
    const { wire, frame } = encodeOutgoing(
      this.#context,
      null,
      "s_newmsg",
      name,
      data,
      replying,
    );
    this.#transport.notify(frame);
    return new Message(wire);
  }

  /** Sends a message and waits for a reply: docs/reference/protocol.md, `request`. */
  async request(
    name: string,
    data: JsonObject,
    options: RequestOptions | undefined,
  ): Promise<ClientMessage> {
    checkRequestOptions("Cannot send the request", options);
    const { signal, timeout, onExpired } = limitsOf(options);
    const subject = describeRequest(name);
    const { closed, features } = this.#transport;
    if (closed !== undefined) throw new ConnectionClosedError(subject, closed);
    signal?.throwIfAborted();
    if (!features.has("request")) {
      throw new FeatureError(subject, "request", "client");
    }
    const { wire, frame } = encodeOutgoing(
      this.#context,
      null,
      "request",
      name,
      data,
      null,
    );
    const pending = this.#pending ??= new PendingRequests();
    const reply = pending.add(wire.id, name, subject);
    this.#transport.send(frame);
    try {
      const reason = onExpired ?? (() => timedOut(subject, timeout));
      return await within(reply, signal, timeout, reason);
    } finally {
      pending.delete(wire.id);
    }
  }

  /** Sends a reply before the request is answered. */
  reply(
    id: number,
    name: string,
    data: JsonObject,
    replying: WireMessage,
  ): Message {
    const { wire, frame } = encodeOutgoing(
      this.#context,
      id,
      "newmsg",
      name,
      data,
      replying,
    );
    this.#transport.send(frame);
    return new Message(wire);
  }
}
