/**
 * The messages of one room in a stream.
 *
 * @module
 */

import type { ReadOptions } from "./broker.ts";
import { hasCode, JetStreamCode, store } from "./nats_api.ts";
import type { NatsClears } from "./nats_clears.ts";
import type { Msg } from "./nats_client.ts";
import { readDirect } from "./nats_direct.ts";
import type { NatsLink } from "./nats_link.ts";
import {
  CHECK,
  headersOf,
  readStored,
  START,
  type StoredMessage,
} from "./nats_message.ts";
import { startTtl } from "./nats_stream_config.ts";
import type { RoomStream } from "./nats_streams.ts";
import type { NatsSubjects } from "./nats_subjects.ts";
import { NatsTail } from "./nats_tail.ts";
import { checkOf } from "./position.ts";
import { tokenOf } from "./token.ts";

/** The maximum number of messages in an answer, and their length in bytes. */
const BATCH = { batch: 256, max_bytes: 1_048_576 };

/** The maximum number of requests that look for the newest messages of a long history. */
const MAX_PROBES = 64;

/** The parts of the broker that a read needs. */
export interface ReadContext {
  readonly link: NatsLink;
  readonly subjects: NatsSubjects;
  readonly clears: NatsClears;
}

/** An answer of NATS. */
interface Batch {
  readonly messages: readonly StoredMessage[];
  /** The number of messages after these */
  readonly pending: number;
  /** The number of the last message; 0 if there is none */
  readonly end: number;
}

/** Reads the messages of one room. */
export class NatsRoomReader {
  readonly #context: ReadContext;
  readonly #stream: RoomStream;
  readonly #subject: string;
  readonly #clearSubject: string;
  readonly #token: string;

  /** Constructs a `NatsRoomReader`. */
  constructor(context: ReadContext, stream: RoomStream, room: string) {
    const { historyClass } = stream;
    this.#context = context;
    this.#stream = stream;
    this.#token = tokenOf(room);
    this.#subject = context.subjects.room(historyClass, room);
    this.#clearSubject = context.subjects.clear(historyClass, room);
  }

  /** The epoch of the room now */
  get epoch(): string {
    const { epoch } = this.#stream;
    return this.#context.clears.epochOf(epoch, this.#token, Infinity);
  }

  /**
   * Returns the last message. A room without messages gets a mark at the start of its history.
   *
   * @returns `undefined` if another node was faster, or the read was behind
   */
  async last(): Promise<StoredMessage | undefined> {
    const request = { multi_last: [this.#subject, this.#clearSubject] };
    const messages = await this.#read(request);
    const isClear = (message: Msg) =>
      headersOf(message)?.get("Nats-Subject") === this.#clearSubject;
    for (const message of messages.filter(isClear)) this.#onClear(message);
    const [last] = messages.filter((message) => !isClear(message))
      .flatMap((message) => readStored(message) ?? []);
    const isCurrent = last !== undefined && last.sequence > this.#start;
    return isCurrent ? last : await this.#begin(last?.sequence ?? 0);
  }

  /**
   * Reads all messages after a number, and keeps the newest.
   *
   * @param sequence The number of the message before these; 0 for all
   * @param limits How many are kept
   */
  async readAfter(sequence: number, limits: ReadOptions): Promise<NatsTail> {
    const tail = new NatsTail(limits);
    const wanted = Math.min(limits.limit, limits.history.size) + 1;
    let next = Math.max(sequence, this.#start + 1);
    for (let isFirst = true;; isFirst = false) {
      const { messages, pending, end } = await this.#batch(next, BATCH);
      for (const message of messages) {
        if (message.sequence === sequence) tail.begin(message);
        else tail.add(message);
      }
      if (pending === 0 || end === 0) return tail;
      next = end + 1;
      if (isFirst && pending > wanted + BATCH.batch) {
        const skipped = await this.#skip(next, pending, wanted);
        tail.skip(skipped.count);
        next = skipped.next;
      }
    }
  }

  /** The number of the last clear */
  get #start(): number {
    return this.#context.clears.lastOf(this.#stream.epoch, this.#token);
  }

  #onClear(message: Msg): void {
    this.#context.clears.receive(this.#stream.epoch, this.#token, message);
  }

  async #begin(expected: number): Promise<StoredMessage | undefined> {
    const check = checkOf(crypto.randomUUID());
    try {
      const { sequence } = await store(this.#context.link, this.#subject, "", {
        [CHECK]: check,
        [START]: "1",
        "Nats-TTL": startTtl(this.#stream.history),
        "Nats-Expected-Last-Subject-Sequence": String(expected),
      });
      const rest = { previous: 0, pending: 0, payload: "" };
      return { sequence, check, isStart: true, ...rest };
    } catch (error) {
      if (hasCode(error, JetStreamCode.wrongLastSequence)) return undefined;
      throw error;
    }
  }

  /**
   * Finds the number after which about as many messages follow as are wanted. Each answer says
   * how many follow.
   */
  async #skip(
    from: number,
    pending: number,
    wanted: number,
  ): Promise<{ readonly next: number; readonly count: number }> {
    let [low, high] = [from, Infinity];
    let best = { next: from, count: 0 };
    for (let probe = 0; probe < MAX_PROBES && low < high; probe++) {
      const middle = high === Infinity
        ? low + 2 ** probe * wanted
        : Math.floor((low + high) / 2);
      const { messages, pending: rest, end } = await this.#batch(middle, {
        batch: 1,
      });
      const following = messages.length + rest;
      if (end === 0 || following < wanted) high = middle;
      else {
        best = { next: end, count: pending - following };
        if (following <= wanted + BATCH.batch) break;
        low = end + 1;
      }
    }
    return best;
  }

  async #batch(seq: number, limits: object): Promise<Batch> {
    const request = { seq, next_by_subj: this.#subject, ...limits };
    const all = await this.#read(request);
    const headers = all.length === 0 ? undefined : headersOf(all.at(-1)!);
    const messages = all.flatMap((message) => readStored(message) ?? []);
    return {
      messages,
      pending: headers?.number("Nats-Num-Pending") ?? 0,
      end: headers?.number("Nats-Sequence") ?? 0,
    };
  }

  #read(request: object): Promise<readonly Msg[]> {
    return readDirect(this.#context.link, this.#stream.name, request);
  }
}
