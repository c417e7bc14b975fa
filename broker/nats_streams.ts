/**
 * The streams that keep the histories of rooms. A stream has one size and one age for all its
 * rooms, so there is a stream for each pair of these.
 *
 * The epoch of a stream is a part of its name. If a stream is lost, the next one therefore has
 * another epoch.
 *
 * @module
 */

import { HoistError } from "../common/hoist_error.ts";
import type { HistoryOptions } from "./broker.ts";
import { callApi, hasCode, JetStreamCode } from "./nats_api.ts";
import { ensureStream } from "./nats_ensure.ts";
import { failure } from "./nats_errors.ts";
import type { NatsLink } from "./nats_link.ts";
import { NatsState, type StateKind } from "./nats_state.ts";
import {
  findDrift,
  type StreamConfig,
  streamConfig,
} from "./nats_stream_config.ts";
import { classOf, describeClass, type NatsSubjects } from "./nats_subjects.ts";
import { KEY_TTL } from "./room_log.ts";

/** The maximum number of pairs of a size and an age. */
const MAX_CLASSES = 8;

/**
 * The epochs of new streams. If a stream is lost later, the next one has another epoch, so a
 * value is only kept until all nodes that look for the same stream have read it.
 */
const EPOCHS: StateKind = {
  ...{ name: "epochs", token: "e", storage: "memory", maxAge: 10_000 },
  description: "Epochs of the streams that the servers of Hoist create.",
};

/** A stream. */
export interface RoomStream {
  readonly name: string;
  readonly epoch: string;
  /** Its pair of a size and an age, as a token */
  readonly historyClass: string;
  readonly history: HistoryOptions;
}

/** The streams of a deployment. */
export class NatsStreams {
  readonly #link: NatsLink;
  readonly #subjects: NatsSubjects;
  readonly #onOpen: (stream: RoomStream) => Promise<void>;
  /** The epochs that the nodes agree on */
  readonly #agreed: NatsState;
  readonly #classes = new Map<string, HistoryOptions>();
  readonly #open = new Map<string, RoomStream>();
  readonly #opening = new Map<string, Promise<RoomStream>>();
  /** The last epoch of each class */
  readonly #epochs = new Map<string, string>();
  /** When a stream was last replaced, with which the keys of its messages were lost */
  readonly #replacedAt = new Map<string, number>();

  /**
   * Constructs `NatsStreams`.
   *
   * @param link The connection
   * @param subjects The names
   * @param onOpen Prepares a stream before it is used
   */
  constructor(
    link: NatsLink,
    subjects: NatsSubjects,
    onOpen: (stream: RoomStream) => Promise<void>,
  ) {
    this.#link = link;
    this.#subjects = subjects;
    this.#onOpen = onOpen;
    this.#agreed = new NatsState(link, EPOCHS);
  }

  /**
   * Notes that rooms have a history.
   *
   * @throws {HoistError} If there are already 8 other pairs of a size and an age
   */
  define(history: HistoryOptions): void {
    const historyClass = classOf(history);
    if (this.#classes.has(historyClass)) return;
    if (this.#classes.size >= MAX_CLASSES) {
      const known = [...this.#classes.values()].map(describeClass).join(", ");
      throw new HoistError(
        `Cannot keep the history ${
          describeClass(history)
        }: NATS needs a stream for each pair of size and ttl, and there can be ${MAX_CLASSES}. Use one of ${known}.`,
      );
    }
    this.#classes.set(historyClass, history);
  }

  /** Returns the stream of a history, which is created if nobody has. */
  async get(history: HistoryOptions): Promise<RoomStream> {
    const known = this.find(history);
    if (known !== undefined) return known;
    this.define(history);
    return await this.#find(classOf(history));
  }

  /** Returns the stream of a history; `undefined` if it is not known yet. */
  find(history: HistoryOptions): RoomStream | undefined {
    return this.#open.get(classOf(history));
  }

  /** The epoch of the stream that has stored a message. */
  epochOf(
    { historyClass, name, epoch: own }: RoomStream,
    stream: string,
  ): string {
    if (stream === name) return own;
    const epoch = this.#subjects.epochOf(historyClass, stream);
    if (epoch !== undefined) return epoch;
    throw failure("store a message", "a foreign stream has its subject");
  }

  /** Whether the stream of a history has replaced another one a short time ago. */
  isReplaced(history: HistoryOptions): boolean {
    const time = this.#replacedAt.get(classOf(history)) ?? -Infinity;
    return performance.now() - time < KEY_TTL;
  }

  /** Looks for a stream again before it is next used. */
  forget({ historyClass, name }: RoomStream): void {
    if (this.#open.get(historyClass)?.name === name) {
      this.#open.delete(historyClass);
    }
  }

  /**
   * Looks for all streams again, and checks that nobody has changed them.
   *
   * @returns Whether one of them is another one
   */
  async check(): Promise<boolean> {
    const before = [...this.#open.values()];
    this.#open.clear();
    const after = await Promise.all(
      before.map(({ historyClass }) => this.#find(historyClass)),
    );
    return after.some(({ epoch }, index) => epoch !== before[index]!.epoch);
  }

  /** Finds or creates a stream, once for all callers. */
  #find(historyClass: string): Promise<RoomStream> {
    const opening = this.#opening.get(historyClass) ??
      this.#openStream(historyClass).finally(() =>
        this.#opening.delete(historyClass)
      );
    this.#opening.set(historyClass, opening);
    return opening;
  }

  async #openStream(historyClass: string): Promise<RoomStream> {
    const history = this.#classes.get(historyClass)!;
    const name = await this.#lookUp(historyClass) ??
      await this.#create(historyClass, history);
    const epoch = this.#subjects.epochOf(historyClass, name);
    if (epoch === undefined) {
      throw failure(
        "keep the history",
        `the stream ${name} of another program has the subjects of Hoist. Choose another 'prefix'`,
      );
    }
    const stream = { name, epoch, historyClass, history };
    await this.#assertUnchanged(stream);
    await this.#onOpen(stream);
    this.#open.set(historyClass, stream);
    this.#noteEpoch(stream);
    return stream;
  }

  #noteEpoch({ historyClass, epoch }: RoomStream): void {
    const known = this.#epochs.get(historyClass);
    this.#epochs.set(historyClass, epoch);
    if (known === undefined || known === epoch) return;
    this.#replacedAt.set(historyClass, performance.now());
  }

  async #lookUp(historyClass: string): Promise<string | undefined> {
    const [subject] = this.#subjects.stored(historyClass);
    const { streams } = await callApi<{ streams?: unknown }>(
      this.#link,
      "STREAM.NAMES",
      { subject },
    );
    const [name] = Array.isArray(streams) ? streams : [];
    return typeof name === "string" ? name : undefined;
  }

  /**
   * Creates a stream. NATS can create two streams with the same subjects at the same time. All
   * nodes therefore agree on an epoch first, and create the same stream.
   */
  async #create(
    historyClass: string,
    history: HistoryOptions,
  ): Promise<string> {
    const epoch = await this.#agreed.create(
      historyClass,
      randomEpoch(),
      // Its stream is lost.
      (known) => known === this.#epochs.get(historyClass),
    );
    const config = this.#config({ historyClass, history, epoch });
    try {
      await ensureStream(this.#link, config);
      return config.name;
    } catch (error) {
      if (!hasCode(error, JetStreamCode.subjectsOverlap)) throw error;
      const name = await this.#lookUp(historyClass);
      if (name === undefined) throw error;
      return name;
    }
  }

  async #assertUnchanged(stream: RoomStream): Promise<void> {
    const { config } = await callApi<{ config?: unknown }>(
      this.#link,
      `STREAM.INFO.${stream.name}`,
    );
    const drift = findDrift(config, this.#config(stream));
    if (drift === undefined) return;
    throw failure(
      "keep the history",
      `somebody changed '${drift}' of the stream ${stream.name} in NATS. Restore it, or delete the stream and its history`,
    );
  }

  #config(
    { historyClass, history, epoch }: Omit<RoomStream, "name">,
  ): StreamConfig {
    return streamConfig(
      this.#subjects,
      historyClass,
      epoch,
      history,
      this.#link.options,
    );
  }
}

function randomEpoch(): string {
  return crypto.randomUUID().replaceAll("-", "").slice(0, 12);
}
