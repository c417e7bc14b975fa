/**
 * The stream of an operation as its caller takes it: docs/protocol.md, `stream`.
 *
 * @module
 */

import { HoistError, withCallerStack } from "../common/errors.ts";
import { type Json } from "../common/json.ts";
import { encodeCancel, encodeCredit } from "../protocol/encode.ts";
/** How much of an array is left unused before it is made shorter. */
const MAX_SPENT = 1_024;

/**
 * A queue that takes as long for each item, however many there are: what `shift` of an
 * array moves grows with its length.
 */
export class Queue<Item> {
  #items: (Item | undefined)[] = [];
  /** How many of them were taken. */
  #spent = 0;

  /** How many items there are */
  get size(): number {
    return this.#items.length - this.#spent;
  }

  /** Adds an item behind the others. */
  add(item: Item): void {
    this.#items.push(item);
  }

  /** Takes the item that was added first; `undefined` if there is none. */
  take(): Item | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#spent];
    // It may be large, and the array may stay for long.
    this.#items[this.#spent++] = undefined;
    if (this.size === 0) this.clear();
    else if (this.#spent >= MAX_SPENT && this.#spent >= this.size) {
      this.#items = this.#items.slice(this.#spent);
      this.#spent = 0;
    }
    return item;
  }

  /** Drops all items. */
  clear(): void {
    this.#items = [];
    this.#spent = 0;
  }
}

/** Options of `Connection.stream` */
export interface StreamOptions {
  /**
   * Ends the stream when aborted, with the reason of the signal. The generator of the
   * server gets to its `finally`.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * How many items may be on the way, or wait for you to take them, from 1 to 65,536.
   * The generator of the server waits when there are so many.
   *
   * @default {256}
   */
  readonly buffer?: number | undefined;
}

/**
 * The items of a stream, for `for await`. The operation is called when the first one is
 * asked for, and ends when the loop does, whatever ends that.
 */
export interface OperationStream<Item = Json>
  extends AsyncIterableIterator<Item, void, void>, AsyncDisposable {
  /**
   * Asks for the next item.
   *
   * @returns The item, or `done` after the last one
   *
   * @throws {ResponseError} If there is no such operation, or it failed
   * @throws {FeatureError} If the server is none of this package, or an old one
   * @throws {ConnectionClosedError} If the connection ends before the stream does
   * @throws {ValidationError} If the item does not fit the contract, with `validate`
   */
  next(): Promise<IteratorResult<Item, void>>;
  /**
   * Asks for no more: the generator of the server gets to its `finally`.
   *
   * @returns `done`
   */
  return(): Promise<IteratorResult<Item, void>>;
}

/** What happens to a stream, for whoever calls the operation. */
export interface StreamEvents {
  /** Gives up the call when aborted */
  readonly signal: AbortSignal;
  /** The call is sent; `say` sends a frame about it, as long as it is under way. */
  onSent(say: Say): void;
  /** StreamSource have come. */
  onItems(items: readonly Json[]): void;
}

type Say = (encode: (id: number) => string) => void;

/** What a stream is made of. */
export interface StreamParts {
  /** What errors call it, such as `stream "rows"` */
  readonly subject: string;
  /** How many items may be on the way */
  readonly buffer: number;
  /** The signal of the caller */
  readonly signal: AbortSignal | undefined;
  /** Calls the operation; resolves when the stream has ended. */
  call(events: StreamEvents): Promise<unknown>;
  /** Looks at an item before its caller gets it; may throw. */
  check?: ((item: Json) => void | PromiseLike<void>) | undefined;
}

type Result = IteratorResult<Json, void>;

/** Gives an item to somebody who waits for one. */
type Taker = (result: Result | Promise<Result>) => void;

/** Why there are no more items. */
interface Failure {
  readonly error: unknown;
}

const DONE: Result = { done: true, value: undefined };

/** An {@linkcode OperationStream} over whatever carries the call. */
export class ItemStream implements OperationStream {
  readonly #parts: StreamParts;
  readonly #controller = new AbortController();
  /** What nobody has taken yet. */
  readonly #items = new Queue<Json>();
  readonly #takers: Taker[] = [];
  /** How many items were taken that the server has not been told of. */
  #taken = 0;
  #say: Say = () => {};
  #state: "idle" | "open" | "ended" = "idle";
  /** What the next one is told who asks for an item. */
  #failure: Failure | undefined;

  constructor(parts: StreamParts) {
    this.#parts = parts;
  }

  async next(): Promise<Result> {
    try {
      return await this.#next();
    } catch (error) {
      throw withCallerStack(error, this.next);
    }
  }

  return(): Promise<Result> {
    this.#giveUp();
    return Promise.resolve(DONE);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #next(): Result | Promise<Result> {
    if (this.#state === "idle") this.#begin();
    const item = this.#items.take();
    if (item !== undefined) return this.#hand(item);
    if (this.#state === "ended") return this.#last();
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  #begin(): void {
    const { signal } = this.#parts;
    this.#state = "open";
    if (signal?.aborted) return this.#onAbort();
    signal?.addEventListener("abort", this.#onAbort);
    this.#parts.call({
      signal: this.#controller.signal,
      onSent: (say) => this.#say = say,
      onItems: (items) => this.#receive(items),
    }).then(() => this.#end(undefined), (error) => this.#end({ error }));
  }

  readonly #onAbort = (): void => {
    this.#giveUp({ error: this.#parts.signal?.reason });
  };

  #receive(items: readonly Json[]): void {
    for (const item of items) {
      // Some may have been on the way when this side gave up.
      if (this.#state === "ended") return;
      const taker = this.#takers.shift();
      if (taker === undefined) this.#items.add(item);
      else taker(this.#hand(item));
    }
    if (this.#items.size <= this.#parts.buffer) return;
    const problem = "the server sent more items than it was asked for";
    const text = `Cannot go on with ${this.#parts.subject}: ${problem}`;
    this.#giveUp({ error: new HoistError(text) });
  }

  /** Hands out an item, and asks for more when half of them are taken. */
  #hand(item: Json): Result | Promise<Result> {
    const { buffer, check } = this.#parts;
    const taken = ++this.#taken;
    if (2 * taken >= buffer) {
      this.#taken = 0;
      this.#say((id) => encodeCredit(id, taken));
    }
    return check === undefined
      ? { done: false, value: item }
      : this.#checked(check, item);
  }

  async #checked(
    check: (item: Json) => void | PromiseLike<void>,
    item: Json,
  ): Promise<Result> {
    try {
      await check(item);
      return { done: false, value: item };
    } catch (error) {
      this.#giveUp();
      throw error;
    }
  }

  /** Tells the server, and whoever waits, that no more items are wanted. */
  #giveUp(failure?: Failure): void {
    if (this.#state === "open") this.#say(encodeCancel);
    this.#controller.abort();
    this.#items.clear();
    this.#failure = failure;
    this.#end(failure);
    this.#release();
  }

  /** No more items come. */
  #end(failure: Failure | undefined): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#failure = failure;
    for (const taker of this.#takers.splice(0)) taker(this.#last());
    if (this.#items.size === 0) this.#release();
  }

  /** What there is after the last item: an error, once. */
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

const DEFAULT_BUFFER = 256;

const MAX_BUFFER = 65_536;

/** How many items may be on the way, if that makes sense. */
export function bufferOf({ buffer = DEFAULT_BUFFER }: StreamOptions): number {
  if (Number.isInteger(buffer) && buffer >= 1 && buffer <= MAX_BUFFER) {
    return buffer;
  }
  throw new RangeError(
    `Cannot stream as 'buffer' must be a whole number from 1 to ${MAX_BUFFER}: current value is ${buffer}`,
  );
}
