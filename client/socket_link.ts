/**
 * A link over one WebSocket.
 *
 * @module
 */

import { Deadline, limit, settlesWithin, within } from "../common/async.ts";
import {
  CloseCode,
  ConnectionClosedError,
  FeatureError,
} from "../common/errors.ts";
import type { JsonObject } from "../common/json.ts";
import { assertLength } from "../common/text.ts";
import { timedOut } from "../common/timed_out.ts";
import { type CloseInfo, describeDisconnect } from "../protocol/close.ts";
import { isRoomEvent } from "../protocol/decode_room_messages.ts";
import {
  encodeCancel,
  encodeRequestDone,
  GOODBYE,
  PING,
} from "../protocol/encode.ts";
import { NO_FEATURES } from "../protocol/features.ts";
import {
  decodeServerFrame,
  decodeServerFrames,
  isInvalid,
  type RequestFrame,
  serverFeaturesOf,
  type ServerFrame,
} from "../protocol/server_frames.ts";
import { sendBufferFull } from "./buffer_errors.ts";
import {
  abortSocket,
  type ClientSocket,
  closeSocket,
  maxBatchOf,
} from "./client_socket.ts";
import { EarlyMessages } from "./early_messages.ts";
import { describeExcess, lengthOf, lengthOfEach } from "./frame_length.ts";
import type { Dialer } from "./handshake.ts";
import { type Heartbeat, startHeartbeat } from "./heartbeat.ts";
import {
  type AbortableLink,
  cannotReconnect,
  CLOSED_HERE,
  type LinkEvents,
  type LinkRequest,
  LOST,
  subjectOf,
} from "./link.ts";
import type { ClientLog } from "./log.ts";
import {
  connectionLost,
  connectTimeout,
  loginError,
  loginOffence,
} from "./login_errors.ts";
import { PendingRequests } from "./pending_requests.ts";
import { Renewal } from "./renewal.ts";
import { SendBuffer } from "./send_buffer.ts";

/** The `readyState` of a WebSocket that has closed. */
const CLOSED = 3;

/** How long the server can take to close after a goodbye, in milliseconds. */
const CLOSE_TIMEOUT = 1_000;

/** A {@linkcode Link} that ends with its WebSocket. */
export class SocketLink implements AbortableLink {
  readonly closed: Promise<CloseInfo>;
  readonly #dialer: Dialer;
  readonly #events: LinkEvents;
  readonly #pending: PendingRequests;
  readonly #buffer: SendBuffer;
  #socket: ClientSocket | undefined;
  /** The protocol extensions that both sides support. */
  #features = NO_FEATURES;
  /** The longest frame that the server accepts, in bytes. */
  #maxPayload = Infinity;
  /** The messages that wait for the login; `undefined` when it is answered. */
  #early: EarlyMessages | undefined;
  #closeInfo: CloseInfo | undefined;
  #failing: Deadline | undefined;
  #heartbeat: Heartbeat | undefined;
  /** Why this side ended the connection, if the server is to blame. */
  #offence: string | undefined;
  #renewal: Renewal | undefined;
  #resolveClosed = (_info: CloseInfo): void => {};

  /**
   * Constructs a `SocketLink`, which does not connect before `open` is called.
   *
   * @param dialer Opens the WebSocket
   * @param events Receives what happens
   */
  constructor(dialer: Dialer, events: LinkEvents) {
    this.#dialer = dialer;
    const { maxBuffered } = dialer.target;
    this.#pending = new PendingRequests(maxBuffered);
    this.#early = new EarlyMessages(maxBuffered);
    this.#buffer = new SendBuffer(maxBuffered, {
      onSend: (frame) => {
        this.#heartbeat?.noteSent();
        this.#log.sent(frame, this.#early !== undefined);
      },
      onFailure: () => this.#onError(),
    });
    this.#events = events;
    this.closed = new Promise((resolve) => this.#resolveClosed = resolve);
  }

  get reconnects(): boolean {
    return false;
  }

  async open(token: string, callerSignal?: AbortSignal): Promise<void> {
    const { endpoints, timeout } = this.#dialer.target;
    const onTimeout = () => connectTimeout(endpoints.base, timeout);
    const { signal, cancel } = limit(callerSignal, timeout, onTimeout);
    try {
      this.#attach(await this.#dialer.open(signal));
      await this.#logIn(token, signal);
    } finally {
      cancel();
    }
  }

  async request(request: LinkRequest): Promise<JsonObject | null> {
    this.#assertSendable(request);
    const id = this.#pending.nextId();
    const traceparent = this.#features.has("trace")
      ? request.traceparent
      : undefined;
    const frame = request.encode(id, this.#timeLeft(request), traceparent);
    const subject = () => subjectOf(request);
    assertLength(frame, this.#maxPayload, subject, "limits.maxPayload");
    this.#assertFits(frame, request);
    try {
      const answer = this.#pending.add(id, request);
      this.#buffer.push(frame);
      request.events?.onSent?.((encode) => this.#sendAbout(id, encode));
      const { signal, due, timeout } = request;
      // Most requests have no limit, and a limit is not cheap.
      if (signal === undefined && timeout === undefined) return await answer;
      const onTimeout = () => timedOut(subject(), timeout);
      const limit = due === undefined ? timeout : undefined;
      return await within(answer, signal, limit, onTimeout);
    } catch (error) {
      if (this.#pending.has(id)) this.#giveUp(id, request);
      throw error;
    } finally {
      this.#pending.abandon(id);
    }
  }

  reconnect(): never {
    throw cannotReconnect();
  }

  async close(): Promise<void> {
    if (this.#closeInfo !== undefined) return void await this.closed;
    this.#rejectAll(CLOSED_HERE);
    this.#buffer.push(GOODBYE);
    this.#buffer.flush();
    if (await settlesWithin(this.closed, CLOSE_TIMEOUT)) return;
    if (this.#socket !== undefined) closeSocket(this.#socket, CloseCode.NORMAL);
    this.#onClosed(CLOSED_HERE);
  }

  /** Ends the connection without a goodbye. */
  abort(): void {
    this.#fail(LOST);
  }

  /** Ends the connection because the socket has failed. */
  #fail(info: CloseInfo = this.#closeInfo ?? LOST): void {
    if (this.#socket !== undefined) abortSocket(this.#socket);
    this.#onClosed(info);
  }

  #assertOpen(request: LinkRequest): void {
    if (this.#closeInfo === undefined) return;
    throw new ConnectionClosedError(subjectOf(request), this.#closeInfo);
  }

  #assertFits(frame: string, request: LinkRequest): void {
    if (request.isAdmitted !== true && !this.#buffer.fits(frame)) {
      const { maxBuffered } = this.#dialer.target;
      throw sendBufferFull(subjectOf(request), maxBuffered);
    }
    // Writing the frames that wait can end the connection.
    this.#assertOpen(request);
  }

  #assertSendable(request: LinkRequest): void {
    const { signal, needs } = request;
    signal?.throwIfAborted();
    this.#assertOpen(request);
    if (needs === undefined || this.#features.has(needs)) return;
    throw new FeatureError(subjectOf(request), needs, "server");
  }

  get #log(): ClientLog {
    return this.#dialer.target.log;
  }

  #attach(socket: ClientSocket): void {
    this.#socket = socket;
    this.#buffer.attach(socket);
    this.#log.debug("connect", () => "connected");
    socket.addEventListener("message", ({ data }) => this.#receive(data));
    socket.addEventListener("close", ({ code, reason = "" }) =>
      // Deno's code is 0 if the connection was lost.
      this.#onClosed({ code: code || CloseCode.ABNORMAL, reason }));
    socket.addEventListener("error", (event) => this.#onError(event));
    // The socket can close right after it opened, before it has a listener.
    if (socket.readyState === CLOSED) this.#onClosed(LOST);
  }

  #onError(event?: unknown): void {
    const { closeCode, message } = Object(event);
    // The socket of this package reports what the server did wrong.
    if (typeof closeCode === "number") return this.#end(closeCode, message);
    // Most implementations soon report "close", with a code, and some never do.
    this.#failing ??= new Deadline(0, () => this.#fail());
  }

  /** Logs in: docs/reference/protocol.md, "1. Login". */
  async #logIn(token: string, signal: AbortSignal): Promise<void> {
    const { endpoints: { base }, encodeLogin } = this.#dialer.target;
    const { heartbeat } = this.#dialer;
    try {
      await this.request({
        name: "",
        describe: () => "the login",
        encode: encodeLogin(token, { heartbeat, member: this.#events.secret }),
        signal,
        toError: (frame) => loginError(base, frame),
        toInvalid: () => loginOffence(base, "the server sent an invalid frame"),
        // A logger can give up the connection when the answer arrives.
        events: { onAnswer: (data) => signal.aborted || this.#onLogin(data) },
      });
    } catch (error) {
      this.abort();
      if (this.#offence !== undefined) throw loginOffence(base, this.#offence);
      throw error instanceof ConnectionClosedError
        ? connectionLost(base, error)
        : error;
    }
  }

  #onLogin(data: JsonObject | null): void {
    const { features, maxPayload } = serverFeaturesOf(data);
    const early = this.#early?.take() ?? [];
    this.#early = undefined;
    this.#features = features;
    this.#maxPayload = maxPayload;
    if (features.has("batch")) {
      const longest = maxBatchOf(this.#socket!);
      this.#buffer.enableBatching(Math.min(longest, maxPayload));
    }
    // Python servers name no extension, and send errors without ids.
    if (features.size > 0) this.#pending.expectIds();
    this.#heartbeat = startHeartbeat(this.#dialer.target.heartbeat, {
      socket: this.#socket!,
      ping: features.has("heartbeat") ? () => this.#pushOwn(PING) : undefined,
      onSilent: (info) => this.#fail(info),
    });
    this.#events.onOpen(this);
    for (const frame of early) this.#deliver(frame);
  }

  /** How long the caller still waits, for a server that can use it. */
  #timeLeft({ due, timeout }: LinkRequest): number | undefined {
    if (timeout === undefined || !this.#features.has("cancel")) {
      return undefined;
    }
    const left = due === undefined ? timeout : due - performance.now();
    return left === Infinity ? undefined : Math.max(0, Math.ceil(left));
  }

  /** Lets the server give up a request that its caller has given up. */
  #giveUp(id: number, { needs, signal }: LinkRequest): void {
    this.#heartbeat?.suspect();
    const isStream = needs === "stream" || needs === "resume";
    // A stream sends the frame itself if its caller ends it.
    if (isStream ? signal?.aborted : !this.#features.has("cancel")) return;
    this.#sendAbout(id, encodeCancel);
  }

  #sendAbout(id: number, encode: (id: number) => string): void {
    if (this.#pending.has(id)) this.#pushOwn(encode(id));
  }

  /** Sends a frame that the client sends by itself, and for which no caller waits. */
  #pushOwn(frame: string): void {
    if (this.#buffer.fitsOwn(frame)) return this.#buffer.push(frame);
    this.#end(CloseCode.TRY_AGAIN_LATER, "the server reads too slowly");
  }

  #receive(data: unknown): void {
    if (this.#closeInfo !== undefined) return;
    const excess = describeExcess(data, this.#dialer.target, this.#early);
    if (excess !== undefined) {
      return this.#end(CloseCode.MESSAGE_TOO_BIG, excess);
    }
    this.#heartbeat?.noteReceived();
    this.#log.received(data);
    const length = lengthOf(data);
    const frames = this.#buffer.isBatching
      ? decodeServerFrames(data, this.#features)
      : [decodeServerFrame(data, this.#features)];
    const keeps = (id: number) => this.#pending.keepsReplies(id);
    const units = lengthOfEach(length, frames, keeps);
    for (const frame of frames) if (frame) this.#handle(frame, units);
    // Once, because a server can send millions of invalid frames in one batch.
    const isIgnored = this.#closeInfo !== undefined;
    if (!isIgnored && frames.some(isInvalid)) this.#events.onInvalid();
  }

  #handle(frame: ServerFrame, units: number | undefined): void {
    // The previous answer of a batch can have closed the connection.
    if (this.#closeInfo !== undefined) return;
    this.#pending.handle(frame, units);
    if (frame.kind === "renew") return this.#onRenew();
    if (this.#early === undefined) this.#deliver(frame);
    else this.#early.add(frame);
  }

  #deliver(frame: ServerFrame): void {
    // A listener can have closed the connection.
    if (this.#closeInfo !== undefined) return;
    if (frame.kind === "message") this.#events.onMessage(frame.message);
    if (frame.kind === "request") this.#onRequest(frame);
    if (isRoomEvent(frame)) this.#events.onRoom(frame);
  }

  /** Ends the connection because of what the server did. */
  #end(code: number, reason: string): void {
    if (this.#closeInfo !== undefined) return;
    this.#offence = reason;
    if (this.#socket !== undefined) closeSocket(this.#socket, code);
    this.#onClosed({ code, reason });
    this.#log.warn(`closed the connection, because ${reason}`);
  }

  /** The server asks for a new token: docs/reference/protocol.md, `renew`. */
  #onRenew(): void {
    if (!this.#features.has("renew")) return this.#events.onInvalid();
    this.#renewal ??= new Renewal(
      this.#dialer.target,
      (request) => this.request(request),
    );
    void this.#renewal.run();
  }

  /** The server sent a request: docs/reference/protocol.md, `request`. */
  #onRequest({ message, traceparent }: RequestFrame): void {
    const onDone = (hasFailed: boolean) => {
      if (this.#closeInfo !== undefined) return;
      this.#pushOwn(encodeRequestDone(message.id, hasFailed));
    };
    this.#events.onMessage(message, { traceparent, onDone });
  }

  /** Only the first event counts: some implementations report more than one. */
  #onClosed(info: CloseInfo): void {
    this.#failing?.cancel();
    this.#rejectAll(info);
    this.#resolveClosed(info);
  }

  /** Rejects what waits, and every further request. */
  #rejectAll(info: CloseInfo): void {
    if (this.#closeInfo !== undefined) return;
    this.#closeInfo = info;
    this.#heartbeat?.stop();
    this.#log.debug("disconnect", () => describeEnd(info));
    this.#renewal?.close();
    this.#pending.onClosed(info);
    this.#events.onClosed(this, info);
  }
}

function describeEnd(info: CloseInfo): string {
  if (info === CLOSED_HERE) return "disconnected: closed by the client";
  const rest = info.reason === "" ? "" : `: ${info.reason}`;
  return info.code === CloseCode.ABNORMAL
    ? `disconnected: connection lost${rest}`
    : `disconnected: ${describeDisconnect(info.code, info.reason)}`;
}
