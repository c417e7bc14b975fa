/** A broker whose reads and publications a test controls, for one room. */

import { comparePositions, parsePosition } from "../../broker/position.ts";
import type {
  Broker,
  HistoryRead,
  LossReason,
  Order,
  Publication,
  Published,
  ReadFrom,
} from "../../broker/broker.ts";

/** Returns the position of the publication with a number; `X` is its check. */
export function at(offset: number, epoch = "e"): string {
  return `${epoch}.${offset}.${offset === 0 ? "" : "X"}`;
}

/** Returns the publication with a number, which is also its payload. */
export function publication(offset: number, epoch = "e"): Publication {
  const previous = at(offset - 1, epoch);
  return {
    position: at(offset, epoch),
    previous,
    payload: `${epoch}${offset}`,
  };
}

/** What a read returns; the publications are given by their numbers. */
export interface ScriptedRead {
  readonly epoch?: string;
  /** The numbers of the first and the last publication; none if the first one is greater */
  readonly from: number;
  readonly to: number;
  readonly lost?: LossReason;
}

function readOf({ epoch = "e", from, to, lost }: ScriptedRead): HistoryRead {
  const publications = Array.from(
    { length: Math.max(0, to - from + 1) },
    (_, index) => publication(from + index, epoch),
  );
  const before = at(Math.min(from - 1, to), epoch);
  return { publications, from: before, top: at(to, epoch), lost };
}

/** A read that waits for its result. */
export class PendingRead {
  readonly wanted: ReadFrom;
  readonly #resolvers = Promise.withResolvers<HistoryRead>();

  constructor(wanted: ReadFrom) {
    this.wanted = wanted;
  }

  get result(): Promise<HistoryRead> {
    return this.#resolvers.promise;
  }

  return(read: ScriptedRead): void {
    this.#resolvers.resolve(readOf(read));
  }

  fail(error: Error): void {
    this.#resolvers.reject(error);
  }
}

/** A broker that does what a test says. */
export class ScriptedBroker implements Broker {
  readonly name = "scripted";
  /** What the broker was asked to do, besides reads */
  readonly calls: string[] = [];
  /** The reads that have no result yet */
  readonly reads: PendingRead[] = [];
  /** Makes the next subscription fail */
  subscribeError: Error | undefined;

  start(): Promise<void> {
    return Promise.resolve();
  }

  // deno-lint-ignore require-await -- an error must reject the promise
  async subscribe(room: string): Promise<void> {
    this.calls.push(`subscribe ${room}`);
    if (this.subscribeError !== undefined) throw this.subscribeError;
  }

  // deno-lint-ignore require-await -- as the interface says
  async unsubscribe(room: string): Promise<void> {
    this.calls.push(`unsubscribe ${room}`);
  }

  publish(): Promise<Published> {
    throw new Error("not used");
  }

  read(_room: string, wanted: ReadFrom): Promise<HistoryRead> {
    const read = new PendingRead(wanted);
    this.reads.push(read);
    return read.result;
  }

  clear(): Promise<void> {
    throw new Error("not used");
  }

  order(a: string, b: string): Order {
    const [first, second] = [parsePosition(a), parsePosition(b)];
    return first && second ? comparePositions(first, second) : "unrelated";
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
