/** A stream of a server by hand: where its items go, and when there is room for them. */

import { StreamSource } from "../../server/streams.ts";
import { StreamSender, type StreamSink } from "../../server/streams.ts";
import { Backpressure } from "../../server/streams.ts";
import type { Schema } from "../../contract/schema.ts";
import { endOfTick } from "./timing.ts";

/** Keeps what it gets, as far as there is room; its turns and moments a test makes. */
export class FakeSink implements StreamSink {
  maxUnits = Infinity;
  /** How long an item may be */
  largest = Infinity;
  /** How many frames it takes before there is no more room */
  space = Infinity;
  /** Whether there is no room at all, not even for one that is small */
  isFull = false;
  /** The frames that it has taken, with the items in each */
  readonly sent: string[][] = [];
  /** How often it had no room */
  refused = 0;
  readonly room = new Backpressure({
    hasCapacity: (units) => this.#hasRoom(units),
    moment: () => new Promise((resolve) => this.#moments.push(resolve)),
  }, { add: (turn) => this.defer(turn) });
  #turns: (() => void)[] = [];
  #moments: (() => void)[] = [];

  /** How many turns are due */
  get due(): number {
    return this.#turns.length;
  }

  /** All items that it has taken */
  get items(): string[] {
    return this.sent.flat();
  }

  assertFits(item: string): void {
    if (item.length > this.largest) {
      throw new RangeError(`${item} is too large`);
    }
  }

  send(items: readonly string[]): void {
    this.space--;
    this.sent.push([...items]);
  }

  defer(turn: () => void): void {
    this.#turns.push(turn);
  }

  /** Makes the turns that are due, and waits for what comes of them. */
  async turn(): Promise<void> {
    for (const turn of this.#turns.splice(0)) turn();
    await endOfTick();
  }

  #hasRoom(units: number): boolean {
    const hasRoom = !this.isFull && (units === 0 || this.space > 0);
    if (!hasRoom) this.refused++;
    return hasRoom;
  }

  /** Ends a moment, after which there is room for so many frames. */
  async look(space: number): Promise<void> {
    this.space = space;
    for (const end of this.#moments.splice(0)) end();
    await endOfTick();
  }
}

/** A pump with its sink, and what becomes of it: `done`, or what it fails with. */
export class Stage {
  readonly sink = new FakeSink();
  readonly pump: StreamSender;
  readonly outcomes: unknown[] = [];

  constructor(credit: number) {
    this.pump = new StreamSender(credit, this.sink);
  }

  /** Runs a handler as far as it gets without a turn. */
  async run(
    handler: AsyncIterable<unknown>,
    schema?: Schema,
  ): Promise<void> {
    const items = new StreamSource('operation "rows"', handler, schema);
    void this.pump.run(items).then(
      () => void this.outcomes.push("done"),
      (error) => void this.outcomes.push(error),
    );
    await endOfTick();
  }

  /** Stops the pump, and waits for what comes of that. */
  async stop(): Promise<void> {
    this.pump.stop();
    await endOfTick();
    await this.finish();
  }

  /** Makes turns until none is due. */
  async finish(): Promise<void> {
    while (this.sink.due > 0) await this.sink.turn();
  }
}

/** A handler that never waits, and what has happened to it. */
export class Counter {
  /** How many items it was asked for */
  asked = 0;
  /** Whether it has got to its `finally` */
  hasEnded = false;

  /** Yields 0, 1, … up to a number. */
  async *upTo(end: number): AsyncGenerator<number> {
    try {
      for (let n = 0; n < end; n++) {
        this.asked++;
        yield n;
      }
    } finally {
      this.hasEnded = true;
    }
  }
}

/** A handler by hand, which counts how often it is asked for an item and for its end. */
export class ByHand implements AsyncIterable<unknown>, AsyncIterator<unknown> {
  asked = 0;
  returned = 0;
  /** What the next item is */
  next = (): Promise<IteratorResult<unknown>> => {
    return Promise.resolve({ done: false, value: this.asked++ });
  };

  return(): Promise<IteratorResult<unknown>> {
    this.returned++;
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** The JSON texts of 0, 1, …, so many of them. */
export function texts(count: number): string[] {
  return Array.from({ length: count }, (_, n) => String(n));
}
