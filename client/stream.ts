/**
 * The stream of an operation on the client: docs/reference/protocol.md, `stream`.
 *
 * @module
 */

import { HoistError } from "../common/errors.ts";
import { ignorable } from "../common/ignorable.ts";
import type { Json } from "../common/json.ts";
import { Queue } from "../common/queue.ts";
import {
  encodeCancel,
  encodeCredit,
  type StreamOpening,
} from "../protocol/encode.ts";
import type { EventIds } from "../protocol/server_frames.ts";
import { streamFull } from "./buffer_errors.ts";
import type { RequestEvents, SendAbout } from "./link.ts";
import { type StreamPosition, StreamWindow } from "./stream_window.ts";

/**
 * The items of a stream, for `for await`. The operation is called when the first item is
 * requested. It ends when the loop ends, for any reason.
 */
export interface OperationStream<Item = Json>
  extends AsyncIterableIterator<Item, void, void>, AsyncDisposable {
  /**
   * Requests the next item.
   *
   * @returns The item, or `done` after the last item
   *
   * @throws {ResponseError} If the operation does not exist, or failed
   * @throws {FeatureError} If the server does not support streams, or the option `resume`
   * @throws {ConnectionClosedError} If the connection ends before the stream and, with
   * `resume`, the client does not reconnect
   * @throws {HoistError} If the option `resume` is set and an item has no id
   * @throws {BufferFullError} If too much data waits in the client: `maxBuffered`
   * @throws {ValidationError} If the option `validate` is set and the item does not match
   * the contract
   */
  next(): Promise<IteratorResult<Item, void>>;
  /**
   * Ends the stream. The `finally` block of the server's generator runs.
   *
   * @returns `done`
   */
  return(): Promise<IteratorResult<Item, void>>;
}

/** What a stream needs */
export interface StreamParts {
  /** The name of the stream in error messages, such as `stream "rows"` */
  readonly subject: string;
  /** The maximum number of items that are in flight or wait; 0 for strict pull */
  readonly buffer: number;
  /** The option `maxBuffered` of the client, in bytes */
  readonly maxBuffered: number;
  /** The signal of the caller */
  readonly signal: AbortSignal | undefined;
  /** Where the stream continues after a reconnect; `undefined` if it does not continue */
  readonly position?: StreamPosition | undefined;
  /**
   * Calls the operation, and with a position again after each reconnect.
   *
   * @param signal Cancels the call
   * @param events Receives the items
   * @param opening Returns what the frame of the next call requests
   * @returns Resolves when the stream has ended
   */
  call(
    signal: AbortSignal,
    events: RequestEvents,
    opening: () => StreamOpening,
  ): Promise<unknown>;
  /** Validates an item; can throw. */
  check?: ((item: Json) => void | PromiseLike<void>) | undefined;
}

type Result = IteratorResult<Json, void>;

/** Settles a call of `next()` that waits. */
type Waiter = (result: Result | Promise<Result>) => void;

/** Why a stream has failed */
interface StreamError {
  readonly error: unknown;
}

const DONE: Result = { done: true, value: undefined };

/** Why a call is cancelled if its caller needs no more items. This is no failure. */
const FINISHED = new DOMException("The stream has ended", "AbortError");

/** Whether the call of a stream was cancelled because its caller needs no more items. */
export function isFinished(error: unknown): boolean {
  return error === FINISHED;
}

/** An {@linkcode OperationStream} over any kind of call. */
export class ItemStream implements OperationStream {
  readonly #parts: StreamParts;
  readonly #controller = new AbortController();
  /** The items that wait for `next()`. */
  readonly #items = new Queue<Json>();
  /** The calls of `next()` that wait for an item. A `for await` loop has at most one. */
  readonly #waiters: Waiter[] = [];
  readonly #window: StreamWindow;
  #send: SendAbout = () => {};
  #state: "idle" | "open" | "ended" = "idle";
  /** The error that the next call of `next()` rejects with. */
  #failure: StreamError | undefined;

  /** Constructs an `ItemStream`, which calls the operation later. */
  constructor(parts: StreamParts) {
    this.#parts = parts;
    this.#window = new StreamWindow(parts.buffer, parts.maxBuffered);
  }

  next(): Promise<Result> {
    return ignorable(this.#next());
  }

  return(): Promise<Result> {
    this.#abort();
    return Promise.resolve(DONE);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #next(): Result | Promise<Result> {
    const item = this.#items.remove();
    if (item !== undefined) return this.#consume(item);
    if (this.#state === "ended") return this.#last();
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
      this.#request();
    });
  }

  /** Requests the item that the caller waits for, if it is not requested yet. */
  #request(): void {
    if (this.#state === "idle") this.#start();
    else if (this.#window.isStrict) this.#grant();
  }

  #start(): void {
    const { signal } = this.#parts;
    this.#state = "open";
    if (signal?.aborted) return this.#onAbort();
    signal?.addEventListener("abort", this.#onAbort);
    const events: RequestEvents = {
      onSent: (send) => this.#onSent(send),
      onItems: (items, units, ids) => this.#receive(items, units, ids),
    };
    const opening = () => this.#opening();
    this.#parts.call(this.#controller.signal, events, opening).then(
      () => this.#onClosed(undefined),
      (error) => this.#onClosed({ error }),
    );
  }

  #opening(): StreamOpening {
    return {
      credit: this.#window.opening(this.#waiters.length),
      lastEventId: this.#parts.position?.lastEventId,
    };
  }

  #onSent(send: SendAbout): void {
    this.#send = send;
    this.#window.open(this.#waiters.length);
  }

  readonly #onAbort = (): void => {
    this.#abort({ error: this.#parts.signal?.reason });
  };

  #receive(items: readonly Json[], units: number, ids?: EventIds): void {
    const length = Math.ceil(units / items.length);
    const { subject, position } = this.#parts;
    let index = 0;
    for (const item of items) {
      // These items can have been in flight when this side ended the stream.
      if (this.#state === "ended") return;
      const error = position?.advance(subject, ids?.[index++]);
      if (error !== undefined) return this.#abort({ error });
      this.#window.add(length);
      const waiter = this.#waiters.shift();
      if (waiter === undefined) this.#items.add(item);
      else waiter(this.#consume(item));
    }
    const error = this.#excess();
    if (error !== undefined) this.#abort({ error });
  }

  /** Returns the error if the server has sent too much. */
  #excess(): HoistError | undefined {
    const { subject, maxBuffered } = this.#parts;
    if (this.#window.isFull) return streamFull(subject, 2 * maxBuffered);
    if (!this.#window.isExceeded) return undefined;
    return new HoistError(
      `Cannot continue ${subject}: the server sent more items than the client requested. Update the server.`,
    );
  }

  /** Returns an item, and can request more items. */
  #consume(item: Json): Result | Promise<Result> {
    const { check } = this.#parts;
    this.#window.remove();
    this.#grant();
    return check === undefined
      ? { done: false, value: item }
      : this.#validate(check, item);
  }

  #grant(): void {
    const credit = this.#window.grant(this.#waiters.length);
    if (credit === 0) return;
    // The next call of the operation, after a reconnect, includes this credit.
    const send = this.#send;
    // The next frame of the batch can be the end of the stream.
    queueMicrotask(() => {
      if (this.#state !== "open") return;
      send((id) => encodeCredit(id, credit));
    });
  }

  async #validate(
    check: (item: Json) => void | PromiseLike<void>,
    item: Json,
  ): Promise<Result> {
    try {
      await check(item);
      return { done: false, value: item };
    } catch (error) {
      this.#abort(undefined, error);
      throw error;
    }
  }

  /**
   * Ends the stream on both sides.
   *
   * @param failure What the next call of `next()` rejects with
   * @param reason Why the call is cancelled
   */
  #abort(
    failure?: StreamError,
    reason: unknown = failure?.error ?? FINISHED,
  ): void {
    if (this.#state === "open") this.#send(encodeCancel);
    this.#controller.abort(reason);
    this.#items.clear();
    this.#failure = failure;
    this.#onClosed(failure);
    this.#release();
  }

  /** The call has ended; the items that wait can still be consumed. */
  #onClosed(failure: StreamError | undefined): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#failure = failure;
    for (const waiter of this.#waiters.splice(0)) waiter(this.#last());
    if (this.#items.size === 0) this.#release();
  }

  /** Returns the end of the stream. An error is returned only once. */
  #last(): Promise<Result> {
    const failure = this.#failure;
    this.#failure = undefined;
    this.#release();
    return failure === undefined
      ? Promise.resolve(DONE)
      : Promise.reject(failure.error);
  }

  #release(): void {
    this.#parts.signal?.removeEventListener("abort", this.#onAbort);
  }
}
