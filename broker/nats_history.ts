/**
 * Reads the histories of rooms.
 *
 * All rooms of a stream share its numbers, so the numbers of a room have holes. Nothing shows
 * that a message between two others is gone. Therefore only a message that is still there
 * proves that nothing after it is missing. In a room without messages, a mark at the start of
 * the history takes its place.
 *
 * @module
 */

import type {
  HistoryRead,
  LossReason,
  Publication,
  ReadFrom,
  ReadOptions,
} from "./broker.ts";
import { failure } from "./nats_errors.ts";
import type { StoredMessage } from "./nats_message.ts";
import type { NatsRoomReader } from "./nats_room_reader.ts";
import type { NatsTail, TailEntry } from "./nats_tail.ts";
import {
  formatPosition,
  parseClientPosition,
  type Position,
} from "./position.ts";

/** How often the history is read, if the server of NATS that answers is behind. */
const MAX_ATTEMPTS = 6;

/** The delay before the first of the further reads, in milliseconds. It doubles. */
const DELAY = 10;

/** Whether it is known that no message after a position has expired. */
export type IsVerified = (position: string) => boolean;

/** What a read has found. */
interface Found {
  readonly tail: NatsTail;
  /** Why messages before the tail are missing */
  readonly lost: LossReason | undefined;
  /** Where the client wanted to begin, if nothing is missing */
  readonly since?: string;
}

/**
 * Reads the history of a room.
 *
 * @param reader The room
 * @param from Where to begin
 * @param options The limits
 * @param isVerified Returns what is known without the history
 *
 * @throws {PublishError} If NATS cannot be reached, or is behind
 */
export async function readHistory(
  reader: NatsRoomReader,
  from: ReadFrom,
  options: ReadOptions,
  isVerified: IsVerified,
): Promise<HistoryRead> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const last = await reader.last();
    const isFinal = attempt === MAX_ATTEMPTS;
    const read = last &&
      await new Read(reader, last, options, isVerified).run(from, isFinal);
    if (read !== undefined) return read;
    await pause(DELAY * 2 ** (attempt - 1));
  }
  throw failure("read the history", "NATS is behind. Try again later");
}

/** One read of a room. */
class Read {
  readonly #reader: NatsRoomReader;
  readonly #last: StoredMessage;
  readonly #options: ReadOptions;
  readonly #isVerified: IsVerified;
  /** The epoch at the start, so that all positions are of the same one */
  readonly #epoch: string;

  constructor(
    reader: NatsRoomReader,
    last: StoredMessage,
    options: ReadOptions,
    isVerified: IsVerified,
  ) {
    this.#reader = reader;
    this.#last = last;
    this.#options = options;
    this.#isVerified = isVerified;
    this.#epoch = reader.epoch;
  }

  /** Reads; returns `undefined` if the server of NATS that answers is behind. */
  async run(
    from: ReadFrom,
    isFinal: boolean,
  ): Promise<HistoryRead | undefined> {
    const top = this.#positionOf(this.#last);
    const isAtTop = "last" in from ? from.last === 0 : from.since === top;
    if (isAtTop) return { publications: [], from: top, top, lost: undefined };
    if ("last" in from) return this.#finish(await this.#newest(from.last));
    const position = parseClientPosition(from.since);
    if (this.#isAhead(position) && !isFinal) return undefined;
    return this.#finish(await this.#after(from.since, position));
  }

  async #newest(count: number): Promise<Found> {
    const limit = Math.min(this.#options.limit, count);
    const options = { ...this.#options, limit };
    const tail = await this.#reader.readAfter(0, options);
    return { tail, lost: undefined };
  }

  async #after(since: string, position: Position | undefined): Promise<Found> {
    if (position?.epoch !== this.#epoch || this.#isAhead(position)) {
      return await this.#everything("epoch");
    }
    const { offset, check } = position;
    const tail = await this.#reader.readAfter(offset, this.#options);
    const { base } = tail;
    if (base !== undefined && base.check !== check) {
      return await this.#everything("epoch");
    }
    if (base === undefined && !this.#isComplete(since, tail)) {
      return await this.#withoutBase(offset);
    }
    return { tail, since, lost: tail.lost };
  }

  /** Reads everything, because the message at a position is gone. */
  async #withoutBase(offset: number): Promise<Found> {
    const found = await this.#everything("expired");
    // Older messages expire first. After a restore, another room can have the number.
    const isOther = found.tail.oldest < offset;
    return isOther ? { ...found, lost: "epoch" } : found;
  }

  async #everything(lost: LossReason): Promise<Found> {
    return { tail: await this.#reader.readAfter(0, this.#options), lost };
  }

  /** Whether nothing after a position is gone, although the message at it is. */
  #isComplete(since: string, { count }: NatsTail): boolean {
    return count <= this.#options.history.size && this.#isVerified(since);
  }

  /** Whether a position is newer than the last message that was found. */
  #isAhead(position: Position | undefined): boolean {
    return position?.epoch === this.#epoch &&
      position.offset > this.#last.sequence;
  }

  /** Makes the result; `undefined` if the answer ends before the last message. */
  #finish({ tail, since, lost }: Found): HistoryRead | undefined {
    const end = tail.last ?? this.#last;
    if (end.sequence < this.#last.sequence) return undefined;
    const isComplete = since !== undefined && lost === undefined;
    const publications = tail.entries.map((entry) =>
      this.#publicationOf(entry, isComplete ? since : this.#origin)
    );
    const top = this.#positionOf(end);
    return { publications, from: publications[0]?.previous ?? top, top, lost };
  }

  #publicationOf({ message, before }: TailEntry, origin: string): Publication {
    return {
      position: this.#positionOf(message),
      previous: before === undefined ? origin : this.#positionOf(before),
      payload: message.payload,
    };
  }

  #positionOf({ sequence, check }: StoredMessage): string {
    return formatPosition({ epoch: this.#epoch, offset: sequence, check });
  }

  /** Before everything in the epoch. Nothing proves what comes after it */
  get #origin(): string {
    return formatPosition({ epoch: this.#epoch, offset: 0, check: "" });
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
