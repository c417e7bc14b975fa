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
import type { ActiveCalls } from "./active_calls.ts";
import { runInScope } from "./call_scope.ts";
import type { ServerContext } from "./context.ts";
import { encodeErrorResponse } from "./error_response.ts";
import { Call, type CallOwner } from "./call.ts";
import { ClientMessage, type MessageContext } from "./message.ts";
import type { MessageSender } from "./outgoing.ts";
import type { RequestGate } from "./request_gate.ts";
import type { Transport } from "./transport.ts";
import { checkMessage } from "./validate.ts";

/** Runs the listeners to the messages of one client. */
export class MessageHandler {
  readonly #context: ServerContext;
  readonly #active: ActiveCalls;
  readonly #transport: Transport;
  readonly #sender: MessageSender;
  readonly #gate: RequestGate | undefined;

  /**
   * Constructs a `MessageHandler`.
   *
   * @param context The state of the server
   * @param active The requests of the client that are in progress
   * @param transport Where responses are sent
   * @param sender Sends replies, and knows the requests that the client replies to
   * @param gate Decides which messages are allowed; `undefined` if all are
   */
  constructor(
    context: ServerContext,
    active: ActiveCalls,
    transport: Transport,
    sender: MessageSender,
    gate: RequestGate | undefined,
  ) {
    this.#context = context;
    this.#active = active;
    this.#transport = transport;
    this.#sender = sender;
    this.#gate = gate;
  }

  /**
   * Runs the listeners to a message, and answers it: docs/reference/protocol.md, "Frames".
   *
   * @returns Resolves when the message is answered; does not reject
   */
  run(request: MessageRequest): Promise<void> {
    const messageId = this.#context.nextMessageId();
    const call = new MessageCall(
      this.#active,
      request,
      messageId,
      this.#sender,
    );
    this.#active.add(call);
    const isAwaited = this.#sender.awaits(request.name, request.replying);
    const isReply = isAwaited || this.#gate?.isLateReply(request) === true;
    // A reply needs no permission, because the server has asked for it.
    const entered = isReply || this.#enter(request, call);
    return entered === true
      ? this.#answer(call, isAwaited, isReply)
      : this.#answerLater(entered, call);
  }

  async #answerLater(
    entered: boolean | Promise<boolean>,
    call: MessageCall,
  ): Promise<void> {
    if (await entered) await this.#answer(call, false, false);
  }

  async #answer(
    call: MessageCall,
    isAwaited: boolean,
    isReply: boolean,
  ): Promise<void> {
    const { id } = call;
    const opening = `{"id":${call.wire.id}}`;
    const sendsOpen = !this.#transport.features.has("done-id");
    if (sendsOpen) this.#transport.send(encodeSuccess(id, "open", opening));
    const errors = call.due === undefined
      ? await this.#dispatch(call, isAwaited, isReply)
      : await runInScope(
        call,
        () => this.#dispatch(call, isAwaited, isReply),
      );
    call.end();
    this.#transport.send(
      errors.length === 0
        ? encodeSuccess(id, "done", sendsOpen ? "null" : opening)
        : encodeErrorResponse(id, call.answerTo(errors[0]), this.#context),
    );
  }

  /** Returns whether a message is allowed; if not, answers it with an error. */
  #enter(
    request: MessageRequest,
    call: MessageCall,
  ): boolean | Promise<boolean> {
    if (this.#gate === undefined) return true;
    const refuse = (error: unknown) => this.#refuse(request, call, error);
    try {
      const entering = this.#gate.enter(request);
      if (entering === undefined) return true;
      return entering.then(() => {
        // The client can have left, or cancelled the message, in the meantime.
        call.signal.throwIfAborted();
        return true;
      }).catch(refuse);
    } catch (error) {
      return refuse(error);
    }
  }

  #refuse(
    { id, name }: MessageRequest,
    call: MessageCall,
    error: unknown,
  ): boolean {
    const { log } = this.#transport;
    const subject = describeMessage(this.#context.log.redact(name));
    if (RequestError.is(error)) log.rejected(subject, error);
    else if (!call.isAbortError(error)) {
      log.exception(`'authorize' failed for ${subject}`, error);
    }
    call.end();
    const answer = call.answerTo(error);
    this.#transport.send(encodeErrorResponse(id, answer, this.#context));
    return false;
  }

  /** Runs the listeners to a message, and returns what they threw. */
  async #dispatch(
    call: MessageCall,
    isAwaited: boolean,
    isReply: boolean,
  ): Promise<unknown[]> {
    const { wire } = call;
    const errors: unknown[] = [];
    const onError = (error: unknown) => {
      errors.push(error);
      if (!call.isAbortError(error)) this.#logError(wire.message, error);
    };
    const { contract, registry } = this.#context;
    try {
      const checked = this.#check(call, isAwaited);
      if (isAwaited) this.#sender.pending?.settle(wire.replying!.id, checked);
      const message = isPromiseLike(checked) ? await checked : checked;
      // A client could otherwise reply with the name of a message that it must not send.
      if (isReply && this.#gate !== undefined) return errors;
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
    call: MessageCall,
    isAwaited: boolean,
  ): ClientMessage | PromiseLike<ClientMessage> {
    const { message: name, replying, data } = call.wire;
    const incoming = { name, replying, isAwaited };
    return mapMaybePromise(
      checkMessage(this.#context.contract, data, incoming),
      (data) => new ClientMessage(call.wire, call, { data }),
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

/** A message whose listeners run, and the context that they see. */
class MessageCall extends Call implements MessageContext {
  /** The message, with the number that the server has given to it */
  readonly wire: WireMessage;
  readonly #sender: MessageSender;

  /**
   * Constructs a `MessageCall`.
   *
   * @param owner The calls of the client
   * @param request The message
   * @param messageId The number of the message
   * @param sender Sends the replies
   */
  constructor(
    owner: CallOwner,
    request: MessageRequest,
    messageId: number,
    sender: MessageSender,
  ) {
    super(owner, request);
    const { name: message, data, replying } = request;
    this.wire = { message, data, id: messageId, replying };
    this.#sender = sender;
  }

  reply(name: string, data: JsonObject): Message {
    // A late reply has no id, because a Python client would mistake it for the answer to
    // its next request. A slow client can miss it.
    return this.isRunning
      ? this.#sender.reply(this.id, name, data, this.wire)
      : this.#sender.push(name, data, this.wire);
  }
}
