/**
 * Sending the items of one stream, no faster than its client takes them:
 * docs/protocol.md, "Extensions", `stream`.
 *
 * @module
 */

import { stringifyValue } from "../common/json.ts";
import { check, type Schema } from "../contract/schema.ts";
import { OutputError } from "./error_response.ts";
import { type FairScheduler } from "./scheduler.ts";
/** The items that an operation gives. */
export class StreamSource {
  readonly #subject: string;
  readonly #iterator: AsyncIterator<unknown>;
  readonly #schema: Schema | undefined;
  /** Whether the iterator has ended, after which nothing is asked of it. */
  #isOver = false;

  /**
   * Constructs `StreamSource`.
   *
   * @param subject What errors call the operation, such as `operation "rows"`
   * @param iterable What its handler returned
   * @param schema What each item has to be, if there is a schema for that
   */
  constructor(
    subject: string,
    iterable: AsyncIterable<unknown>,
    schema: Schema | undefined,
  ) {
    this.#subject = subject;
    this.#iterator = iterable[Symbol.asyncIterator]();
    this.#schema = schema;
  }

  /**
   * Asks for the next item.
   *
   * @returns Its JSON text, or `undefined` after the last one
   *
   * @throws What the handler throws
   * @throws {OutputError} If the item does not match its schema
   * @throws {TypeError} If it has no JSON form, or the iterator gives no result
   */
  async next(): Promise<string | undefined> {
    const { done, value } = await this.#advance();
    if (done) return undefined;
    return stringifyValue(
      this.#schema === undefined ? value : await this.#checked(value),
      "what it yielded",
    );
  }

  /**
   * Asks for no more: the handler gets to its `finally`.
   *
   * @throws What the handler throws there
   */
  async return(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await this.#iterator.return?.();
  }

  async #advance(): Promise<IteratorResult<unknown>> {
    try {
      const result = await this.#iterator.next();
      assertResult(result);
      this.#isOver ||= Boolean(result.done);
      return result;
    } catch (error) {
      this.#isOver = true;
      throw error;
    }
  }

  async #checked(item: unknown): Promise<unknown> {
    const { issues, value } = await check(this.#schema!, item);
    if (issues === undefined) return value;
    throw new OutputError(
      `Cannot go on with ${this.#subject}`,
      "an item",
      issues,
    );
  }
}

/** Refuses what `for await` would: it would go on for ever. */
function assertResult(result: unknown): void {
  if (Object(result) === result) return;
  const type = result === null ? "null" : typeof result;
  throw new TypeError(
    `what 'next()' returned must be an object with 'done' and 'value': current value is of type ${type}`,
  );
}

/** Whether a value is what `for await` goes over. */
export function isAsyncIterable(
  value: unknown,
): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null &&
    Symbol.asyncIterator in value;
}

/** Where items go. */
export interface StreamSink {
  /** The most that is sent together, in UTF-16 units; what is longer goes alone */
  readonly maxUnits: number;
  /** Refuses an item that is too large to be sent at all. */
  assertFits(item: string): void;
  /** Sends items. */
  send(items: readonly string[]): void;
  /** Where it is waited until they can be sent */
  readonly room: Backpressure;
  /** Calls a function once whatever else is due has had its turn. */
  defer(turn: () => void): void;
}

/** How many items are sent together at most, and asked for in one turn. */
const MAX_ITEMS = 64;

/** Asks for the items of one stream, as long as its client wants more, and sends them. */
export class StreamSender implements Waiter {
  readonly #sink: StreamSink;
  /** How many items the client still wants. */
  #credit: number;
  /** How many were sent for which it has not granted as many anew. */
  #sent = 0;
  #items: StreamSource | undefined;
  /** What the next frame carries. */
  #ready: string[] = [];
  #units = 0;
  /** Resolves when that is sent for which there was no room. */
  #flushed: Promise<void> | undefined;
  /** Ends the waiting for room. */
  #admit = (): void => {};
  #isDeferred = false;
  #isStopped = false;
  #wake = (): void => {};
  readonly #end = Promise.withResolvers<void>();
  /** Says how it has ended. */
  #settle = (): void => this.#end.resolve();

  /**
   * Constructs a `StreamSender`.
   *
   * @param credit How many items the client wants
   * @param sink Where they go
   */
  constructor(credit: number, sink: StreamSink) {
    this.#credit = credit;
    this.#sink = sink;
  }

  /**
   * Sends the items.
   *
   * @returns Resolves after the last one, or when the handler has come to its end after
   * a stop
   *
   * @throws What the handler throws
   */
  run(items: StreamSource): Promise<void> {
    this.#items = items;
    if (this.#isStopped) this.#return();
    else void this.#loop(items);
    return this.#end.promise;
  }

  /** How much is ready to be sent, in UTF-16 units */
  get units(): number {
    return this.#units;
  }

  /** There is room. */
  enter(): void {
    this.#admit();
  }

  /** Whether so many items were sent for which the client has not granted anew. */
  isDue(credit: number): boolean {
    return !this.#isStopped && credit <= this.#sent;
  }

  /** The client wants so many items more. */
  grant(credit: number): void {
    this.#sent = Math.max(0, this.#sent - credit);
    this.#credit = Math.min(this.#credit + credit, Number.MAX_SAFE_INTEGER);
    this.#wake();
  }

  /** Nobody wants anything more. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#wake();
    this.#sink.room.forget(this);
    this.#admit();
    this.#return();
  }

  async #loop(items: StreamSource): Promise<void> {
    try {
      while (!this.#isStopped) {
        if (this.#credit === 0) await this.#granted();
        else if (!await this.#take(items)) break;
      }
    } catch (error) {
      this.#settle = () => this.#end.reject(error);
    }
    // What came before the end, or before an error, still counts.
    await this.#drain();
    if (this.#isStopped) return;
    this.#settle();
    this.stop();
  }

  /** Asks for an item; says whether there was one. */
  async #take(items: StreamSource): Promise<boolean> {
    // What is asked for without room would wait here, of as many streams as there are.
    if (this.#ready.length === 0 && !this.#sink.room.isWritable(0)) {
      await this.#wait();
      if (this.#isStopped) return true;
    }
    const item = await items.next();
    if (this.#isStopped) return true;
    if (item === undefined) return false;
    this.#sink.assertFits(item);
    const { maxUnits } = this.#sink;
    if (this.#units + item.length > maxUnits) await this.#rest();
    this.#credit--;
    this.#sent++;
    this.#ready.push(item);
    this.#units += item.length;
    if (this.#units < maxUnits && this.#ready.length < MAX_ITEMS) this.#defer();
    else await this.#rest();
    return true;
  }

  /** Sends what is ready: at once, if there is room. */
  #drain(): void | Promise<void> {
    if (this.#flushed !== undefined) return this.#flushed;
    if (this.#ready.length === 0 || this.#isStopped) return;
    if (this.#sink.room.isWritable(this.#units)) return this.#send();
    return this.#flushed = this.#flush();
  }

  async #flush(): Promise<void> {
    await this.#wait();
    this.#flushed = undefined;
    if (!this.#isStopped) this.#send();
  }

  #send(): void {
    this.#sink.send(this.#ready);
    this.#ready = [];
    this.#units = 0;
  }

  /** Waits until there is room for what is ready, or nobody wants it any more. */
  #wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#admit = resolve;
      this.#sink.room.wait(this);
    });
  }

  /** Sends what is ready when this turn is over, if nothing did before. */
  #defer(): void {
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.#sink.defer(() => {
      this.#isDeferred = false;
      void this.#drain();
    });
  }

  /** A handler that never waits must not keep everybody else from being heard. */
  async #rest(): Promise<void> {
    await this.#drain();
    await new Promise<void>((resolve) => this.#sink.defer(resolve));
  }

  async #granted(): Promise<void> {
    await this.#drain();
    if (this.#credit > 0 || this.#isStopped) return;
    await new Promise<void>((resolve) => this.#wake = resolve);
  }

  /** Lets the handler come to its end. */
  #return(): void {
    // What it threw before that comes first.
    const settle = () => this.#sink.defer(() => this.#settle());
    this.#items?.return().then(settle, this.#end.reject);
  }
}

/** Something that waits for room. */
export interface Waiter {
  /** How much room it needs, in UTF-16 units */
  readonly units: number;
  /** There is room; does not throw. */
  enter(): void;
}

/** Who has the room. */
export interface BackpressureOwner {
  /** Whether so many UTF-16 units can be sent, with half of all room left for others. */
  hasCapacity(units: number): boolean;
  /** Waits a moment, in which there may be more room. */
  moment(): Promise<void>;
}

/**
 * Lets in those that wait for room in their order. However many there are, only the
 * first of them is looked at: a client that reads nothing costs next to nothing.
 */
export class Backpressure {
  readonly #owner: BackpressureOwner;
  readonly #turns: Pick<FairScheduler, "add">;
  readonly #waiting = new Set<Waiter>();
  #isWatched = false;

  constructor(owner: BackpressureOwner, turns: Pick<FairScheduler, "add">) {
    this.#owner = owner;
    this.#turns = turns;
  }

  /** Whether there is room for so many units, and nobody waits for it. */
  isWritable(units: number): boolean {
    return this.#waiting.size === 0 && this.#owner.hasCapacity(units);
  }

  /** Enters when there is room, after all that wait already. */
  wait(waiter: Waiter): void {
    this.#waiting.add(waiter);
    if (!this.#isWatched) void this.#watch();
  }

  /** Waits no longer. */
  forget(waiter: Waiter): void {
    this.#waiting.delete(waiter);
  }

  async #watch(): Promise<void> {
    this.#isWatched = true;
    while (this.#waiting.size > 0) {
      await this.#owner.moment();
      await this.#admit();
    }
    this.#isWatched = false;
  }

  /** Lets in as many as there is room for, one in a turn: each may fill it. */
  async #admit(): Promise<void> {
    for (const waiter of this.#waiting) {
      if (!this.#owner.hasCapacity(waiter.units)) return;
      this.#waiting.delete(waiter);
      waiter.enter();
      await new Promise<void>((resolve) => this.#turns.add(resolve));
    }
  }
}
