/**
 * The WebSocket of one client, and what it lets wait for that client.
 *
 * @module
 */

import { CloseCode } from "../common/errors.ts";
import { byteLength } from "../common/text.ts";
import { BatchWriter, MAX_BATCH, type Sink } from "../protocol/batch.ts";
import { type BroadcastBatch, type Delivery } from "./broadcaster.ts";
/** The part of a WebSocket that a client is driven by. */
export type Socket = Pick<
  WebSocket,
  | "readyState"
  | "bufferedAmount"
  | "send"
  | "close"
  | "onopen"
  | "onmessage"
  | "onclose"
>;

/** Who is told what happens to a socket. */
export interface TransportOwner {
  /** Something came. */
  receive(data: unknown): void;
  /** More would wait than may: nothing was sent. */
  overflow(): void;
  /** The socket is gone. */
  gone(code: number): void;
}

const CONNECTING = 0;

const OPEN = 1;

/** How long what was said before has to reach the system, in milliseconds. */
const LINGER = 500;

/** How long it is waited until it is looked again whether it has, in milliseconds. */
const LOOK_AGAIN = 10;

/** Sends frames to one client, never more than it may leave unread. */
export class Transport implements Sink {
  readonly #socket: Socket;
  readonly #owner: TransportOwner;
  readonly #maxBuffered: number;
  readonly #outbox = new BatchWriter(this);
  /** What has become of broadcasts that cannot be sent any more. */
  #rest: Delivery["rest"] = "failed";
  #closing = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** What those wait for who have more to send than there is room for. */
  #moment: Promise<void> | undefined;
  #endMoment = (): void => {};

  /**
   * Constructs a `Transport`.
   *
   * @param socket The WebSocket
   * @param owner Who is told what happens to it
   * @param maxBuffered How much may wait for the client, in bytes
   */
  constructor(socket: Socket, owner: TransportOwner, maxBuffered: number) {
    this.#socket = socket;
    this.#owner = owner;
    this.#maxBuffered = maxBuffered;
    socket.onmessage = ({ data }) => owner.receive(data);
    socket.onclose = ({ code }) => this.#leave(code);
  }

  /** Joins what is said in one tick to batches from now on. */
  join(): void {
    this.#outbox.join(Math.min(MAX_BATCH, this.#maxBuffered));
  }

  /** Sends a frame, at the latest at the end of this tick. */
  push(frame: string): void {
    const waiting = this.#outbox.units + frame.length;
    // The answers to one batch may be more than anyone may leave unread.
    if (waiting > this.#maxBuffered) this.#outbox.flush();
    this.#outbox.push(frame);
  }

  /** Whether a frame can be sent, after what was said before it. */
  hasRoomFor(frame: string): boolean {
    if (this.#fits(3 * (this.#outbox.units + frame.length))) return true;
    // Only what was written is known exactly.
    this.#outbox.flush();
    return this.#fits(byteLength(frame, this.#maxBuffered));
  }

  /**
   * Whether a frame of so many UTF-16 units can be sent that can wait: half of the room
   * is for what cannot. If nothing waits it can, as its sender looks at its bytes.
   */
  hasCapacity(units: number): boolean {
    const waiting = this.#socket.bufferedAmount + 3 * this.#outbox.units;
    return waiting === 0 || 2 * (waiting + 3 * units) <= this.#maxBuffered;
  }

  /** Waits a moment, in which the client may have read something. */
  moment(): Promise<void> {
    // No event tells when a WebSocket has written what it had.
    return this.#moment ??= new Promise((resolve) => {
      const timer = setTimeout(() => this.#endMoment(), LOOK_AGAIN);
      this.#endMoment = () => {
        clearTimeout(timer);
        this.#moment = undefined;
        resolve();
      };
    });
  }

  /** Hands a frame to the socket, if that is still open. */
  write(frame: string): void {
    if (!this.#isOpen) return;
    const fits = this.#fits(3 * frame.length) ||
      this.#fits(byteLength(frame, this.#maxBuffered));
    if (fits) return void this.#send(frame);
    this.#rest = "skipped";
    this.#owner.overflow();
  }

  /** Hands over broadcasts as long as there is room for them. */
  deliver(batch: BroadcastBatch): Delivery {
    // What was said before goes first.
    this.#outbox.flush();
    let delivered = 0;
    let sends = 0;
    for (const part of this.#outbox.joins ? batch.joined : batch.single) {
      if (!this.#isOpen) break;
      if (!this.#fits(part.bytes)) return { delivered, rest: "skipped", sends };
      if (!this.#send(part.text)) break;
      delivered += part.count;
      sends++;
    }
    return { delivered, rest: this.#rest, sends };
  }

  /** Sends what waits, and then a Close frame; nothing is sent any more. */
  close(code: number, reason: string): void {
    this.#outbox.flush();
    this.#closing = true;
    if (this.#socket.readyState === CONNECTING) {
      return this.#closeUnopened(code, reason);
    }
    // Deno drops what it has not written, this very Close frame included, if the next
    // frame of the client is there already. Whoever does not read is not waited for.
    const patience = code === CloseCode.TRY_AGAIN_LATER ? 0 : LINGER;
    const end = performance.now() + patience;
    const attempt = () => {
      if (this.#socket.bufferedAmount === 0 || performance.now() >= end) {
        this.#socket.close(code, reason);
      } else this.#timer = setTimeout(attempt, LOOK_AGAIN);
    };
    setImmediate(attempt);
  }

  /** Before it opens, Deno takes no notice of a close. */
  #closeUnopened(code: number, reason: string): void {
    // A client that left before its handshake was answered neither opens nor closes.
    this.#timer = setTimeout(() => this.#leave(CloseCode.ABNORMAL), LINGER);
    this.#socket.onopen = () => {
      clearTimeout(this.#timer);
      this.#socket.close(code, reason);
    };
  }

  get #isOpen(): boolean {
    return !this.#closing && this.#socket.readyState === OPEN;
  }

  /** Whether so many bytes more may wait. What waits in the system does not count. */
  #fits(bytes: number): boolean {
    return this.#socket.bufferedAmount + bytes <= this.#maxBuffered;
  }

  #send(frame: string): boolean {
    try {
      this.#socket.send(frame);
      return true;
    } catch {
      return false;
    }
  }

  #leave(code: number): void {
    clearTimeout(this.#timer);
    this.#endMoment();
    // Deno keeps a closed WebSocket until a full garbage collection: only that.
    this.#socket.onmessage = null;
    this.#socket.onclose = null;
    this.#owner.gone(code);
  }
}
