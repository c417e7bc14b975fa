/**
 * The connection of one server to NATS. After each loss, it is made again, with a delay that
 * grows, until it is closed.
 *
 * @module
 */

import type { PublishError } from "../common/hoist_error.ts";
import { isLengthError } from "../common/text.ts";
import type { EngineState } from "./cluster.ts";
import { NatsBackoff } from "./nats_backoff.ts";
import type { Msg } from "./nats_client.ts";
import { dial, type OpenConnection, type Probe } from "./nats_dial.ts";
import {
  connectionError,
  failure,
  isRefused,
  limitOf,
  reasonOf,
} from "./nats_errors.ts";
import { NatsInbox, type ReplyHandler } from "./nats_inbox.ts";
import {
  type Headers,
  type NatsMessageOptions,
  NatsOutbox,
} from "./nats_outbox.ts";
import type { ResolvedNatsOptions } from "./nats_options.ts";
import { onRefused, type RefusedError } from "./nats_refusals.ts";
import { firstReply } from "./nats_reply.ts";
import { NatsSubscription, type OnMessage } from "./nats_subscription.ts";
import type { EngineLimit } from "./too_large.ts";

/** How many bytes can wait for NATS to read. More are refused, because there is no queue. */
const MAX_BUFFERED = 16_777_216;

/** How long a request waits for its reply, in milliseconds. */
export const REQUEST_TIMEOUT = 5_000;

/** How often NATS is asked for a sign of life, in milliseconds. */
const PROBE: Probe = { interval: 1_500 };

const LOST = "the connection was lost";

/** Called after each change of the state. */
export type OnState = (state: EngineState, error?: Error) => void;

/** A connection over which messages are sent. */
interface UsedConnection extends OpenConnection {
  readonly outbox: NatsOutbox;
}

/** Waits until NATS has received everything. */
interface Flush {
  /** The subject that it is about */
  readonly subject: string | undefined;
  readonly end: () => void;
  readonly fail: (error: PublishError) => void;
}

/** The connection of one server to NATS. */
export class NatsLink {
  readonly options: ResolvedNatsOptions;
  readonly #inbox = new NatsInbox();
  readonly #subscriptions = new Set<NatsSubscription>();
  readonly #listeners = new Set<OnState>();
  /** Reject what waits until NATS has received everything */
  readonly #flushes = new Set<Flush>();
  /** Those of the current tick */
  #gathered: Flush[] = [];
  readonly #backoff: NatsBackoff;
  /** The connection that is being prepared: only subscriptions use it */
  #next: OpenConnection | undefined;
  #open: UsedConnection | undefined;
  #starting: Promise<void> | undefined;
  /** Aborts when the last part has ended */
  readonly #life = new AbortController();
  #users = 0;
  #isClosed = false;

  /** Constructs a `NatsLink`, which does not connect yet. */
  constructor(options: ResolvedNatsOptions) {
    this.options = options;
    this.#backoff = new NatsBackoff(() => void this.#reconnect());
    this.#subscriptions.add(
      new NatsSubscription(
        this.#inbox.subject,
        (message) => this.#inbox.receive(message),
      ),
    );
  }

  /** Whether NATS can be asked */
  get isUp(): boolean {
    return this.#open !== undefined;
  }

  /** The longest message, with its headers; `undefined` while NATS cannot be asked */
  get limit(): EngineLimit | undefined {
    const maxPayload = this.#open?.client.info?.max_payload;
    return maxPayload === undefined ? undefined : limitOf(maxPayload);
  }

  /** Calls a listener after each change of the state. */
  listen(onState: OnState): () => void {
    this.#listeners.add(onState);
    return () => this.#listeners.delete(onState);
  }

  /**
   * Connects, unless another part of the server has. Each caller calls `release` later, even if
   * this rejects.
   *
   * @throws {PublishError} If NATS cannot be reached, refuses the login or cannot be used
   */
  async start(): Promise<void> {
    if (this.isUp) return;
    // Further attempts are made by the caller until the first one succeeds.
    await (this.#starting ??= this.#connect().finally(() =>
      this.#starting = undefined
    ));
  }

  /** Notes one more part that uses the connection. */
  use(): void {
    this.#users++;
  }

  /** Ends the connection when the last part that uses it has ended. */
  async release(): Promise<void> {
    if (--this.#users > 0 || this.#isClosed) return;
    this.#isClosed = true;
    this.#backoff.end();
    this.#listeners.clear();
    const open = this.#open;
    open?.outbox.write();
    // An open connection still sends what was written.
    if (open === undefined) this.#life.abort();
    this.#open = undefined;
    this.#failRequests();
    await open?.client.close();
  }

  /** Subscribes, now and after each loss of the connection. */
  subscribe(subject: string, onMessage: OnMessage): NatsSubscription {
    const subscription = new NatsSubscription(subject, onMessage);
    this.#subscriptions.add(subscription);
    const open = this.#open ?? this.#next;
    if (open !== undefined) subscription.attach(open);
    return subscription;
  }

  /** Ends a subscription. */
  unsubscribe(subscription: NatsSubscription): void {
    this.#subscriptions.delete(subscription);
    subscription.detach();
  }

  /**
   * Sends a message. Nothing shows whether it arrives.
   *
   * @throws {PublishError} If NATS cannot be reached
   * @throws {RangeError} If the message is too large for NATS
   */
  publish(
    subject: string,
    payload: string,
    options: NatsMessageOptions = {},
  ): void {
    const { transport, outbox } = this.#require();
    if (transport.buffered + outbox.units > MAX_BUFFERED) {
      throw failure("send to NATS", "it reads too slowly. Try again later");
    }
    try {
      outbox.add(subject, payload, options);
    } catch (error) {
      if (isLengthError(error)) throw error;
      throw failure("send to NATS", reasonOf(error));
    }
  }

  /**
   * Resolves when NATS has received everything that was sent.
   *
   * @param subject A subject that was just published or subscribed to
   *
   * @throws {PublishError} If the connection is lost before, or NATS refuses the subject
   */
  flush(subject?: string): Promise<void> {
    return new Promise((end, fail) =>
      this.#gather({ subject, end, fail }, this.#require())
    );
  }

  /**
   * Sends a message; resolves when NATS has it.
   *
   * @throws {PublishError} If the message cannot be sent, NATS refuses it, or the connection is
   * lost before
   * @throws {RangeError} If the message is too large for NATS
   */
  publishAndFlush(subject: string, payload: string): Promise<void> {
    // An exception here rejects the promise.
    return new Promise((end, fail) => {
      this.publish(subject, payload);
      this.#gather({ subject, end, fail }, this.#require());
    });
  }

  /** Lets one question to NATS stand for all that wait in the same tick. */
  #gather(flush: Flush, { client, outbox }: UsedConnection): void {
    // The client does not settle the promise of `flush` if the connection is lost.
    this.#flushes.add(flush);
    if (this.#gathered.push(flush) > 1) return;
    queueMicrotask(() => {
      const gathered = this.#gathered;
      this.#gathered = [];
      outbox.write();
      void this.#flushAll(gathered, client.flush());
    });
  }

  async #flushAll(
    flushes: readonly Flush[],
    flushing: Promise<void>,
  ): Promise<void> {
    const isDone = await flushing.then(() => true, () => false);
    for (const flush of flushes) {
      this.#flushes.delete(flush);
      if (isDone) flush.end();
      else flush.fail(interrupted());
    }
  }

  /**
   * Sends a request and returns the reply.
   *
   * @throws {NobodyListensError} If no program listens to the subject
   * @throws {PublishError} If NATS cannot be reached, or there is no reply in time
   * @throws {RangeError} If the request is too large for NATS
   */
  request(
    subject: string,
    payload: string,
    { headers, timeout = REQUEST_TIMEOUT }: {
      readonly headers?: Headers;
      readonly timeout?: number;
    } = {},
  ): Promise<Msg> {
    const settle = Promise.withResolvers<Msg>();
    const handler = firstReply(subject, settle);
    try {
      this.send(subject, payload, handler, { headers, timeout });
    } catch (error) {
      settle.reject(error);
    }
    return settle.promise;
  }

  /**
   * Sends a request that can have several replies.
   *
   * @returns Forgets the request
   *
   * @throws {PublishError} If NATS cannot be reached
   * @throws {RangeError} If the request is too large for NATS
   */
  send(
    subject: string,
    payload: string,
    handler: ReplyHandler,
    { headers, timeout }: {
      readonly headers?: Headers | undefined;
      readonly timeout: number;
    },
  ): () => void {
    const reply = this.#inbox.add(subject, handler, timeout);
    const cancel = () => this.#inbox.delete(reply);
    try {
      this.publish(subject, payload, { reply, headers });
    } catch (error) {
      cancel();
      throw error;
    }
    return cancel;
  }

  #require(): UsedConnection {
    if (this.#open !== undefined) return this.#open;
    const reason = this.#isClosed
      ? "the connection is closed"
      : "NATS cannot be reached. Try again later";
    throw failure("send to NATS", reason);
  }

  async #connect(): Promise<void> {
    try {
      if (this.#isClosed) throw failure("connect", "the connection is closed");
      const open = await dial(this.options, PROBE, this.#life.signal);
      await this.#prepare(open).catch(async (error) => {
        await open.client.close();
        throw error;
      });
      this.#use(open);
    } catch (error) {
      const state = isRefused(error) ? "refused" : "down";
      const described = connectionError(this.options.servers, error);
      this.#report(state, described);
      throw described;
    }
  }

  /** Subscribes to everything before anything is sent. */
  async #prepare(open: OpenConnection): Promise<void> {
    this.#next = open;
    const { promise: refusal, reject } = Promise.withResolvers<never>();
    onRefused(open.client, (error) => {
      reject(error);
      this.#onRefused(open, error);
    });
    try {
      for (const each of this.#subscriptions) each.attach(open);
      // The client does not settle the promise of `flush` if the connection is lost.
      await Promise.race([refusal, open.client.flush(), ended(open)]);
    } finally {
      this.#next = undefined;
    }
    if (this.#isClosed) throw failure("connect", "the connection is closed");
  }

  #use(connection: OpenConnection): void {
    const open = { ...connection, outbox: new NatsOutbox(connection) };
    this.#open = open;
    this.#backoff.onConnected();
    void open.client.closed().then((error) => this.#onLost(open, error));
    this.#report("up");
  }

  #failRequests(): void {
    this.#inbox.disconnect();
    for (const { fail } of this.#flushes) fail(interrupted());
    this.#flushes.clear();
  }

  /** Fails what NATS has refused. If nobody waits for it, the loss must not stay unnoticed. */
  #onRefused(open: OpenConnection, error: RefusedError): void {
    const isKnown = this.#refuseFlush(error) || this.#inbox.refuse(error);
    if (!isKnown) void open.client.protocol.close(error);
  }

  #refuseFlush(error: RefusedError): boolean {
    for (const flush of this.#flushes) {
      if (error.subject !== undefined && flush.subject !== error.subject) {
        continue;
      }
      this.#flushes.delete(flush);
      flush.fail(error);
      // NATS does not name the subject if there are too many subscriptions.
      if (error.subject !== undefined) return true;
    }
    return error.subject === undefined && this.#open !== undefined;
  }

  #onLost(open: OpenConnection, error: unknown): void {
    if (this.#open !== open) return;
    this.#open = undefined;
    this.#failRequests();
    const state = isRefused(error) ? "refused" : "down";
    const reason = error ?? new Error(LOST);
    this.#report(state, connectionError(this.options.servers, reason));
    this.#backoff.schedule();
  }

  async #reconnect(): Promise<void> {
    try {
      await this.start();
    } catch {
      // The listeners know.
      if (!this.#isClosed) this.#backoff.schedule();
    }
  }

  #report(state: EngineState, error?: Error): void {
    for (const listener of this.#listeners) listener(state, error);
  }
}

function interrupted(): PublishError {
  return failure("send to NATS", LOST, "unknown");
}

/** Rejects when a connection has ended. */
async function ended({ client }: OpenConnection): Promise<never> {
  throw await client.closed() ?? new Error(LOST);
}
