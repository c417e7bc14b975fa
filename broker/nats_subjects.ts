/**
 * The names of the subjects and streams in NATS.
 *
 * A stream stores `<prefix>.h.<class>.<room>` with the messages of a room, and
 * `<prefix>.c.<class>.<room>` with its clears. It publishes what it has stored as
 * `<prefix>.l.<epoch>.h.<room>`, so that each message carries its epoch.
 *
 * @module
 */

import type { HistoryOptions } from "./broker.ts";
import { tokenOf } from "./token.ts";

/** In place of the epoch, for messages that are not stored. */
const UNSTORED = "-";

/** The parts of the subject of a live message. */
interface LiveSubject {
  readonly subject: string;
  readonly epoch: string | undefined;
  readonly token: string;
}

/** The subjects of a deployment. */
export class NatsSubjects {
  readonly prefix: string;
  /** The subject of the last live message */
  #last: LiveSubject = { subject: "", epoch: "", token: "" };

  /**
   * Constructs `NatsSubjects`.
   *
   * @param prefix Begins all names
   */
  constructor(prefix: string) {
    this.prefix = prefix;
  }

  /** What a stream stores. */
  stored(historyClass: string): readonly string[] {
    return [`${this.prefix}.h.${historyClass}.*`, this.clears(historyClass)];
  }

  /** The clears of all rooms of a stream. */
  clears(historyClass: string): string {
    return `${this.prefix}.c.${historyClass}.*`;
  }

  /** The messages of a room in a stream. */
  room(historyClass: string, room: string): string {
    return `${this.prefix}.h.${historyClass}.${tokenOf(room)}`;
  }

  /** The clears of a room in a stream. */
  clear(historyClass: string, room: string): string {
    return `${this.prefix}.c.${historyClass}.${tokenOf(room)}`;
  }

  /** How a stream publishes what it has stored. */
  republish(
    historyClass: string,
    epoch: string,
  ): { src: string; dest: string } {
    return {
      src: `${this.prefix}.*.${historyClass}.*`,
      dest: `${this.prefix}.l.${epoch}.{{wildcard(1)}}.{{wildcard(2)}}`,
    };
  }

  /** The live messages of a room in all epochs. */
  live(room: string): string {
    return `${this.prefix}.l.*.h.${tokenOf(room)}`;
  }

  /** The live clears of all rooms. */
  get liveClears(): string {
    return `${this.prefix}.l.*.c.*`;
  }

  /** A live message of a room that no stream stores. */
  unstored(room: string): string {
    return `${this.prefix}.l.${UNSTORED}.h.${tokenOf(room)}`;
  }

  /** The epoch and the room of a live message; the epoch is `undefined` if it is not stored. */
  parseLive(subject: string): LiveSubject {
    // Often, several messages of one room come in a row.
    if (subject === this.#last.subject) return this.#last;
    const [, , epoch = "", , token = ""] = subject.split(".");
    const isStored = epoch !== UNSTORED;
    return this.#last = { subject, epoch: isStored ? epoch : undefined, token };
  }

  /** The name of a stream. */
  stream(historyClass: string, epoch: string): string {
    return `HOIST-${this.prefix}-${historyClass}-${epoch}`;
  }

  /** The epoch in the name of a stream; `undefined` if the stream is not ours. */
  epochOf(historyClass: string, stream: string): string | undefined {
    const start = this.stream(historyClass, "");
    const epoch = stream.startsWith(start) ? stream.slice(start.length) : "";
    return /^[a-z0-9]{1,20}$/.test(epoch) ? epoch : undefined;
  }
}

/** The classes of the histories, because each message needs one. */
const CLASSES = new WeakMap<HistoryOptions, string>();

/** The class of a history: rooms whose histories have the same limits share a stream. */
export function classOf(history: HistoryOptions): string {
  const known = CLASSES.get(history);
  if (known !== undefined) return known;
  const { size, ttl } = history;
  const historyClass = `${size}-${ttl === Infinity ? 0 : Math.ceil(ttl)}`;
  CLASSES.set(history, historyClass);
  return historyClass;
}

/** Describes a class, such as `{ size: 100, ttl: 60000 }`. */
export function describeClass({ size, ttl }: HistoryOptions): string {
  return `{ size: ${size}, ttl: ${ttl} }`;
}
