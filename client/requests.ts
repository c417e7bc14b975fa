/**
 * The requests of a connection: messages and their replies, operations and streams.
 *
 * @module
 */

import { SerialQueue } from "../common/async.ts";
import { NoReplyError } from "../common/errors.ts";
import { ignorable } from "../common/ignorable.ts";
import type { Json, JsonObject } from "../common/json.ts";
import {
  checkRequestOptions,
  type RequestOptions,
} from "../common/request_options.ts";
import { endWith } from "../common/telemetry.ts";
import {
  describeMessage,
  describeOperation,
  describeRequest,
  describeStream,
} from "../common/text.ts";
import { assertNamed } from "../contract/checks.ts";
import { type Contract, repliesTo } from "../contract/contract.ts";
import {
  encodeMessageRequest,
  encodeOperationRequest,
  encodeStreamRequest,
} from "../protocol/encode.ts";
import type { WireMessage } from "../protocol/message.ts";
import {
  checkMessageOptions,
  checkOperationOptions,
  type OperationOptions,
  type ResolvedStreamOptions,
  resolveStreamOptions,
  type StreamOptions,
} from "./call_options.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { Link, LinkRequest, RequestEvents } from "./link.ts";
import type { ClientLog } from "./log.ts";
import { type MessageOptions, SentMessage, ServerMessage } from "./message.ts";
import { isFinished, ItemStream } from "./stream.ts";
import type { RequestSpans } from "./telemetry.ts";
import type { ContractChecks } from "./validate.ts";

/** What requests need */
export interface RequestsOptions {
  /** Sends the requests */
  readonly link: Link;
  /** Logs the errors of `onReply` */
  readonly log: ClientLog;
  /** The contract with the server */
  readonly contract: Contract | undefined;
  /** Validates the answers; `undefined` if the client trusts the server */
  readonly checks: ContractChecks | undefined;
  /** The length of the items of a stream that can wait, in bytes */
  readonly maxBuffered: number;
  /** Starts the spans of the requests */
  readonly spans: RequestSpans;
}

/** Sends the requests of a connection and converts their answers. */
export class Requests {
  readonly #link: Link;
  readonly #log: ClientLog;
  readonly #contract: Contract | undefined;
  readonly #checks: ContractChecks | undefined;
  readonly #maxBuffered: number;
  readonly #spans: RequestSpans;

  /** Constructs `Requests`. */
  constructor(options: RequestsOptions) {
    this.#link = options.link;
    this.#log = options.log;
    this.#contract = options.contract;
    this.#checks = options.checks;
    this.#maxBuffered = options.maxBuffered;
    this.#spans = options.spans;
  }

  /** Converts a message of the server to a message that listeners can reply to. */
  readonly toMessage = (wire: WireMessage, room?: string): ServerMessage =>
    new ServerMessage(wire, this.#reply, room);

  /** Sends a message, or a reply to the message `replying`. */
  async message(
    name: string,
    data: JsonObject = {},
    options?: MessageOptions,
    replying: WireMessage | null = null,
  ): Promise<SentMessage> {
    checkMessageOptions(options);
    this.#assertMessage(name, replying);
    const accept = this.#acceptorOf(options?.onReply);
    const replies = new Replies(name, this.#checks, accept);
    await this.#send("messages", {
      name,
      describe: describeMessage,
      signal: options?.signal,
      timeout: options?.timeout,
      isReply: replying !== null,
      encode: encodeMessageRequest(name, data, replying),
      events: replies,
    });
    const wire = { message: name, data, id: replies.messageId, replying };
    return new SentMessage(wire, await replies.all());
  }

  /** Sends a message and waits for the first reply. */
  async request(
    name: string,
    data: JsonObject = {},
    options?: RequestOptions,
  ): Promise<ServerMessage> {
    checkRequestOptions("Cannot send the request", options);
    this.#assertMessage(name, null);
    let first: WireMessage | undefined;
    await this.#send("messages", {
      name,
      describe: describeRequest,
      signal: options?.signal,
      timeout: options?.timeout,
      endsWithReply: true,
      encode: encodeMessageRequest(name, data, null),
      events: { onReply: (wire) => first ??= wire },
    });
    if (first === undefined) throw new NoReplyError(describeRequest(name));
    await this.#checks?.reply(name, first);
    return this.toMessage(first);
  }

  /** Calls an operation. */
  async operation(
    name: string,
    data: JsonObject = {},
    options?: OperationOptions,
  ): Promise<Json> {
    checkOperationOptions(options);
    this.#assertOperation(name);
    const answer = await this.#send("operations", {
      name,
      describe: describeOperation,
      signal: options?.signal,
      timeout: options?.timeout,
      idempotent: options?.idempotent,
      encode: encodeOperationRequest(name, data),
    });
    const result = answer?.result ?? null;
    const checking = this.#checks?.result(name, result);
    if (checking !== undefined) await checking;
    return result;
  }

  /** Prepares a stream, which calls its operation when the first item is requested. */
  stream(
    name: string,
    data: JsonObject = {},
    options?: StreamOptions,
  ): ItemStream {
    const { signal, buffer, position } = this.#resolveStream(options);
    this.#assertOperation(name);
    // Invalid data is rejected now, and not when the first item is requested.
    const encode = encodeStreamRequest(name, data);
    const checks = this.#checks;
    return new ItemStream({
      subject: describeStream(name),
      buffer,
      maxBuffered: this.#maxBuffered,
      signal,
      position,
      call: (ended, events, opening) =>
        this.#send("operations", {
          name,
          describe: describeStream,
          needs: position === undefined ? "stream" : "resume",
          idempotent: position !== undefined,
          signal: ended,
          encode: (id, _timeout, traceparent) =>
            encode(id, { ...opening(), traceparent }),
          events,
        }),
      check: checks && ((item) => checks.item(name, item)),
    });
  }

  #resolveStream(options: StreamOptions | undefined): ResolvedStreamOptions {
    const resolved = resolveStreamOptions(options);
    if (resolved.position === undefined || this.#link.reconnects) {
      return resolved;
    }
    throw new TypeError(
      "Cannot call the operation: 'resume' needs a client that reconnects. Set the option 'reconnect'.",
    );
  }

  /** Sends a request. Validates the error of the application if the request fails. */
  #send(
    part: "messages" | "operations",
    request: LinkRequest,
  ): Promise<JsonObject | null> {
    const answer = this.#observe(request);
    const checks = this.#checks;
    if (checks === undefined) return answer;
    return answer.catch(async (error) => {
      await checks.error(part, request.name, error);
      throw error;
    });
  }

  /** Sends a request, inside of a span if it gets one. */
  #observe(request: LinkRequest): Promise<JsonObject | null> {
    const span = request.isReply ? undefined : this.#spans.start(request.name);
    if (span === undefined) return this.#link.request(request);
    const { traceparent } = span;
    const answer = this.#link.request({ ...request, traceparent });
    return endWith(span, answer, (error) => !isFinished(error));
  }

  /** Returns the function that converts each reply, and calls `onReply` with it. */
  #acceptorOf(
    onReply: MessageOptions["onReply"],
  ): (wire: WireMessage) => ServerMessage {
    if (onReply === undefined) return (wire) => this.toMessage(wire);
    return (wire) => {
      const reply = this.toMessage(wire);
      void this.#log.run(() => onReply(reply));
      return reply;
    };
  }

  /** Sends the reply of a listener. */
  readonly #reply = (
    replying: WireMessage,
    name: string,
    data?: unknown,
    options?: unknown,
  ): Promise<SentMessage> =>
    ignorable(
      this.message(
        name,
        data as JsonObject,
        options as MessageOptions,
        replying,
      ),
    );

  #assertOperation(name: string): void {
    if (this.#contract === undefined) return;
    const subject = `Cannot call ${describeOperation(name)}`;
    assertNamed(subject, this.#contract.operations, name);
  }

  /** Accepts the messages of the contract, and the replies to the event `replying`. */
  #assertMessage(name: string, replying: WireMessage | null): void {
    if (this.#contract === undefined) return;
    const { messages, events } = this.#contract;
    const replies = replying === null
      ? {}
      : repliesTo(events, replying.message);
    const subject = `Cannot send ${describeMessage(name)}`;
    assertNamed(subject, { ...messages, ...replies }, name);
  }
}

/** Collects the replies to one message in the order of their arrival. */
export class Replies<Reply> implements RequestEvents {
  /** The number that the server gave to the message */
  messageId = 0;
  readonly #name: string;
  readonly #checks: Pick<ContractChecks, "reply"> | undefined;
  readonly #accept: (wire: WireMessage) => Reply;
  readonly #replies: Reply[] = [];
  /** Created by the first reply that is validated. */
  #queue: SerialQueue | undefined;
  #failure: { readonly error: unknown } | undefined;

  /**
   * Constructs `Replies`.
   *
   * @param name The name of the message
   * @param checks Validates each reply; `undefined` if the client trusts the server
   * @param accept Called with each valid reply, in order; must not throw
   */
  constructor(
    name: string,
    checks: Pick<ContractChecks, "reply"> | undefined,
    accept: (wire: WireMessage) => Reply,
  ) {
    this.#name = name;
    this.#checks = checks;
    this.#accept = accept;
  }

  onOpen(messageId: number): void {
    this.messageId = messageId;
  }

  onReply(wire: WireMessage): void {
    const checks = this.#checks;
    if (checks === undefined) return this.#add(wire);
    this.#queue ??= new SerialQueue();
    this.#queue.add(
      () => checks.reply(this.#name, wire),
      () => this.#add(wire),
      (error) => this.#failure ??= { error },
    );
  }

  /**
   * Waits until all replies are validated.
   *
   * @returns The replies
   *
   * @throws {ValidationError} If a reply does not match its schema
   */
  async all(): Promise<readonly Reply[]> {
    if (this.#queue?.done !== undefined) await this.#queue.done;
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#replies;
  }

  #add(wire: WireMessage): void {
    this.#replies.push(this.#accept(wire));
  }
}

/**
 * Sends a request of the application, whose types the methods of `Connection` check.
 *
 * @param parts The parts of the connection
 * @param kind The kind of the request
 * @param name The name of the message or operation
 * @param data The data
 * @param options The options, which are checked
 * @returns What the request resolves to
 */
export function sendRequest(
  { dispatcher, requests }: {
    readonly dispatcher: Dispatcher;
    readonly requests: Requests;
  },
  kind: "message" | "request" | "operation",
  name: string,
  data: unknown,
  options: unknown,
): Promise<unknown> {
  dispatcher.open();
  const result: Promise<unknown> = requests[kind](
    name,
    data as JsonObject,
    options as object,
  );
  return ignorable(result);
}
