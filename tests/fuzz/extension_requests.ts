/**
 * The frames of a fuzzing client that are not in Hoist 1, as the members of their
 * objects: those about streams, and those that make the host ask.
 *
 * @module
 */

import { ASK, OPERATIONS, WONDER } from "./handlers.ts";
import {
  dataText,
  type Members,
  numberText,
  objectText,
  quote,
  textText,
  valueText,
} from "./json_texts.ts";
import { PLANS } from "./server_request.ts";
import type { Random } from "./random.ts";
import { isOpen, STREAMS } from "./streams.ts";

/** How many streams a client has in mind, at most. */
const MAX_STREAMS = 12;

/** Credits that are none. */
const BAD_CREDITS = [
  ...["0", "-1", "1.5", "-0", '"1"', "null", "true", "[]", "{}"],
  ...["9007199254740992", "1e400", "1e-400", ""],
];

/** The names of streams that do not end by themselves. */
const LASTING = [...STREAMS].filter(([, stream]) =>
  stream.count({}) === Infinity || isOpen(stream)
).map(([name]) => quote(name));

/** More than anyone will ever send. */
const HUGE = "9007199254740991";

/** Makes the frames of one client that are not in Hoist 1. */
export class ExtensionRequests {
  readonly #random: Random;
  readonly #nextId: () => string;
  /** How many streams may be under way before the oldest is cancelled. */
  readonly #most: number;
  /** The ids of streams that may be under way. */
  readonly #streams: string[] = [];
  /** The ids of those of them that last until they are cancelled. */
  #lasting: string[] = [];

  /**
   * Constructs `ExtensionRequests`.
   *
   * @param random Decides
   * @param nextId Makes an id, which was hardly ever used before
   * @param maxPending How many requests the server allows
   */
  constructor(random: Random, nextId: () => string, maxPending: number) {
    this.#random = random;
    this.#nextId = nextId;
    this.#most = Math.min(MAX_STREAMS, maxPending - 1);
  }

  /** A frame about a stream, or what begins one. */
  stream(): Members {
    const random = this.#random;
    if (this.#streams.length > this.#most) return this.#cancel();
    return random.weigh<() => Members>([
      [10, () => this.#begin()],
      [7, () => this.#grant()],
      [4, () => this.#cancel()],
    ])();
  }

  /** What makes the host ask, or claims that it has. */
  ask(): Members {
    const random = this.#random;
    return random.weigh<() => Members>([
      [6, () => this.#call("operation", "operation", ASK)],
      [2, () => this.#call("message", "message", WONDER)],
      [2, () => this.#done()],
    ])();
  }

  #begin(): Members {
    const name = this.#name();
    const id = this.#idOfStream();
    this.#streams.push(id);
    if (LASTING.includes(name)) this.#lasting.push(id);
    const data: Members = [
      ["operation", name],
      ["data", this.#data()],
      ["credit", this.#credit()],
    ];
    return frame(id, "stream", data);
  }

  /** A new one, or one that is in use. */
  #idOfStream(): string {
    const random = this.#random;
    return random.weigh<() => string>([
      [20, () => this.#nextId()],
      [2, () => random.pick([...this.#lasting, this.#nextId()])],
      [1, () => this.#someId()],
    ])();
  }

  #name(): string {
    const random = this.#random;
    return random.weigh<() => string>([
      [30, () => quote(random.pick([...STREAMS.keys()]))],
      [2, () => quote(random.pick([...OPERATIONS.keys()]))],
      [1, () => textText(random)],
    ])();
  }

  #data(): string {
    const random = this.#random;
    if (random.chance(0.05)) return dataText(random);
    const n = String(random.between(0, random.pick([1, 4, 20])));
    return objectText([["n", n], ["mark", markText(random)]]);
  }

  #credit(): string {
    const random = this.#random;
    return random.weigh<() => string>([
      [10, () => String(random.between(1, 6))],
      [4, () => String(random.pick([10, 20, 64, 65, 100]))],
      [1, () => random.pick(["700", "1000", "1e3"])],
      [1, () => HUGE],
      [1, () => random.pick(BAD_CREDITS)],
    ])();
  }

  #grant(): Members {
    const credit = this.#credit();
    const data: Members = credit === "" ? [] : [["credit", credit]];
    return frame(this.#someId(), "credit", this.#bad() ?? data);
  }

  #cancel(): Members {
    const at = this.#random.below(this.#streams.length);
    const [id = this.#nextId()] = this.#streams.splice(at, 1);
    this.#lasting = this.#lasting.filter((other) => other !== id);
    return frame(id, "cancel", this.#bad() ?? []);
  }

  #done(): Members {
    const random = this.#random;
    const failed = random.chance(0.7)
      ? String(random.chance(0.5))
      : valueText(random);
    return frame(this.#someId(), "done", this.#bad() ?? [["failed", failed]]);
  }

  /** What is no object in place of one, now and then. */
  #bad(): string | undefined {
    const random = this.#random;
    return random.chance(0.05) ? valueText(random) : undefined;
  }

  /** What the host does depends on nothing but this. */
  #call(action: string, key: string, name: string): Members {
    const random = this.#random;
    const plan = quote(String(random.pick([...PLANS.keys()])));
    const data = objectText([["plan", plan], ["mark", markText(random)]]);
    return frame(this.#nextId(), action, [[key, quote(name)], ["data", data]]);
  }

  /** The id of a stream, or of nothing. */
  #someId(): string {
    const random = this.#random;
    const [last] = this.#streams.slice(-1);
    return random.weigh<() => string>([
      [4, () => last ?? this.#nextId()],
      [4, () => random.pick([...this.#streams, this.#nextId()])],
      [1, () => this.#nextId()],
      [1, () => numberText(random)],
    ])();
  }
}

function frame(id: string, action: string, data: Members | string): Members {
  const text = typeof data === "string" ? data : objectText(data);
  return [["id", id], ["action", quote(action)], ["data", text]];
}

/** What nobody else says, by which what is seen here is found again on the host. */
function markText(random: Random): string {
  const part = () => random.below(2 ** 32).toString(36);
  return quote(`mark ${part()}${part()}`);
}
