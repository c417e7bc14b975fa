/**
 * Runs the listeners to the messages of one client, and answers the messages.
 *
 * @module
 */

import {
  type ApplicationError,
  isOwnError,
} from "../common/application_error.ts";
import { isPromiseLike, mapMaybePromise } from "../common/async.ts";
import type { JsonObject } from "../common/json.ts";
import { describeMessage, isLengthError } from "../common/text.ts";
import { type Contract, errorsOf, ownEntry } from "../contract/contract.ts";
import type { MessageRequest } from "../protocol/client_frames.ts";
import type { Message, WireMessage } from "../protocol/message.ts";
import { notAllowed, RequestError } from "../protocol/request_error.ts";
import { encodeSuccess } from "../protocol/success_frames.ts";
import type { ActiveCalls } from "./active_calls.ts";
import {
  ApplicationAnswer,
  encodeErrorResponse,
  type Outcome,
  resultOf,
} from "./error_response.ts";
import { Call, type CallOwner } from "./call.ts";
import { runInScope } from "./call_scope.ts";
import type { ServerContext } from "./context.ts";
import { ClientMessage, type MessageContext } from "./message.ts";
import { middlewareFailed, ObservedCall } from "./middleware.ts";
import type { MessageSender } from "./outgoing.ts";
import { OutputError } from "./output_error.ts";
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
   * @param request The message
   * @param now When it arrived, in milliseconds of `performance.now()`
   * @returns Resolves when the message is answered; does not reject
   */
  run(request: MessageRequest, now: number): Promise<void> {
    const messageId = this.#context.nextMessageId();
    const call = new MessageCall(
      this.#active,
      request,
      messageId,
      this.#sender,
      this.#context.contract,
    );
    call.start = now;
    call.counters = this.#context.metrics.messages.of(request.name);
    call.onEnded = this.#context.admin?.sink?.begin(request, call.client);
    this.#active.add(call);
    // A reply belongs to the span of the request that the server has sent.
    if (!call.isAwaited) {
      call.observed = this.#context.telemetry?.begin(request);
    }
    const isReply = call.isAwaited || this.#gate?.isLateReply(request) === true;
    // A client could otherwise reply with the name of a message that it must not send.
    call.isHeard = !isReply || this.#gate?.authorizes !== true;
    // A reply needs no permission, because the server has asked for it.
    const entered = isReply ||
      runInScope(call, () => this.#enter(request, call));
    return entered === true
      ? this.#answer(call)
      : this.#answerLater(entered, call);
  }

  async #answerLater(
    entered: boolean | Promise<boolean>,
    call: MessageCall,
  ): Promise<void> {
    if (await entered) await this.#answer(call);
  }

  async #answer(call: MessageCall): Promise<void> {
    const { id } = call;
    const opening = `{"id":${call.wire.id}}`;
    const sendsOpen = !this.#transport.features.has("done-id");
    if (sendsOpen) this.#transport.send(encodeSuccess(id, "open", opening));
    const errors = await runInScope(call, () => this.#run(call));
    if (errors.length > 0) return await this.#answerError(call, errors);
    if (call.refusal !== undefined) return this.#fail(call, call.refusal);
    call.end();
    call.counters?.count("ok", call.start);
    const data = sendsOpen ? "null" : opening;
    this.#transport.send(encodeSuccess(id, "done", data));
  }

  /** Answers a message whose listeners failed, with the first error that they threw. */
  async #answerError(
    call: MessageCall,
    errors: readonly unknown[],
  ): Promise<void> {
    const outcomes: Outcome[] = [];
    for (const error of errors) {
      const isOnPurpose = isOwnError(error);
      outcomes.push(
        isOnPurpose ? await this.#resolve(call, error) : { answer: error },
      );
    }
    this.#fail(call, outcomes[0]!.answer);
  }

  /** Returns the answer for an error that the application threw on purpose, and logs it. */
  async #resolve(call: MessageCall, error: ApplicationError): Promise<Outcome> {
    const { maxBuffered } = this.#context.limits;
    const rules = { errors: call.declared, maxBuffered };
    const outcome = await ApplicationAnswer.for(error, rules);
    const log = () => this.#logError(call, outcome.answer, "a listener to");
    runInScope(call, log);
    return outcome;
  }

  /** Ends a call with an error. */
  #fail(call: MessageCall, error: unknown): void {
    call.counters?.count(resultOf(error, call), call.start);
    const answer = call.answerTo(error);
    call.end({ error: answer });
    this.#transport.send(
      ApplicationAnswer.is(answer)
        ? answer.encode(call.id)
        : encodeErrorResponse(call.id, answer, this.#context),
    );
  }

  /** Returns whether a message is allowed; if not, answers it with an error. */
  #enter(
    request: MessageRequest,
    call: MessageCall,
  ): boolean | Promise<boolean> {
    const refuse = (error: unknown) => this.#refuse(call, error);
    if (this.#context.admin?.covers(request.name)) {
      return refuse(notAllowed("the admin contract has no messages"));
    }
    if (this.#gate === undefined) return true;
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

  /** Answers a message that is not allowed; returns false. */
  async #refuse(call: MessageCall, thrown: unknown): Promise<boolean> {
    const { maxBuffered } = this.#context.limits;
    const error = isOwnError(thrown)
      ? (await ApplicationAnswer.for(thrown, { maxBuffered })).answer
      : thrown;
    this.#logError(call, error, "'authorize' for");
    this.#fail(call, error);
    return false;
  }

  /** Runs the listeners to a message, and the middleware if there is any. */
  #run(call: MessageCall): Promise<unknown[]> {
    return this.#isObserved(call) ? this.#observe(call) : this.#dispatch(call);
  }

  /** Whether the listeners to a message run inside of a middleware. */
  #isObserved({ wire, isAwaited, isHeard }: MessageCall): boolean {
    const { contract, middleware, registry } = this.#context;
    if (middleware.isEmpty || !isHeard) return false;
    // The types of a middleware promise a name of the contract, and not of a reply.
    const isMessage = contract === undefined ||
      (!isAwaited && Object.hasOwn(contract.messages, wire.message));
    return isMessage && registry.listeners.has(wire.message);
  }

  /** Runs the listeners to a message inside of the middleware. */
  async #observe(call: MessageCall): Promise<unknown[]> {
    const { wire } = call;
    // The request of the server does not wait for the middleware.
    if (call.isAwaited) this.#settle(call, this.#check(call));
    let errors: unknown[] = [];
    const run = async () => {
      errors = await this.#dispatch(call);
      if (errors.length > 0) throw errors[0];
    };
    const abort = () => call.abort(middlewareFailed());
    const { contract, middleware } = this.#context;
    const request = {
      kind: "message",
      name: wire.message,
      data: wire.data,
    } as const;
    try {
      const observed = new ObservedCall(contract, request, call);
      await middleware.run(observed, { run, abort });
      return [];
    } catch (error) {
      const isLogged = errors.includes(error);
      if (!isLogged) this.#logError(call, error, "a middleware around");
      return [error];
    }
  }

  /** Runs the listeners to a message; resolves to what they threw. */
  async #dispatch(call: MessageCall): Promise<unknown[]> {
    const { wire, isAwaited } = call;
    const errors: unknown[] = [];
    const onError = (error: unknown) => {
      errors.push(error);
      this.#logError(call, error, "a listener to");
    };
    const { contract, registry } = this.#context;
    try {
      const checked = this.#check(call);
      if (isAwaited) this.#settle(call, checked);
      const message = isPromiseLike(checked) ? await checked : checked;
      if (!call.isHeard) return errors;
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
  ): ClientMessage | PromiseLike<ClientMessage> {
    const { message: name, replying, data } = call.wire;
    const incoming = { name, replying, isAwaited: call.isAwaited };
    return mapMaybePromise(
      checkMessage(this.#context.contract, data, incoming),
      (data) => new ClientMessage(call.wire, call, { data }),
    );
  }

  /** Resolves the request of the server that waits for a reply. */
  #settle(
    { wire }: MessageCall,
    checked: ClientMessage | PromiseLike<ClientMessage>,
  ): void {
    this.#sender.pending?.settle(wire.replying!.id, checked);
  }

  #logError(call: MessageCall, error: unknown, culprit: string): void {
    const { log } = this.#transport;
    const name = this.#context.log.redact(call.wire.message);
    const subject = describeMessage(name);
    if (ApplicationAnswer.is(error)) log.answered(subject, error);
    else if (RequestError.is(error) || OutputError.is(error)) {
      log.rejected(subject, error);
    } else if (!isOwnError(error) && !call.isAbortError(error)) {
      // An error that the application threw on purpose is logged with its answer.
      log.exception(`${culprit} ${subject} failed`, error);
    }
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
  /** Whether a request of the server waits for the message */
  readonly isAwaited: boolean;
  /** Whether listeners receive the message */
  isHeard = true;
  /** Answers a message that is too large for its replies */
  refusal: RequestError | undefined;
  readonly #sender: MessageSender;

  /**
   * Constructs a `MessageCall`.
   *
   * @param owner The calls of the client
   * @param request The message
   * @param messageId The number of the message
   * @param sender Sends the replies
   * @param contract The contract of the server, which declares errors
   */
  constructor(
    owner: CallOwner,
    request: MessageRequest,
    messageId: number,
    sender: MessageSender,
    contract: Contract | undefined,
  ) {
    super(owner, request);
    const { name: message, data, replying } = request;
    this.wire = { message, data, id: messageId, replying };
    this.isAwaited = sender.awaits(message, replying);
    this.#sender = sender;
    if (contract === undefined) return;
    this.declared = errorsOf(ownEntry(contract.messages, message));
  }

  reply(name: string, data: JsonObject): Message {
    if (this.refusal !== undefined) return this.#skip(name, data);
    try {
      return this.#reply(name, data);
    } catch (error) {
      const isCausedByClient = isLengthError(error) &&
        this.#sender.fitsAlone(name, data);
      if (!isCausedByClient) throw error;
      // A late exception could end the program.
      this.refusal = this.#sender.refuse(this.wire);
      return this.#skip(name, data);
    }
  }

  /** Returns a reply that is not sent, without the time that it takes to encode the message. */
  #skip(name: string, data: JsonObject): Message {
    return this.#sender.skip(name, data, this.wire);
  }

  #reply(name: string, data: JsonObject): Message {
    // A late reply has no id, because a Python client would mistake it for the answer to
    // its next request. A slow client can miss it.
    return this.isRunning
      ? this.#sender.reply(this.id, name, data, this.wire)
      : this.#sender.push(name, data, this.wire);
  }
}
