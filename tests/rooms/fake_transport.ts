/**
 * The connection of a client without a network: what the client has not read waits in it.
 *
 * @module
 */

import type { CloseInfo } from "../../protocol/close.ts";
import type { Feature } from "../../protocol/features.ts";
import type { BroadcastBatch, Delivery } from "../../server/broadcaster.ts";
import type { ConnectionLog } from "../../server/connection_log.ts";
import type { RoomTransport } from "../../server/connection_rooms.ts";

/** What a connection needs. */
export interface FakeTransportParts {
  readonly log: ConnectionLog;
  readonly features: ReadonlySet<Feature>;
  readonly maxBuffered: number;
  readonly onSlow: "disconnect" | "skip";
  poll(): Promise<void>;
  onClosed(transport: FakeTransport, info: CloseInfo): void;
}

/** A connection. */
export class FakeTransport implements RoomTransport {
  readonly log: ConnectionLog;
  readonly features: ReadonlySet<Feature>;
  rooms: { catchUp(): void } | undefined;
  /** The frames that the client has not read */
  readonly unread: string[] = [];
  readonly #parts: FakeTransportParts;
  #units = 0;
  #closed: CloseInfo | undefined;

  constructor(parts: FakeTransportParts) {
    this.#parts = parts;
    this.log = parts.log;
    this.features = parts.features;
  }

  get closed(): CloseInfo | undefined {
    return this.#closed;
  }

  hasCapacity(units: number): boolean {
    this.rooms?.catchUp();
    return this.#units === 0 || !this.isSlow(units);
  }

  isSlow(units: number): boolean {
    return 2 * (this.#units + units) > this.#parts.maxBuffered;
  }

  drained(): Promise<void> {
    return this.#parts.poll();
  }

  send(frame: string): void {
    this.rooms?.catchUp();
    if (this.#closed !== undefined) return;
    if (!this.#push(frame)) this.close(1013, "the client reads too slowly");
  }

  deliver({ single }: BroadcastBatch): Delivery {
    const { onSlow } = this.#parts;
    let delivered = 0;
    for (const { data } of single) {
      if (this.#closed !== undefined || !this.#push(data)) break;
      delivered++;
    }
    const isMissed = delivered < single.length && this.#closed === undefined;
    if (isMissed && onSlow === "disconnect") {
      this.close(1013, "the client reads too slowly");
    }
    return { delivered, rest: "skipped", sends: delivered };
  }

  close(code: number, reason: string): void {
    if (this.#closed !== undefined) return;
    this.#closed = { code, reason };
    this.#parts.onClosed(this, this.#closed);
  }

  /** Reads the next frame; `undefined` if there is none. */
  read(): string | undefined {
    const frame = this.unread.shift();
    this.#units -= frame?.length ?? 0;
    return frame;
  }

  #push(frame: string): boolean {
    if (this.#units + frame.length > this.#parts.maxBuffered) return false;
    this.unread.push(frame);
    this.#units += frame.length;
    return true;
  }
}
