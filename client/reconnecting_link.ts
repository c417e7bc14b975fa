/**
 * A link that reconnects when its WebSocket has ended.
 *
 * @module
 */

import { limit } from "../common/async.ts";
import { ConnectionClosedError } from "../common/errors.ts";
import type { JsonObject } from "../common/json.ts";
import { detached } from "../common/telemetry.ts";
import { byteLength } from "../common/text.ts";
import { readable } from "../common/thrown.ts";
import { timedOut } from "../common/timed_out.ts";
import type { CloseInfo } from "../protocol/close.ts";
import { isCausedByClient } from "./backoff.ts";
import { queueFull } from "./buffer_errors.ts";
import {
  type AbortableLink,
  cannotReconnect,
  CLOSED_HERE,
  type Link,
  type LinkEvents,
  type LinkRequest,
  LOST,
  type MessageReceiver,
  type RoomReceiver,
  subjectOf,
} from "./link.ts";
import { OfflineQueue } from "./offline_queue.ts";
import { ReconnectPolicy, type ReconnectRules } from "./reconnect_policy.ts";
import { onOnline } from "./runtime.ts";
import type { StateNotifier } from "./status.ts";
import type { TokenSource } from "./token_source.ts";

function bytesOf(request: LinkRequest): number {
  return byteLength(request.encode(0));
}

/** Says what to do if a request cannot wait for the reconnect. */
function adviceFor(maxQueue: number): string {
  return maxQueue === 0
    ? "Set 'reconnect.maxQueue' to let requests wait, or call again when the state is 'open'."
    : `The queue already contains ${maxQueue} requests. Raise 'reconnect.maxQueue', or call again when the state is 'open'.`;
}

/** Returns the error for a connection that ended before its first login. */
function openingError(info: CloseInfo): unknown {
  return info.error ?? new ConnectionClosedError("the login", info);
}

/** What a reconnecting link needs */
export interface ReconnectingLinkOptions {
  /** Creates a link over a new WebSocket */
  createLink(events: LinkEvents): AbortableLink | Promise<AbortableLink>;
  /** When to reconnect */
  readonly rules: ReconnectRules;
  /** The maximum data that waits, in bytes */
  readonly maxBuffered: number;
  readonly status: StateNotifier;
  /** Returns the token for each login */
  readonly tokens: TokenSource;
  /** Receives the messages of the server */
  readonly receiver: MessageReceiver;
  readonly rooms: RoomReceiver;
}

/** A request whose timeout and signal apply to several WebSockets */
interface LastingRequest extends LinkRequest {
  /** Aborts for the signal of the caller, and when the timeout expires */
  readonly signal: AbortSignal;
  readonly due: number;
}

/** A {@linkcode Link} that reconnects when its WebSocket has ended. */
export class ReconnectingLink implements Link {
  readonly closed: Promise<CloseInfo>;
  readonly #options: ReconnectingLinkOptions;
  readonly #events: LinkEvents;
  readonly #policy: ReconnectPolicy;
  readonly #queue = new OfflineQueue();
  /** The link that is open; `undefined` while there is none. */
  #link: AbortableLink | undefined;
  /** How the last link ended. */
  #lastClose = CLOSED_HERE;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ignoreOnline = (): void => {};
  /** Cancels the attempt to connect that is in progress. */
  #attempt: AbortController | undefined;
  #resolveOpened = (): void => {};
  #resolveClosed = (_info: CloseInfo): void => {};

  /** Constructs a `ReconnectingLink`, which does not connect before `open` is called. */
  constructor(options: ReconnectingLinkOptions) {
    const { receiver, rooms } = options;
    this.#options = options;
    this.#policy = new ReconnectPolicy(options.rules);
    this.closed = new Promise((resolve) => this.#resolveClosed = resolve);
    this.#events = {
      onOpen: (link) => this.#onOpen(link),
      onClosed: (link, info) => {
        rooms.onLost(link, info);
        this.#onClosed(link, info);
      },
      onMessage: (wire, request) => receiver.onMessage(wire, request),
      onInvalid: () => receiver.onInvalid(),
      onRoom: (frame) => rooms.onRoom(frame),
      get secret() {
        return rooms.secret;
      },
    };
  }

  get reconnects(): boolean {
    return this.#options.rules.maxAttempts > 0;
  }

  get #status(): StateNotifier {
    return this.#options.status;
  }

  /** Connects once. If the first attempt fails, there is no further attempt. */
  async open(token: string, signal?: AbortSignal): Promise<void> {
    try {
      await this.#open(token, signal);
    } catch (error) {
      // The caller can give up just when the server has accepted the login.
      this.#end(LOST);
      throw error;
    }
  }

  async #open(token: string, signal?: AbortSignal): Promise<void> {
    const link = await this.#options.createLink(this.#events);
    signal?.throwIfAborted();
    await link.open(token, signal);
  }

  /**
   * Begins to connect, and tries again until that succeeds or the policy gives up.
   *
   * @param signal Gives up when aborted before the first login
   * @returns Resolves at the first login. If nothing handles its rejection, the program
   * continues
   */
  start(signal?: AbortSignal): Promise<void> {
    this.#lastClose = LOST;
    const opened = new Promise<void>((resolve, reject) => {
      this.#resolveOpened = resolve;
      void this.closed.then((info) => reject(openingError(info)));
    });
    const onAbort = () => this.#onAbort(signal?.reason);
    signal?.addEventListener("abort", onAbort);
    const ignore = () => signal?.removeEventListener("abort", onAbort);
    opened.then(ignore, ignore);
    if (signal?.aborted) onAbort();
    else void this.#attemptNow();
    return opened;
  }

  reconnect(): void {
    if (!this.reconnects) throw cannotReconnect();
    if (this.#status.state === "closed") {
      throw new ConnectionClosedError("the reconnect", this.#lastClose);
    }
    this.#policy.reset();
    const link = this.#link;
    this.#link = undefined;
    if (link !== undefined) this.#lastClose = LOST;
    link?.abort();
    this.#redial();
  }

  async request(request: LinkRequest): Promise<JsonObject | null> {
    // Most requests find the connection open, and pay nothing for what follows.
    if (this.#link !== undefined && request.idempotent !== true) {
      return await this.#link.request(request);
    }
    const { timeout = Infinity } = request;
    const due = performance.now() + timeout;
    const { signal, cancel } = limit(
      request.signal,
      request.timeout,
      () => timedOut(subjectOf(request), request.timeout),
    );
    try {
      signal.throwIfAborted();
      this.#assertAccepted(request);
      return await this.#repeat({ ...request, signal, due });
    } finally {
      cancel();
    }
  }

  async close(): Promise<void> {
    if (this.#status.state === "closed") return void await this.closed;
    const link = this.#link;
    this.#stop(CLOSED_HERE);
    await link?.close();
    this.#resolveClosed(await link?.closed ?? CLOSED_HERE);
  }

  /** Sends a request until it is answered; more than once only if that is allowed. */
  async #repeat(request: LastingRequest): Promise<JsonObject | null> {
    while (true) {
      try {
        return await this.#send(request);
      } catch (error) {
        if (!this.#isRepeatable(request, error)) throw error;
      }
    }
  }

  #send(request: LastingRequest): Promise<JsonObject | null> {
    return this.#link?.request(request) ??
      this.#queue.add(
        subjectOf(request),
        request.signal,
        (link) => link.request({ ...request, isAdmitted: true }),
        bytesOf(request),
      );
  }

  #isRepeatable({ idempotent }: LinkRequest, error: unknown): boolean {
    return idempotent === true && error instanceof ConnectionClosedError &&
      !isCausedByClient(error.code) && this.#status.state !== "closed";
  }

  #assertAccepted(request: LinkRequest): void {
    if (this.#link !== undefined) return;
    if (this.#status.state === "closed") {
      throw new ConnectionClosedError(subjectOf(request), this.#lastClose);
    }
    const { rules: { maxQueue }, maxBuffered } = this.#options;
    if (this.#queue.size >= maxQueue) {
      throw new ConnectionClosedError(
        subjectOf(request),
        this.#lastClose,
        `, and the client is not connected. ${adviceFor(maxQueue)}`,
      );
    }
    // If none waits, any request can wait, because the server limits its length.
    if (this.#queue.size === 0) return;
    if (this.#queue.bytes + bytesOf(request) <= maxBuffered) return;
    throw queueFull(subjectOf(request), maxBuffered);
  }

  #onOpen(link: AbortableLink): void {
    this.#link = link;
    this.#attempt = undefined;
    this.#policy.onOpen(performance.now());
    // What arrives first must be what the client missed in its rooms.
    this.#options.rooms.onOpen(link);
    // Before the listeners to the state can send further requests.
    this.#queue.start(link);
    // One of the requests can have ended the link.
    if (this.#link === link) this.#status.set({ state: "open" });
    this.#resolveOpened();
  }

  #onClosed(link: Link, info: CloseInfo): void {
    // A link that never opened is a failed attempt: `open` rejects.
    if (link !== this.#link) return;
    this.#link = undefined;
    this.#schedule(info, this.#policy.afterClose(info, performance.now()));
  }

  #onFailure(error: unknown): void {
    const { code, reason } = this.#lastClose;
    const info = error instanceof Error
      ? { code, reason, error }
      : this.#lastClose;
    this.#schedule(info, this.#policy.afterFailure(error));
  }

  /** Schedules the next attempt; there is none if `delay` is `undefined`. */
  #schedule(close: CloseInfo, delay: number | undefined): void {
    this.#lastClose = close;
    if (delay === undefined) return this.#end(close);
    this.#timer = setTimeout(() => this.#redial(), delay);
    this.#ignoreOnline = onOnline(() => this.#redial());
    this.#status.set({ state: "waiting", delay, close });
  }

  /** Makes the next attempt now. */
  #redial(): void {
    this.#cancelAttempt();
    // A logger can close the connection when the previous link ends.
    if (this.#status.state === "closed") return;
    // The application, or one of its requests, can have caused this attempt.
    void detached(() => this.#attemptNow());
    // The state is the same if the application replaced an attempt.
    if (this.#status.state === "connecting") return;
    this.#status.set({ state: "connecting" });
  }

  async #attemptNow(): Promise<void> {
    const attempt = new AbortController();
    const { signal } = attempt;
    this.#attempt = attempt;
    try {
      // The token function can use the connection, which its caller does not have yet.
      await Promise.resolve();
      signal.throwIfAborted();
      await this.#logIn(signal);
    } catch (error) {
      if (!signal.aborted) this.#onFailure(error);
    }
  }

  async #logIn(signal: AbortSignal): Promise<void> {
    const { tokens } = this.#options;
    const open = (token: string) => this.#open(token, signal);
    await tokens.logIn(open, signal, () => this.#onRejected());
  }

  /** The next token can belong to another user, for whom no request was meant. */
  #onRejected(): void {
    this.#queue.drop();
    this.#options.rooms.onRejected();
  }

  /** The application no longer needs a connection that has not opened. */
  #onAbort(reason: unknown): void {
    const error = readable(reason);
    this.#end(error instanceof Error ? { ...LOST, error } : LOST);
  }

  /** Ends the attempt that is in progress, and the wait for the next one. */
  #cancelAttempt(): void {
    clearTimeout(this.#timer);
    this.#ignoreOnline();
    this.#attempt?.abort();
  }

  #end(info: CloseInfo): void {
    this.#stop(info);
    this.#resolveClosed(info);
  }

  /** Ends reconnecting and everything that waits for it. */
  #stop(info: CloseInfo): void {
    this.#link = undefined;
    this.#lastClose = info;
    this.#cancelAttempt();
    this.#status.set({ state: "closed" });
    this.#queue.abort(info);
    this.#options.rooms.onEnd(info);
  }
}
