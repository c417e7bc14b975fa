/**
 * Sends the items of streams, no faster than the client reads them:
 * docs/reference/protocol.md, "Extensions", `stream`.
 *
 * @module
 */

import { assertLength } from "../common/text.ts";
import { encodeSuccess } from "../protocol/success_frames.ts";
import type { FairScheduler } from "./scheduler.ts";
import type { StreamSource } from "./stream_source.ts";
import type { Transport } from "./transport.ts";

/** What the streams of one connection share. */
export interface StreamOutput {
  readonly transport: Pick<Transport, "send">;
  readonly scheduler: Pick<FairScheduler, "add">;
  readonly backpressure: Backpressure;
  /** The limit of the server, in bytes */
  readonly maxBuffered: number;
}

/** The maximum number of items per frame, and per turn of the event loop. */
const MAX_ITEMS = 64;

/** The maximum length of a frame with several items, in UTF-16 units. */
const MAX_UNITS = 8_192;

/** The maximum length of a frame without its items. */
export const FRAME_OVERHEAD = 300;

/** Sends the items of one stream, as long as the client grants credit. */
export class StreamSender implements Waiter {
  /** Counts the items; `undefined` until the operation is known */
  counters: { items: number } | undefined;
  readonly #id: number;
  readonly #output: StreamOutput;
  /** The maximum length of a frame in bytes, and of short items in UTF-16 units */
  readonly #maxBytes: number;
  readonly #maxUnits: number;
  /** The number of items that the client still wants */
  #credit: number;
  /** The number of items that were sent and not yet followed by new credit */
  #sent = 0;
  #source: StreamSource | undefined;
  /** The items of the next frame, and their length */
  #items: string[] = [];
  #units = 0;
  /** The ids of these items as JSON; `undefined` if the client did not ask for ids */
  #ids: string[] | undefined;
  /** Resolves when the items that wait for capacity are sent */
  #flushed: Promise<void> | undefined;
  #onWritable: (() => void) | undefined;
  #onCredit: (() => void) | undefined;
  #isDeferred = false;
  #isStopped = false;
  readonly #ended = Promise.withResolvers<void>();
  #error: { readonly error: unknown } | undefined;

  /**
   * Constructs a `StreamSender`.
   *
   * @param id The id of the request
   * @param credit The number of items that the client wants
   * @param output Where the items are sent
   * @param hasIds Whether the client wants the ids of the items
   */
  constructor(
    id: number,
    credit: number,
    output: StreamOutput,
    hasIds = false,
  ) {
    this.#id = id;
    this.#credit = credit;
    this.#output = output;
    if (hasIds) this.#ids = [];
    // The other half of the buffer is for frames that cannot wait.
    this.#maxBytes = Math.floor(output.maxBuffered / 2);
    this.#maxUnits = Math.floor((this.#maxBytes - FRAME_OVERHEAD) / 3);
  }

  /**
   * Sends the items.
   *
   * @returns Resolves after the last item, or when the handler has ended after `stop`
   *
   * @throws What the handler throws
   */
  run(source: StreamSource): Promise<void> {
    this.#source = source;
    if (this.#isStopped) this.#return();
    else void this.#loop(source);
    return this.#ended.promise;
  }

  /** The length of the next frame, in UTF-16 units */
  get units(): number {
    return this.#units + FRAME_OVERHEAD;
  }

  onWritable(): void {
    this.#onWritable?.();
  }

  /** Whether the stream was stopped, or has ended */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Whether the client can grant credit: it has not yet done so for that many items. */
  expects(credit: number): boolean {
    return !this.#isStopped && credit <= this.#sent;
  }

  /** Adds to the number of items that the client wants. */
  grant(credit: number): void {
    this.#sent = Math.max(0, this.#sent - credit);
    this.#credit = Math.min(this.#credit + credit, Number.MAX_SAFE_INTEGER);
    this.#onCredit?.();
  }

  /** Stops the stream: no more items are requested or sent. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#onCredit?.();
    this.#output.backpressure.cancel(this);
    this.#onWritable?.();
    this.#return();
  }

  async #loop(source: StreamSource): Promise<void> {
    try {
      while (!this.#isStopped) {
        if (this.#credit === 0) await this.#granted();
        else if (!await this.#sendNext(source)) break;
      }
    } catch (error) {
      this.#error = { error };
    }
    // Items before the end, or before an error, are still sent.
    await this.#flush();
    if (this.#isStopped) return;
    this.#settle();
    this.stop();
  }

  /** Sends the next item; returns whether there was one. */
  async #sendNext(source: StreamSource): Promise<boolean> {
    // Do not request an item while it could not be sent: each stream would hold one.
    if (this.#items.length === 0 && !this.#isWritable()) {
      await this.#writable();
      if (this.#isStopped) return true;
    }
    const item = await source.next();
    if (this.#isStopped) return true;
    if (item === undefined) return false;
    const id = this.#ids && JSON.stringify(source.eventId);
    const units = item.length + (id?.length ?? 0);
    this.#assertFits(units, item, id);
    const maxUnits = Math.min(MAX_UNITS, this.#maxUnits);
    if (this.#units + units > maxUnits) await this.#yield();
    this.#add(units, item, id);
    const isFull = this.#units >= maxUnits || this.#items.length >= MAX_ITEMS;
    if (isFull) await this.#yield();
    else this.#defer();
    return true;
  }

  #add(units: number, item: string, id: string | undefined): void {
    this.#credit--;
    this.#sent++;
    this.#items.push(item);
    if (id !== undefined) this.#ids?.push(id);
    this.#units += units;
  }

  #assertFits(units: number, item: string, id: string | undefined): void {
    // Short items do not have to be encoded for the check.
    if (units <= this.#maxUnits) return;
    const subject = () => "an item";
    const frame = this.#encode([item], id === undefined ? undefined : [id]);
    assertLength(frame, this.#maxBytes, subject, "limits.maxBuffered");
  }

  #encode(
    items: readonly string[],
    ids: readonly string[] | undefined,
  ): string {
    const rest = ids === undefined ? "" : `,"ids":[${ids.join()}]`;
    const data = `{"items":[${items.join()}]${rest}}`;
    return encodeSuccess(this.#id, "items", data);
  }

  #isWritable(): boolean {
    return this.#output.backpressure.isWritable(this.units);
  }

  /** Sends the items that are ready: at once, if there is capacity. */
  #flush(): void | Promise<void> {
    if (this.#flushed !== undefined) return this.#flushed;
    if (this.#items.length === 0 || this.#isStopped) return;
    if (this.#isWritable()) return this.#send();
    return this.#flushed = this.#flushLater();
  }

  async #flushLater(): Promise<void> {
    await this.#writable();
    this.#flushed = undefined;
    if (!this.#isStopped) this.#send();
  }

  #send(): void {
    if (this.counters !== undefined) this.counters.items += this.#items.length;
    this.#output.transport.send(this.#encode(this.#items, this.#ids));
    this.#items = [];
    this.#ids &&= [];
    this.#units = 0;
  }

  /** Resolves when there is capacity for the next frame, or the stream is stopped. */
  #writable(): Promise<void> {
    return new Promise((resolve) => {
      this.#onWritable = resolve;
      this.#output.backpressure.wait(this);
    });
  }

  /** Sends the items at the end of this turn, unless they are sent before. */
  #defer(): void {
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.#output.scheduler.add(() => {
      this.#isDeferred = false;
      void this.#flush();
    });
  }

  /** Sends the items, and lets other tasks run, because a handler does not have to wait. */
  async #yield(): Promise<void> {
    await this.#flush();
    await new Promise<void>((resolve) => this.#output.scheduler.add(resolve));
  }

  /** Sends the items, and waits for credit. */
  async #granted(): Promise<void> {
    await this.#flush();
    if (this.#credit > 0 || this.#isStopped) return;
    await new Promise<void>((resolve) => this.#onCredit = resolve);
  }

  #settle(): void {
    if (this.#error === undefined) this.#ended.resolve();
    else this.#ended.reject(this.#error.error);
  }

  /** Lets the handler run its `finally` block. */
  #return(): void {
    // An earlier error of the handler takes precedence.
    const settle = () => this.#output.scheduler.add(() => this.#settle());
    this.#source?.return().then(settle, this.#ended.reject);
  }
}

/** A stream that waits until it can send a frame. */
export interface Waiter {
  /** The length of the frame, in UTF-16 units */
  readonly units: number;
  /** Called when there is capacity for the frame; does not throw. */
  onWritable(): void;
}

/**
 * Lets the streams of one connection wait until there is capacity in its send buffer.
 * Only the first stream of the queue checks the buffer, so that a client that reads
 * nothing costs little.
 */
export class Backpressure {
  readonly #transport: Pick<Transport, "hasCapacity" | "drained">;
  readonly #scheduler: Pick<FairScheduler, "add">;
  readonly #waiting = new Set<Waiter>();
  #isWatching = false;

  /**
   * Constructs a `Backpressure`.
   *
   * @param transport The connection with the send buffer
   * @param scheduler Shares the event loop between streams
   */
  constructor(
    transport: Pick<Transport, "hasCapacity" | "drained">,
    scheduler: Pick<FairScheduler, "add">,
  ) {
    this.#transport = transport;
    this.#scheduler = scheduler;
  }

  /** Whether a frame of a length can be sent now, and no other stream waits. */
  isWritable(units: number): boolean {
    return this.#waiting.size === 0 && this.#transport.hasCapacity(units);
  }

  /** Calls `onWritable` when there is capacity and all earlier streams have been served. */
  wait(waiter: Waiter): void {
    this.#waiting.add(waiter);
    if (!this.#isWatching) void this.#watch();
  }

  /** Removes a stream from the queue. */
  cancel(waiter: Waiter): void {
    this.#waiting.delete(waiter);
  }

  async #watch(): Promise<void> {
    this.#isWatching = true;
    while (this.#waiting.size > 0) {
      await this.#transport.drained();
      await this.#admit();
    }
    this.#isWatching = false;
  }

  /** Serves one stream per turn while there is capacity, because each can use it up. */
  async #admit(): Promise<void> {
    for (const waiter of this.#waiting) {
      if (!this.#transport.hasCapacity(waiter.units)) return;
      this.#waiting.delete(waiter);
      waiter.onWritable();
      await new Promise<void>((resolve) => this.#scheduler.add(resolve));
    }
  }
}
