/** A fake call of a stream. */

import type { Json } from "../../common/json.ts";
import type { StreamOptions } from "../../client/call_options.ts";
import type { RequestEvents } from "../../client/link.ts";
import { ItemStream, type StreamParts } from "../../client/stream.ts";
import type { StreamOpening } from "../../protocol/encode.ts";
import type { EventIds } from "../../protocol/server_frames.ts";
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
  #opening: () => StreamOpening = () => ({ credit: 0 });
  /** What each frame of the call requested */
  readonly openings: StreamOpening[] = [];
  #isInProgress = false;

  /** Whether the stream has aborted the call */
  get isAborted(): boolean {
    return this.#signal?.aborted === true;
  }

  /** Calls the operation, see `StreamParts`. */
  readonly make = (
    signal: AbortSignal,
    events: RequestEvents,
    opening: () => StreamOpening,
  ): Promise<void> => {
    this.calls++;
    this.#events = events;
    this.#signal = signal;
    this.#opening = opening;
    this.send();
    signal.addEventListener("abort", () => {
      this.#isInProgress = false;
      this.#outcome.reject(signal.reason);
    });
    return this.#outcome.promise;
  };

  /** Sends the frame of the call, again after each reconnect. */
  send(): void {
    this.#isInProgress = true;
    const number = this.openings.push(this.#opening());
    this.#events?.onSent?.((encode) => {
      const isLast = number === this.openings.length;
      if (isLast && this.#isInProgress) this.sent.push(JSON.parse(encode(5)));
    });
  }

  /** Receives items with ids from the server. */
  async itemsWithIds(items: readonly Json[], ids?: EventIds): Promise<void> {
    this.#events?.onItems?.(items, items.length, ids);
    await endOfTick();
  }

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
  readonly position?: StreamParts["position"];
}

/** Creates a stream over a fake call. */
export function streamOver(
  call: FakeCall,
  options: FakeOptions = {},
): ItemStream {
  const { buffer = 256, maxBuffered = 16_777_216 } = options;
  const { signal, check, position } = options;
  return new ItemStream({
    subject: 'stream "rows"',
    buffer,
    maxBuffered,
    signal,
    position,
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
