/**
 * Runs the listeners to the messages of one client, and answers the messages.
 *
 * @module
 */

import { isPromiseLike, mapMaybePromise } from "../common/async.ts";
import type { JsonObject } from "../common/json.ts";
import { describeMessage } from "../common/text.ts";
import type { MessageRequest } from "../protocol/client_frames.ts";
import { encodeSuccess } from "../protocol/encode.ts";
import type { Message, WireMessage } from "../protocol/message.ts";
import { RequestError } from "../protocol/request_error.ts";
import type { ServerContext } from "./context.ts";
import { encodeErrorResponse } from "./error_response.ts";
import { type Client, ClientMessage } from "./message.ts";
import type { MessageSender } from "./outgoing.ts";
import type { Transport } from "./transport.ts";
import { checkMessage } from "./validate.ts";

/** Sends a reply. */
type Reply = (name: string, data: JsonObject) => Message;

/** Runs the listeners to the messages of one client. */
export class MessageHandler {
  readonly #context: ServerContext;
  readonly #client: Client;
  readonly #transport: Transport;
  readonly #sender: MessageSender;

  /**
   * Constructs a `MessageHandler`.
   *
   * @param context The state of the server
   * @param client The client that listeners see
   * @param transport Where responses are sent
   * @param sender Sends replies, and knows the requests that the client replies to
   */
  constructor(
    context: ServerContext,
    client: Client,
    transport: Transport,
    sender: MessageSender,
  ) {
    this.#context = context;
    this.#client = client;
    this.#transport = transport;
    this.#sender = sender;
  }

  /**
   * Runs the listeners to a message, and answers it: docs/reference/protocol.md, "Frames".
   *
   * @returns Resolves when the message is answered; does not reject
   */
  async run({ id, name, data, replying }: MessageRequest): Promise<void> {
    const messageId = this.#context.nextMessageId();
    const wire = { message: name, data, id: messageId, replying };
    let isAnswered = false;
    // A late reply has no id, because a Python client would mistake it for the answer to
    // its next request. A slow client can miss it.
    const reply: Reply = (name, data) =>
      isAnswered
        ? this.#sender.push(name, data, wire)
        : this.#sender.reply(id, name, data, wire);
    const opening = `{"id":${messageId}}`;
    const sendsOpen = !this.#transport.features.has("done-id");
    if (sendsOpen) this.#transport.send(encodeSuccess(id, "open", opening));
    const errors = await this.#dispatch(wire, reply);
    isAnswered = true;
    this.#transport.send(
      errors.length === 0
        ? encodeSuccess(id, "done", sendsOpen ? "null" : opening)
        : encodeErrorResponse(id, errors[0], this.#context),
    );
  }

  /** Runs the listeners to a message, and returns what they threw. */
  async #dispatch(wire: WireMessage, reply: Reply): Promise<unknown[]> {
    const errors: unknown[] = [];
    const onError = (error: unknown) => {
      errors.push(error);
      this.#logError(wire.message, error);
    };
    const { contract, registry } = this.#context;
    const { message: name, replying } = wire;
    const isAwaited = this.#sender.awaits(name, replying);
    try {
      const checked = this.#check(wire, reply, isAwaited);
      if (isAwaited) this.#sender.pending?.settle(replying!.id, checked);
      const message = isPromiseLike(checked) ? await checked : checked;
      // A listener to this name expects data of a message, and not of a reply.
      const isNamed = !isAwaited || contract === undefined;
      const called = await registry.listeners.dispatch(
        message,
        onError,
        isNamed,
      );
      const isUnheard = called === 0 && errors.length === 0;
      if (isUnheard && !isAwaited) this.#logUnheard(wire);
    } catch (error) {
      onError(error);
    }
    return errors;
  }

  /** Returns a checked message; a promise only if its schema is asynchronous. */
  #check(
    { message: name, ...wire }: WireMessage,
    reply: Reply,
    isAwaited: boolean,
  ): ClientMessage | PromiseLike<ClientMessage> {
    const { replying, data } = wire;
    const incoming = { name, replying, isAwaited };
    return mapMaybePromise(
      checkMessage(this.#context.contract, data, incoming),
      (data) =>
        new ClientMessage({ ...wire, message: name }, this.#client, reply, {
          data,
        }),
    );
  }

  #logError(name: string, error: unknown): void {
    const { log } = this.#transport;
    const subject = describeMessage(this.#context.log.redact(name));
    if (RequestError.is(error)) log.rejected(subject, error);
    else log.exception(`a listener to ${subject} failed`, error);
  }

  #logUnheard({ message, replying }: WireMessage): void {
    const { log } = this.#context;
    const name = describeMessage(log.redact(message));
    const subject = replying === null
      ? name
      : `${name}, a reply to ${describeMessage(log.redact(replying.message))}`;
    this.#transport.log.warn(
      "message",
      `there is no listener to ${subject}`,
    );
  }
}
