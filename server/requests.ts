/**
 * Handles the requests of one client.
 *
 * @module
 */

import { CloseCode } from "../common/errors.ts";
import type {
  ControlFrame,
  MessageRequest,
  OperationRequest,
  StreamRequest,
} from "../protocol/client_frames.ts";
import { errorAnswerOf, PONG } from "../protocol/encode.ts";
import { exceeded, type RequestLimit } from "../protocol/request_error.ts";
import type { RoomRequest } from "../protocol/room_frames.ts";
import { ActiveCalls } from "./active_calls.ts";
import { Calls, type StreamCall } from "./calls.ts";
import { ClientRates, describeExcess, type Excess } from "./client_rates.ts";
import type { ServerContext } from "./context.ts";
import { HeldFrames } from "./backlog.ts";
import { MessageHandler } from "./incoming.ts";
import type { Client } from "./message.ts";
import type { MessageSender } from "./outgoing.ts";
import { RequestGate } from "./request_gate.ts";
import { sizeOf } from "./request_size.ts";
import type { AnswerEffect } from "./session_types.ts";
import type { Transport } from "./transport.ts";

/** A frame that the server answers with a response. */
type ClientRequest =
  | MessageRequest
  | OperationRequest
  | StreamRequest
  | RoomRequest;

/** Handles the requests of one client. Everything that idle clients lack is lazy. */
export class RequestHandler {
  readonly #context: ServerContext;
  readonly #client: Client;
  readonly #transport: Transport;
  readonly #sender: MessageSender;
  readonly #rates: ClientRates;
  #active: ActiveCalls | undefined;
  #messages: MessageHandler | undefined;
  #calls: Calls | undefined;
  #gate: RequestGate | undefined;
  /** The streams in progress, by the ids of their requests */
  #streams: Map<number, StreamCall> | undefined;
  /** The frames that wait for `onConnect`; `undefined` if none has to wait */
  #held: HeldFrames | undefined;
  /** The number of requests in progress, and their size together */
  #inProgress = 0;
  #bytesInProgress = 0;

  /**
   * Constructs a `RequestHandler`.
   *
   * @param context The state of the server
   * @param client The client that listeners and handlers see
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
    this.#rates = new ClientRates(context, client);
  }

  /** The number of requests in progress, including streams */
  get pending(): number {
    return this.#inProgress;
  }

  /** The number of streams in progress */
  get streams(): number {
    return this.#streams?.size ?? 0;
  }

  /** Whether requests are in progress */
  get isBusy(): boolean {
    return this.#inProgress > 0;
  }

  /**
   * Handles a frame of the client.
   *
   * @param effect The frame, or the answer to an invalid one
   * @param now The current time, in milliseconds
   */
  take(effect: ClientRequest | ControlFrame | AnswerEffect, now: number): void {
    switch (effect.kind) {
      case "credit":
      case "cancel":
      case "done":
      case "ping":
        return this.#control(effect, now);
      default:
        return this.#admit(effect, now);
    }
  }

  /** Lets all further requests wait, because `onConnect` has not finished. */
  hold(): void {
    this.#held = new HeldFrames(() => this.#held = undefined);
  }

  /** Handles the requests that wait, in their order. */
  release(): void {
    this.#held?.release();
  }

  /** Counts the bytes of a frame; returns false if it closed the connection. */
  admitFrame(frame: unknown, now: number): boolean {
    // Binary frames close the connection in any case.
    if (typeof frame !== "string") return true;
    if (this.#rates.allowsBytes(frame.length, now)) return true;
    this.#cutOff("maxByteRate");
    return false;
  }

  /**
   * Counts the time in which other clients waited because too many frames of this one did.
   *
   * @param network The network of the client, which cannot get more time by reconnecting
   * @param time The time in milliseconds
   */
  admitOverrun(network: string, time: number): void {
    const { connections, overruns } = this.#context;
    // A client waits as well before it has joined: during its login and its `onConnect`.
    if (connections.size <= 1) return;
    if (overruns.allows(network, performance.now(), 0, time)) return;
    this.#cutOff("overrun");
  }

  /** Closes the connection when no requests are in progress. */
  shutdown(): void {
    for (const stream of this.#streams?.values() ?? []) stream.shutdown();
    if (!this.isBusy) this.#transport.closeForShutdown();
  }

  /**
   * Ends everything that is in progress, because the connection has ended.
   *
   * @returns Resolves when the handlers of all streams have ended
   */
  close(): Promise<unknown> | undefined {
    this.#active?.close();
    this.#held?.clear();
    if (this.#streams === undefined) return undefined;
    const streams = [...this.#streams.values()];
    for (const stream of streams) stream.stop();
    return Promise.all(streams.map(({ ended }) => ended));
  }

  /** Handles a frame that has no response. Such a frame is never skipped. */
  #control(frame: ControlFrame, now: number): void {
    // Frames that answer something the server sent do not count towards the rate.
    if (!this.#isFree(frame, now)) {
      const verdict = this.#rates.countRequest(now);
      if (verdict === "disconnect") return this.#cutOff("maxRate");
    }
    if (this.#held !== undefined && isAboutRequest(frame)) {
      return this.#holdControl(frame);
    }
    this.#runControl(frame);
  }

  #runControl(frame: ControlFrame): void {
    switch (frame.kind) {
      case "done":
        return this.#sender.pending?.finish(frame.id, frame.failed);
      case "credit":
        return this.#streams?.get(frame.id)?.sender.grant(frame.credit);
      case "cancel":
        return this.#cancel(frame.id);
      case "ping":
        return this.#transport.send(PONG);
    }
  }

  /** The caller has given up a request. */
  #cancel(id: number): void {
    const stream = this.#streams?.get(id);
    if (stream === undefined) this.#active?.cancel(id);
    else stream.cancel();
  }

  /** Keeps a frame about a request that waits, too. */
  #holdControl(frame: ControlFrame): void {
    const { maxPending } = this.#context.limits;
    const isKept = this.#held!.addControl(
      () => this.#runControl(frame),
      maxPending,
    );
    if (!isKept) this.#cutOff("overrun");
  }

  /** Whether the server has sent something that a frame answers, or it is a rare ping. */
  #isFree(frame: ControlFrame, now: number): boolean {
    if (frame.kind === "ping") return this.#rates.isFreePing(now);
    if (frame.kind === "done") {
      return this.#sender.pending?.awaitsDone(frame.id) ?? false;
    }
    const sender = this.#streams?.get(frame.id)?.sender;
    if (frame.kind === "credit") return sender?.expects(frame.credit) ?? false;
    return sender?.expects(0) ?? this.#active?.has(frame.id) ?? false;
  }

  /** Counts a request, and starts it if the limits allow it. */
  #admit(effect: ClientRequest | AnswerEffect, now: number): void {
    // A server that shuts down accepts replies to its own requests, but no requests.
    if (this.#context.shutdown.hasBegun && !this.#isAwaited(effect)) return;
    const verdict = this.#rates.countRequest(now);
    if (verdict === "disconnect") return this.#cutOff("maxRate");
    if (effect.kind === "answer") {
      this.#countInvalid(effect);
      return effect.isInvalid && !this.#rates.allowsInvalid(now)
        ? this.#cutOff("invalid")
        : this.#answer(effect);
    }
    if (verdict === "reject") return this.#reject(effect, "maxRate");
    if (!this.#rates.allowsIdentity(now)) {
      return this.#reject(effect, "maxRatePerToken");
    }
    const size = sizeOf(effect);
    const exceeded = this.#exceededBy(effect, size);
    if (exceeded !== undefined) return this.#reject(effect, exceeded);
    this.#start(effect, size, now);
  }

  /** Returns the limit that keeps a request from starting, if there is one. */
  #exceededBy(request: ClientRequest, size: number): RequestLimit | undefined {
    // The first request, and the first reply to a request, can always start.
    if (!this.isBusy || this.#isFirstReply(request)) return undefined;
    const { maxPending, maxPendingBytes } = this.#context.limits;
    if (this.#inProgress >= maxPending) return "maxPending";
    const bytes = this.#bytesInProgress + size;
    return bytes > maxPendingBytes ? "maxPendingBytes" : undefined;
  }

  #isFirstReply(request: ClientRequest): boolean {
    return this.#isAwaited(request) &&
      this.#sender.pending!.isFirst(request.replying);
  }

  /** Whether a frame is a reply to a pending request of the server. */
  #isAwaited(effect: ClientRequest | AnswerEffect): effect is MessageRequest {
    return effect.kind === "message" &&
      this.#sender.awaits(effect.name, effect.replying);
  }

  #answer({ frame, failure }: AnswerEffect): void {
    if (failure !== undefined) this.#transport.log.warn("reject", failure);
    this.#transport.send(frame);
  }

  #countInvalid({ isInvalid, limit }: AnswerEffect): void {
    const { metrics } = this.#context;
    if (isInvalid) metrics.invalidFrames++;
    if (limit !== undefined) metrics.limitHits[limit]++;
  }

  #reject(request: ClientRequest, limit: RequestLimit): void {
    const { limits, metrics } = this.#context;
    metrics.limitHits[limit]++;
    if (!isRoomRequest(request)) metrics.countRejected(request);
    const answer = errorAnswerOf(exceeded(request.id, limit, limits[limit]));
    this.#answer({ kind: "answer", ...answer });
  }

  /** Closes the connection of a client that sends too much. */
  #cutOff(excess: Excess): void {
    if (this.#transport.closed !== undefined) return;
    const { reason, line } = describeExcess(excess, this.#context.limits);
    this.#context.metrics.limitHits[excess]++;
    this.#transport.log.warn("reject", line);
    this.#transport.close(CloseCode.POLICY_VIOLATION, reason);
  }

  #start(request: ClientRequest, size: number, now: number): void {
    this.#context.metrics.requestsInProgress++;
    this.#inProgress++;
    this.#bytesInProgress += size;
    // `onConnect` can wait for the reply to a request of its own.
    if (this.#held === undefined || this.#isAwaited(request)) {
      return this.#begin(request, size, now);
    }
    this.#held.add(
      () => this.#begin(request, size, now),
      () => this.#drop(request, size, now),
    );
  }

  /** Ends a request that waited when the connection ended. */
  #drop(request: ClientRequest, size: number, now: number): void {
    if (!isRoomRequest(request)) {
      this.#context.metrics.countersOf(request).count("cancelled", now);
    }
    this.#finish(request, size);
  }

  #begin(request: ClientRequest, size: number, now: number): void {
    const answered = this.#run(request, now);
    if (answered === undefined) return this.#finish(request, size);
    void answered.then(() => this.#finish(request, size));
  }

  #finish(request: ClientRequest, size: number): void {
    if (!isRoomRequest(request)) this.#gate?.leave(request);
    this.#context.metrics.requestsInProgress--;
    this.#inProgress--;
    this.#bytesInProgress -= size;
    if (this.#inProgress > 0 || !this.#context.shutdown.hasBegun) return;
    this.#transport.closeForShutdown();
  }

  /**
   * Answers a request; resolves when it is answered, unless it is already.
   *
   * @param now When it arrived, in milliseconds
   */
  #run(request: ClientRequest, now: number): void | Promise<void> {
    if (request.kind === "message") return this.#runListeners(request, now);
    if (isRoomRequest(request)) {
      const { rooms } = this.#context;
      return rooms.answer(this.#client, this.#transport, request);
    }
    const calls = this.#calls ??= new Calls(
      this.#context,
      this.#activeCalls(),
      this.#transport,
      this.#openGate(),
    );
    if (request.kind === "operation") return calls.run(request, now);
    return this.#runStream(calls, request);
  }

  /** Returns what decides about requests; `undefined` if the server allows all. */
  #openGate(): RequestGate | undefined {
    const { authorization, nameLimits } = this.#context;
    if (authorization === undefined && nameLimits === undefined) return;
    return this.#gate ??= new RequestGate(this.#context, this.#client);
  }

  #activeCalls(): ActiveCalls {
    return this.#active ??= new ActiveCalls(
      this.#client,
      this.#transport.features.has("cancel"),
    );
  }

  #runListeners(request: MessageRequest, now: number): Promise<void> {
    const messages = this.#messages ??= new MessageHandler(
      this.#context,
      this.#activeCalls(),
      this.#transport,
      this.#sender,
      this.#openGate(),
    );
    return messages.run(request, now);
  }

  async #runStream(calls: Calls, request: StreamRequest): Promise<void> {
    const { id } = request;
    const streams = this.#streams ??= new Map<number, StreamCall>();
    if (streams.has(id)) {
      this.#context.metrics.countRejected(request);
      return calls.rejectId(id);
    }
    const stream = calls.stream(request);
    streams.set(id, stream);
    this.#context.metrics.openStreams++;
    await stream.ended;
    this.#context.metrics.openStreams--;
    streams.delete(id);
  }
}

function isRoomRequest(request: ClientRequest): request is RoomRequest {
  return "room" in request;
}

/** Whether a frame is about another request of the client, which can wait. */
function isAboutRequest({ kind }: ControlFrame): boolean {
  return kind === "credit" || kind === "cancel";
}
