/**
 * What a room needs from its connection.
 *
 * @module
 */

import type { CloseInfo } from "../protocol/close.ts";
import type { JoinedFrame } from "../protocol/success_frames.ts";
import type { Link } from "./link.ts";
import type { ClientLog } from "./log.ts";
import type { ContractChecks } from "./validate.ts";

/** The part of the rooms of a connection that each room uses */
export interface RoomContext {
  readonly log: ClientLog;
  /** Validates each message; `undefined` if the client trusts the server */
  readonly checks: Pick<ContractChecks, "roomEvent"> | undefined;
  /** The link that is open; `undefined` while there is none */
  readonly link: Link | undefined;
  /** How the connection has ended; `undefined` if another link can follow */
  readonly closed: CloseInfo | undefined;
  /** Whether the application has closed the connection */
  readonly isClosedHere: boolean;
  /** The id by which the server recognizes repeated messages; `undefined` before a join */
  readonly publisher: string | undefined;
  /** The bytes of all messages to rooms that wait for their answers */
  readonly waiting: WaitingBytes;
  /** Whether the server itself has put the client into a room */
  isPutInto(room: string): boolean;
  /** Notes that the server has put the client into a room, because it cannot leave it. */
  notePutInto(room: string): void;
  /** Remembers who the client is for the server. */
  onJoined(frame: JoinedFrame): void;
  /** Logs what the server did wrong, once for each sentence. */
  onFault(what: string): void;
  /** Forgets a room that has ended. */
  forget(room: { readonly name: string }): void;
  /** Returns a key for a message of the client. */
  nextKey(): string;
}

/** Counts bytes up to a limit */
export class WaitingBytes {
  /** The maximum number of bytes */
  readonly max: number;
  #bytes = 0;

  /**
   * Constructs `WaitingBytes`.
   *
   * @param max The maximum number of bytes
   */
  constructor(max: number) {
    this.max = max;
  }

  /** Adds bytes, unless they are too many. If none wait, any number fits. */
  add(bytes: number): boolean {
    if (this.#bytes > 0 && this.#bytes + bytes > this.max) return false;
    this.#bytes += bytes;
    return true;
  }

  /** Removes bytes that were added. */
  remove(bytes: number): void {
    this.#bytes -= bytes;
  }
}
