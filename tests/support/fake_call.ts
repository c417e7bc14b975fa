/** A fake call of a stream. */

import type { Json } from "../../common/json.ts";
import type { StreamOptions } from "../../client/call_options.ts";
import type { RequestEvents } from "../../client/link.ts";
import { ItemStream, type StreamParts } from "../../client/stream.ts";
import { endOfTick } from "./timing.ts";

/** A call that the test answers. */
export class FakeCall {
  /** How often the stream has called the operation */
  calls = 0;
  /** The frames that were sent about the call while it was in progress */
  readonly sent: unknown[] = [];
  readonly #outcome = Promise.withResolvers<void>();
  #events: RequestEvents | undefined;
  #signal: AbortSignal | undefined;
  #isInProgress = false;

  /** Whether the stream has aborted the call */
  get isAborted(): boolean {
    return this.#signal?.aborted === true;
  }

  /** Calls the operation, see `StreamParts`. */
  readonly make = (
    signal: AbortSignal,
    events: RequestEvents,
  ): Promise<void> => {
    this.calls++;
    this.#events = events;
    this.#signal = signal;
    this.#isInProgress = true;
    events.onSent?.((encode) => {
      if (this.#isInProgress) this.sent.push(JSON.parse(encode(5)));
    });
    signal.addEventListener("abort", () => {
      this.#isInProgress = false;
      this.#outcome.reject(signal.reason);
    });
    return this.#outcome.promise;
  };

  /** Receives items from the server. */
  async items(...items: readonly Json[]): Promise<void> {
    await this.itemsOf(items.length, ...items);
  }

  /** Receives items that have a length together. */
  async itemsOf(units: number, ...items: readonly Json[]): Promise<void> {
    if (this.#isInProgress) this.#events?.onItems?.(items, units);
    await endOfTick();
  }

  /** Ends the call after the last item. */
  async end(): Promise<void> {
    this.#isInProgress = false;
    this.#outcome.resolve();
    await endOfTick();
  }

  /** Rejects the call. */
  async fail(error: unknown): Promise<void> {
    this.#isInProgress = false;
    this.#outcome.reject(error);
    await endOfTick();
  }
}

interface FakeOptions extends StreamOptions {
  readonly maxBuffered?: number;
  readonly check?: StreamParts["check"];
}

/** Creates a stream over a fake call. */
export function streamOver(
  call: FakeCall,
  { buffer = 256, maxBuffered = 16_777_216, signal, check }: FakeOptions = {},
): ItemStream {
  return new ItemStream({
    subject: 'stream "rows"',
    buffer,
    maxBuffered,
    signal,
    call: call.make,
    check,
  });
}

/** Requests items at once, and records the results in the order of the requests. */
export function requestItems(stream: ItemStream, count: number): unknown[] {
  const results: unknown[] = Array(count).fill("pending");
  for (let n = 0; n < count; n++) {
    void stream.next().then(
      ({ done, value }) => void (results[n] = done ? "done" : value),
      (error) => void (results[n] = ["failed", error]),
    );
  }
  return results;
}

/** Returns the frame with which a client grants credits. */
export function credit(count: number): unknown {
  return { id: 5, action: "credit", data: { credit: count } };
}

/** The frame with which a client ends a stream. */
export const CANCEL = { id: 5, action: "cancel", data: {} };
