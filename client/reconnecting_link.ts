/**
 * A link that comes back: one WebSocket after the other.
 *
 * @module
 */

import {
  CLOSED_HERE,
  type Link,
  type LinkEvents,
  type LinkRequest,
} from "./link.ts";
import {
  isOurFault,
  type ReconnectOptions,
  ReconnectPolicy,
  type ReconnectRules,
  rulesOf,
} from "./reconnect_policy.ts";
import { type SocketLink } from "./socket_link.ts";
import { type StateNotifier } from "./status.ts";
import { limit, within } from "../common/async.ts";
import { ConnectionClosedError, timedOut } from "../common/errors.ts";
import { type JsonObject } from "../common/json.ts";
import { type CloseInfo } from "../protocol/close.ts";
/** Something that waits. */
interface Entry<Carrier> {
  start(carrier: Carrier): void;
  fail(close: CloseInfo): void;
}

/** What waits for something to carry it, in its order. */
export class OfflineQueue<Carrier> {
  readonly #entries = new Set<Entry<Carrier>>();

  /** How much waits */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Waits for a carrier, then starts, in the order of the calls.
   *
   * @param subject What errors call it, such as `operation "add"`
   * @param signal Gives up when it aborts
   * @param start What to do once there is a carrier
   * @returns What `start` resolves to
   */
  async add<Result>(
    subject: string,
    signal: AbortSignal,
    start: (carrier: Carrier) => Promise<Result>,
  ): Promise<Result> {
    let remove = (): void => {};
    const result = new Promise<Result>((resolve, reject) => {
      const entry: Entry<Carrier> = {
        start: (carrier) => resolve(start(carrier)),
        fail: (close) => reject(failureOf(subject, close)),
      };
      this.#entries.add(entry);
      remove = () => void this.#entries.delete(entry);
    });
    try {
      return await within(result, signal, undefined, () => undefined);
    } finally {
      remove();
    }
  }

  /** Starts everything that waits, at once: nothing that comes later overtakes it. */
  start(carrier: Carrier): void {
    for (const entry of this.#takeAll()) entry.start(carrier);
  }

  /** Rejects everything that waits: there will be no carrier. */
  fail(close: CloseInfo): void {
    for (const entry of this.#takeAll()) entry.fail(close);
  }

  #takeAll(): readonly Entry<Carrier>[] {
    const entries = [...this.#entries];
    this.#entries.clear();
    return entries;
  }
}

/** Why there will be no carrier: the last one is lost, and what came after it says more. */
function failureOf(subject: string, close: CloseInfo): ConnectionClosedError {
  const { error } = close;
  const rest = error === undefined
    ? ""
    : ` and does not come back: ${error.message}`;
  return new ConnectionClosedError(subject, close, rest);
}

/** Opens a WebSocket and logs in. */
export type Dial = (
  signal: AbortSignal | undefined,
  events: LinkEvents,
) => Promise<SocketLink>;

/** What a link that comes back needs. */
export interface ReconnectingLinkOptions {
  readonly dial: Dial;
  readonly status: StateNotifier;
  /** Gets what the server sends */
  readonly inbox: Pick<LinkEvents, "onMessage" | "onInvalid">;
}

/** A request whose time and signal count across WebSockets. */
interface LastingRequest extends LinkRequest {
  readonly signal: AbortSignal;
}

/** A {@linkcode Link} that dials again when its WebSocket has ended. */
export class ReconnectingLink implements Link {
  readonly closed: Promise<CloseInfo>;
  readonly #dial: Dial;
  readonly #status: StateNotifier;
  readonly #events: LinkEvents;
  readonly #rules: ReconnectRules;
  readonly #attempts: ReconnectPolicy;
  readonly #backlog = new OfflineQueue<SocketLink>();
  /** What carries requests now, if anything does. */
  #channel: SocketLink | undefined;
  /** How the last one ended. */
  #last = CLOSED_HERE;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Gives up the attempt that is under way, if one is. */
  #attempt: AbortController | undefined;
  #resolveClosed = (_info: CloseInfo): void => {};

  constructor(
    { dial, status, inbox }: ReconnectingLinkOptions,
    options: ReconnectOptions,
  ) {
    this.#dial = dial;
    this.#status = status;
    this.#rules = rulesOf(options);
    this.#attempts = new ReconnectPolicy(this.#rules);
    this.closed = new Promise((resolve) => this.#resolveClosed = resolve);
    this.#events = {
      onOpen: (channel) => this.#adopt(channel),
      onClose: (channel, info) => this.#lose(channel, info),
      onMessage: (wire, onDone) => inbox.onMessage(wire, onDone),
      onInvalid: () => inbox.onInvalid(),
    };
  }

  /** Connects for the first time, which throws as it does for a link that stays away. */
  async open(signal: AbortSignal | undefined): Promise<void> {
    await this.#dial(signal, this.#events);
  }

  async request(request: LinkRequest): Promise<JsonObject | null> {
    // Most requests find the connection open, and nothing of the rest costs them.
    if (this.#channel !== undefined && request.idempotent !== true) {
      return await this.#channel.request(request);
    }
    const { signal, cancel } = limit(
      request.signal,
      request.timeout,
      () => timedOut(request.subject, request.timeout),
    );
    try {
      signal.throwIfAborted();
      this.#assertRoom(request.subject);
      const timeout = undefined;
      return await this.#persist({ ...request, signal, timeout });
    } finally {
      cancel();
    }
  }

  async close(): Promise<void> {
    if (this.#status.state === "closed") return void await this.closed;
    const channel = this.#channel;
    this.#stop(CLOSED_HERE);
    await channel?.close();
    this.#resolveClosed(await channel?.closed ?? CLOSED_HERE);
  }

  /** Sends a request, again and again if it may be, until it is answered. */
  async #persist(
    request: LastingRequest,
  ): Promise<JsonObject | null> {
    while (true) {
      try {
        return await this.#send(request);
      } catch (error) {
        if (!this.#mayRepeat(request, error)) throw error;
      }
    }
  }

  #send(
    request: LastingRequest,
  ): Promise<JsonObject | null> {
    return this.#channel?.request(request) ??
      this.#backlog.add(
        request.subject,
        request.signal,
        (channel) => channel.request(request),
      );
  }

  #mayRepeat({ idempotent }: LinkRequest, error: unknown): boolean {
    return idempotent === true && error instanceof ConnectionClosedError &&
      !isOurFault(error.code) && this.#status.state !== "closed";
  }

  #assertRoom(subject: string): void {
    if (this.#channel !== undefined) return;
    if (this.#status.state === "closed") {
      throw new ConnectionClosedError(subject, this.#last);
    }
    const { maxQueue } = this.#rules;
    if (this.#backlog.size < maxQueue) return;
    throw new ConnectionClosedError(
      subject,
      this.#last,
      ` and not back yet, and at most ${maxQueue} requests may wait for it; raise 'reconnect.maxQueue'`,
    );
  }

  /** The server has let this side in. */
  #adopt(channel: SocketLink): void {
    this.#channel = channel;
    this.#attempt = undefined;
    this.#attempts.opened(performance.now());
    // Before anyone hears of it and says more.
    this.#backlog.start(channel);
    // What was sent may have ended it.
    if (this.#channel === channel) this.#status.set({ state: "open" });
  }

  /** A WebSocket has ended. */
  #lose(channel: SocketLink, info: CloseInfo): void {
    // One that never let this side in is a failed attempt.
    if (channel !== this.#channel) return;
    this.#channel = undefined;
    this.#follow(info, this.#attempts.afterClose(info, performance.now()));
  }

  #fail(error: unknown): void {
    const info = error instanceof Error
      ? { code: this.#last.code, reason: this.#last.reason, error }
      : this.#last;
    this.#follow(info, this.#attempts.afterFailure(error));
  }

  /** Waits for the next attempt, or for none. */
  #follow(close: CloseInfo, delay: number | undefined): void {
    this.#last = close;
    if (delay === undefined) {
      this.#stop(close);
      return this.#resolveClosed(close);
    }
    this.#timer = setTimeout(() => this.#redial(), delay);
    this.#status.set({ state: "waiting", delay, close });
  }

  async #redial(): Promise<void> {
    const attempt = new AbortController();
    const { signal } = attempt;
    this.#attempt = attempt;
    this.#status.set({ state: "connecting" });
    try {
      await this.#dial(signal, this.#events);
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    }
  }

  /** Ends everything but the channel: the connection does not come back. */
  #stop(info: CloseInfo): void {
    this.#channel = undefined;
    this.#last = info;
    clearTimeout(this.#timer);
    this.#attempt?.abort();
    this.#status.set({ state: "closed" });
    this.#backlog.fail(info);
  }
}
