/** A fake call of a stream. */

import type { Json } from "../../common/json.ts";
import type { StreamOptions } from "../../client/call_options.ts";
import type { RequestEvents } from "../../client/link.ts";
import { ItemStream, type StreamParts } from "../../client/stream.ts";
import { endOfTick } from "./timing.ts";

/** A call that a test answers, under way until it has ended or is given up. */
export class FakeCall {
  /** How often it was made */
  made = 0;
  /** What was said about it while it was under way */
  readonly said: unknown[] = [];
  readonly #outcome = Promise.withResolvers<void>();
  #events: RequestEvents | undefined;
  #signal: AbortSignal | undefined;
  #isUnderWay = false;

  /** Whether whoever made it has given it up */
  get isGivenUp(): boolean {
    return this.#signal?.aborted === true;
  }

  /** Makes the call, as `StreamParts` wants it. */
  readonly make = (
    signal: AbortSignal,
    events: RequestEvents,
  ): Promise<void> => {
    this.made++;
    this.#events = events;
    this.#signal = signal;
    this.#isUnderWay = true;
    events.onSent?.((encode) => {
      if (this.#isUnderWay) this.said.push(JSON.parse(encode(5)));
    });
    signal.addEventListener("abort", () => {
      this.#isUnderWay = false;
      this.#outcome.reject(signal.reason);
    });
    return this.#outcome.promise;
  };

  /** StreamSource have come. */
  async items(...items: readonly Json[]): Promise<void> {
    if (this.#isUnderWay) this.#events?.onItems?.(items);
    await endOfTick();
  }

  /** The last item has come. */
  async end(): Promise<void> {
    this.#isUnderWay = false;
    this.#outcome.resolve();
    await endOfTick();
  }

  /** The call has failed. */
  async fail(error: unknown): Promise<void> {
    this.#isUnderWay = false;
    this.#outcome.reject(error);
    await endOfTick();
  }
}

/** A stream over a call by hand. */
export function streamOver(
  call: FakeCall,
  { buffer = 256, signal, check }: StreamOptions & Pick<StreamParts, "check"> =
    {},
): ItemStream {
  return new ItemStream({
    subject: 'stream "rows"',
    buffer,
    signal,
    call: call.make,
    check,
  });
}

/** Asks a stream for so many items at once; what comes is kept in the order of asking. */
export function ask(stream: ItemStream, count: number): unknown[] {
  const results: unknown[] = Array(count).fill("nothing yet");
  for (let n = 0; n < count; n++) {
    void stream.next().then(
      ({ done, value }) => void (results[n] = done ? "done" : value),
      (error) => void (results[n] = ["failed", error]),
    );
  }
  return results;
}

/** What a client says when it takes more items. */
export function credit(count: number): unknown {
  return { id: 5, action: "credit", data: { credit: count } };
}

/** What a client says when it takes no more. */
export const CANCEL = { id: 5, action: "cancel", data: {} };
