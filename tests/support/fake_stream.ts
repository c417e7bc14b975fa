/** A stream of the server without a connection: a test controls its turns and its capacity. */

import type { Json } from "../../common/json.ts";
import type { Schema } from "../../contract/schema.ts";
import { StreamSource } from "../../server/stream_source.ts";
import {
  Backpressure,
  FRAME_OVERHEAD,
  type StreamOutput,
  StreamSender,
} from "../../server/streams.ts";
import { endOfTick } from "./timing.ts";

/** Records the frames of a stream as far as there is capacity. */
export class FakeOutput implements StreamOutput {
  /** The number of frames for which there is capacity */
  capacity = Infinity;
  /** Whether there is no capacity at all, not even to request an item */
  isFull = false;
  /** The frames that were sent, each as its items */
  readonly sent: string[][] = [];
  /** The ids of the items of each frame; `undefined` for a frame without ids */
  readonly ids: (readonly (string | null)[] | undefined)[] = [];
  /** How often there was no capacity */
  rejected = 0;
  readonly maxBuffered: number;
  readonly transport = { send: (frame: string) => this.#send(frame) };
  readonly scheduler = {
    add: (turn: () => void) => void this.#turns.push(turn),
  };
  readonly backpressure = new Backpressure({
    hasCapacity: (units) => this.#hasCapacity(units),
    drained: () => new Promise((resolve) => this.#drained.push(resolve)),
  }, this.scheduler);
  #turns: (() => void)[] = [];
  #drained: (() => void)[] = [];

  constructor(maxBuffered: number) {
    this.maxBuffered = maxBuffered;
  }

  /** The number of scheduled turns */
  get due(): number {
    return this.#turns.length;
  }

  /** The items of all frames that were sent */
  get items(): string[] {
    return this.sent.flat();
  }

  /** Runs the scheduled turns and their consequences. */
  async turn(): Promise<void> {
    for (const turn of this.#turns.splice(0)) turn();
    await endOfTick();
  }

  /** Lets the connection drain until there is capacity for a number of frames. */
  async drain(capacity: number): Promise<void> {
    this.capacity = capacity;
    for (const resolve of this.#drained.splice(0)) resolve();
    await endOfTick();
  }

  #hasCapacity(units: number): boolean {
    const isEmpty = units <= FRAME_OVERHEAD;
    const hasCapacity = !this.isFull && (isEmpty || this.capacity > 0);
    if (!hasCapacity) this.rejected++;
    return hasCapacity;
  }

  #send(frame: string): void {
    this.capacity--;
    const { items, ids } = JSON.parse(frame).data;
    this.ids.push(ids);
    this.sent.push(items.map((item: Json) => JSON.stringify(item)));
  }
}

/** Returns the `limits.maxBuffered` with which a frame has a number of UTF-16 units. */
export function limitFor(maxUnits: number): number {
  return 2 * (FRAME_OVERHEAD + 3 * maxUnits);
}

/** A stream sender with its output, and its outcome: `done`, or the error. */
export class Stage {
  readonly output: FakeOutput;
  readonly sender: StreamSender;
  readonly outcomes: unknown[] = [];

  constructor(credit: number, maxBuffered = Infinity, hasIds = false) {
    this.output = new FakeOutput(maxBuffered);
    this.sender = new StreamSender(1, credit, this.output, hasIds);
  }

  /** Runs a handler until it waits for a turn. */
  async run(
    handler: AsyncIterable<unknown>,
    schema?: Schema,
  ): Promise<void> {
    const source = new StreamSource('operation "rows"', handler, schema);
    void this.sender.run(source).then(
      () => void this.outcomes.push("done"),
      (error) => void this.outcomes.push(error),
    );
    await endOfTick();
  }

  /** Stops the sender, and runs all turns. */
  async stop(): Promise<void> {
    this.sender.stop();
    await endOfTick();
    await this.finish();
  }

  /** Runs turns until none is scheduled. */
  async finish(): Promise<void> {
    while (this.output.due > 0) await this.output.turn();
  }
}

/** A handler that never waits, and records what happens to it. */
export class Counter {
  /** The number of requested items */
  requested = 0;
  /** Whether its `finally` block has run */
  hasEnded = false;

  /** Yields 0, 1, … up to a number. */
  async *upTo(end: number): AsyncGenerator<number> {
    try {
      for (let n = 0; n < end; n++) {
        this.requested++;
        yield n;
      }
    } finally {
      this.hasEnded = true;
    }
  }
}

/** A handler that a test controls, and that counts its calls. */
export class ManualHandler
  implements AsyncIterable<unknown>, AsyncIterator<unknown> {
  requested = 0;
  returned = 0;
  /** Returns the next item */
  next = (): Promise<IteratorResult<unknown>> => {
    return Promise.resolve({ done: false, value: this.requested++ });
  };

  return(): Promise<IteratorResult<unknown>> {
    this.returned++;
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** Returns 0, 1, … as JSON. */
export function numbers(count: number): string[] {
  return Array.from({ length: count }, (_, n) => String(n));
}
