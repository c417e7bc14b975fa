/**
 * The frames that wait to be sent over one WebSocket.
 *
 * @module
 */

import { fitsInto } from "../common/text.ts";
import { BatchWriter } from "../protocol/batch.ts";
import type { ClientSocket } from "./client_socket.ts";

/** Receives what happens to the frames. */
export interface SendBufferEvents {
  /** Called before a frame is passed to the socket. */
  onSend(frame: string): void;
  /** Called when the socket cannot send. */
  onFailure(): void;
}

/** Sends frames, and limits the bytes that the server leaves unread. */
export class SendBuffer {
  readonly #maxBuffered: number;
  readonly #events: SendBufferEvents;
  readonly #writer = new BatchWriter({ write: (frame) => this.#write(frame) });
  #socket: ClientSocket | undefined;

  /**
   * Constructs a `SendBuffer`.
   *
   * @param maxBuffered The maximum data that waits, in bytes
   * @param events Receives what happens to the frames
   */
  constructor(maxBuffered: number, events: SendBufferEvents) {
    this.#maxBuffered = maxBuffered;
    this.#events = events;
  }

  /** Sends the frames over a socket. */
  attach(socket: ClientSocket): void {
    this.#socket = socket;
  }

  /** Whether frames of one tick are sent as one batch */
  get isBatching(): boolean {
    return this.#writer.isBatching;
  }

  /**
   * Sends frames as batches from now on.
   *
   * @param limit The maximum length of a batch, in bytes
   */
  enableBatching(limit: number): void {
    this.#writer.enableBatching(limit);
  }

  /**
   * Whether a frame fits behind the frames that wait. If none waits, any frame does,
   * because the server limits its length.
   *
   * @param frame The frame
   * @param maxBuffered The maximum data that waits, in bytes
   */
  fits(frame: string, maxBuffered: number = this.#maxBuffered): boolean {
    const { units } = this.#writer;
    const buffered = this.#buffered;
    if (buffered + units === 0) return true;
    // A UTF-16 unit has at most three bytes.
    if (buffered + 3 * (units + frame.length) <= maxBuffered) return true;
    // The exact number of bytes is known only for frames that were written.
    this.#writer.flush();
    const unsent = this.#buffered;
    return unsent === 0 || fitsInto(frame, maxBuffered - unsent);
  }

  /**
   * Whether a frame fits that the client sends by itself. Requests can fill their part of
   * the buffer, so these frames can use as much again.
   */
  fitsOwn(frame: string): boolean {
    return this.fits(frame, 2 * this.#maxBuffered);
  }

  /** Sends a frame; does not throw. */
  push(frame: string): void {
    this.#writer.push(frame);
  }

  /** Sends all frames that wait. */
  flush(): void {
    this.#writer.flush();
  }

  /** The bytes that the socket has not sent yet. */
  get #buffered(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  #write(frame: string): void {
    this.#events.onSend(frame);
    try {
      this.#socket?.send(frame);
    } catch {
      // In a microtask, no caller can catch this.
      this.#events.onFailure();
    }
  }
}
