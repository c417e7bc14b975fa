/**
 * The rooms whose history was cleared. One stream keeps the histories of many rooms, so its
 * epoch cannot change when one of them is cleared. The clear is a message in the stream, and
 * its number becomes a part of the epoch of the room.
 *
 * @module
 */

import { callApi, store } from "./nats_api.ts";
import type { Msg } from "./nats_client.ts";
import { readDirect } from "./nats_direct.ts";
import type { NatsLink } from "./nats_link.ts";
import { headersOf } from "./nats_message.ts";
import type { RoomStream } from "./nats_streams.ts";
import type { NatsSubjects } from "./nats_subjects.ts";

/** How long a clear is kept, in milliseconds: 30 days. */
const CLEAR_TTL = 2_592_000_000;

/** The maximum number of messages in an answer. */
const BATCH = 500;

interface Clear {
  readonly sequence: number;
  /** When NATS stored it, in milliseconds since 1970 */
  readonly time: number;
}

/** The clears of all rooms of a deployment. */
export class NatsClears {
  readonly #link: NatsLink;
  readonly #subjects: NatsSubjects;
  /** The last clear of each room, by the epoch of its stream and its token */
  readonly #clears = new Map<string, Map<string, Clear>>();
  /** The epochs whose clears are known since the connection was made */
  readonly #loaded = new Set<string>();
  /** The last epoch of each pair of a size and an age */
  readonly #epochs = new Map<string, string>();

  /** Constructs `NatsClears`. */
  constructor(link: NatsLink, subjects: NatsSubjects) {
    this.#link = link;
    this.#subjects = subjects;
  }

  /** Reads the clears again before they are next used, because some can have been missed. */
  disconnect(): void {
    this.#loaded.clear();
  }

  /** Returns the number of the last clear of a room; 0 if there is none. */
  lastOf(epoch: string, token: string): number {
    const clears = this.#clears.get(epoch);
    const clear = clears?.get(token);
    if (clear === undefined) return 0;
    if (!isOld(clear)) return clear.sequence;
    clears!.delete(token);
    return 0;
  }

  /** Returns the epoch of a room, at a number of its stream. */
  epochOf(epoch: string, token: string, sequence: number): string {
    const clear = this.lastOf(epoch, token);
    // The epoch before the clear does not matter: it is over.
    return clear === 0 || sequence < clear
      ? epoch
      : `${epoch}-${clear.toString(36)}`;
  }

  /** Reads the clears of a stream. */
  async load(stream: RoomStream): Promise<void> {
    const { epoch } = stream;
    if (this.#loaded.has(epoch)) return;
    this.#begin(stream);
    this.#loaded.add(epoch);
    try {
      await this.#readAll(stream);
    } catch (error) {
      this.#loaded.delete(epoch);
      throw error;
    }
  }

  /** Receives a clear of another node. Returns whether it is or can be a new one. */
  receive(epoch: string, token: string, message: Msg): boolean {
    // Those of a stream that is not used here yet are read when it is.
    if (![...this.#epochs.values()].includes(epoch)) return true;
    const sequence = sequenceOf(message);
    return this.#add(epoch, token, { sequence, time: timeOf(message) });
  }

  /**
   * Clears a room.
   *
   * @throws {PublishError} If it is unknown whether the history begins a new epoch
   */
  async clear(
    { name, epoch, historyClass }: RoomStream,
    room: string,
  ): Promise<void> {
    const subject = this.#subjects.clear(historyClass, room);
    const headers = { "Nats-TTL": "never", "Nats-Rollup": "sub" };
    const { sequence } = await store(this.#link, subject, "", headers);
    const token = subject.slice(subject.lastIndexOf(".") + 1);
    this.#add(epoch, token, { sequence, time: Date.now() });
    const filter = this.#subjects.room(historyClass, room);
    // Nobody can read the messages before the clear, but they need space.
    await callApi(this.#link, `STREAM.PURGE.${name}`, {
      filter,
      seq: sequence,
    });
  }

  /** Forgets the clears of the stream before, which is lost. */
  #begin({ epoch, historyClass }: RoomStream): void {
    const before = this.#epochs.get(historyClass);
    this.#epochs.set(historyClass, epoch);
    if (before === undefined || before === epoch) return;
    this.#clears.delete(before);
    this.#loaded.delete(before);
  }

  async #readAll({ name, epoch, historyClass }: RoomStream): Promise<void> {
    const next_by_subj = this.#subjects.clears(historyClass);
    let old = 0;
    for (let seq = 1; seq > 0;) {
      const request = { seq, next_by_subj, batch: BATCH };
      const messages = await readDirect(this.#link, name, request);
      for (const message of messages) {
        if (!this.#loadOne(epoch, message)) old = sequenceOf(message);
      }
      seq = messages.length < BATCH ? 0 : sequenceOf(messages.at(-1)!) + 1;
    }
    if (old > 0) this.#drop(name, next_by_subj, old);
  }

  /** Notes a clear; returns whether it still counts. */
  #loadOne(epoch: string, message: Msg): boolean {
    const clear = { sequence: sequenceOf(message), time: timeOf(message) };
    if (isOld(clear)) return false;
    const subject = headersOf(message)?.get("Nats-Subject") ?? "";
    this.#add(epoch, subject.slice(subject.lastIndexOf(".") + 1), clear);
    return true;
  }

  /** Deletes the clears up to an old one. It does not matter whether this succeeds. */
  #drop(name: string, filter: string, sequence: number): void {
    const request = { filter, seq: sequence + 1 };
    callApi(this.#link, `STREAM.PURGE.${name}`, request).catch(() => {});
  }

  #add(epoch: string, token: string, clear: Clear): boolean {
    if (token === "" || !(clear.sequence > this.lastOf(epoch, token))) {
      return false;
    }
    const clears = this.#clears.get(epoch) ?? new Map<string, Clear>();
    this.#clears.set(epoch, clears);
    clears.set(token, clear);
    return true;
  }
}

function isOld({ time }: Clear): boolean {
  return time + CLEAR_TTL < Date.now();
}

function sequenceOf(message: Msg): number {
  return headersOf(message)?.number("Nats-Sequence") ?? 0;
}

/** When NATS stored a message; now if it does not say so. */
function timeOf(message: Msg): number {
  const time = Date.parse(headersOf(message)?.get("Nats-Time-Stamp") ?? "");
  return Number.isNaN(time) ? Date.now() : time;
}
