/**
 * The frames of a fuzzing client that are not in Hoist 1, as the members of their
 * objects: frames of streams, and frames that make the server send a request.
 *
 * @module
 */

import {
  ENDING_OPERATIONS,
  ENDLESS_OPERATION,
  REQUEST_OPERATION,
  REQUESTING_MESSAGE,
} from "./handlers.ts";
import {
  dataJson,
  type Members,
  numberJson,
  objectJson,
  quote,
  stringJson,
  valueJson,
} from "./json_strings.ts";
import { PLANS } from "./server_request.ts";
import type { Random } from "./random.ts";
import { isOpen, STREAMS } from "./streams.ts";

/** The maximum number of streams that a client tracks. */
const MAX_STREAMS = 12;

/** Invalid credits. */
const BAD_CREDITS = [
  ...["0", "-1", "1.5", "-0", '"1"', "null", "true", "[]", "{}"],
  ...["9007199254740992", "1e400", "1e-400", ""],
];

/** Unusual ids: invalid, of the greatest length, or unknown to all streams. */
const EVENT_IDS = [
  ...["", "0", "1", '"', "a".repeat(200), "a".repeat(201), "-1", "01", "1.5"],
  ...["ö".repeat(100), "ö".repeat(101), "\ud800", "😀", "\0"],
].map((id) => JSON.stringify(id));

/** The names of streams that do not end without a cancel. */
const LASTING = [...STREAMS].filter(([, stream]) =>
  stream.count({}) === Infinity || isOpen(stream)
).map(([name]) => quote(name));

/** A credit that is never used up. */
const HUGE = "9007199254740991";

/** The ids of the frames, and what the server supports. */
export interface ExtensionOptions {
  /** The limit of the server */
  readonly maxPending: number;
  /** Whether the client can cancel operations */
  readonly canCancel: boolean;
  /** Returns an id that is usually new. */
  nextId(): string;
  /** Returns the id of a recent request. */
  recentId(): string;
}

/** Makes the frames of one client that are not in Hoist 1. */
export class ExtensionRequests {
  readonly #random: Random;
  readonly #options: ExtensionOptions;
  /** The number of pending streams above which one is cancelled. */
  readonly #most: number;
  /** The ids of streams and endless operations that can be pending. */
  readonly #streams: string[] = [];
  /** The ids of pending streams that do not end without a cancel. */
  #lasting: string[] = [];

  /**
   * Constructs `ExtensionRequests`.
   *
   * @param random Makes the choices
   * @param options The ids, and what the server supports
   */
  constructor(random: Random, options: ExtensionOptions) {
    this.#random = random;
    this.#options = options;
    this.#most = Math.min(MAX_STREAMS, options.maxPending - 1);
  }

  /** Returns a frame that starts or controls a stream. */
  stream(): Members {
    const random = this.#random;
    if (this.#streams.length > this.#most) return this.#cancel();
    return random.weigh<() => Members>([
      [10, () => this.#begin()],
      [7, () => this.#grant()],
      [4, () => this.#cancel()],
    ])();
  }

  /** Returns a cancel, or the call of an operation that ends only with a cancel. */
  cancel(): Members {
    const random = this.#random;
    if (!this.#options.canCancel || this.#streams.length > this.#most) {
      return this.#cancel();
    }
    return random.weigh<() => Members>([
      [4, () => frame(this.#options.recentId(), "cancel", [])],
      [2, () => this.#cancel()],
      [2, () => this.#callEndless()],
    ])();
  }

  /** Returns a frame that makes the server send a request, or a `done` frame. */
  ask(): Members {
    const random = this.#random;
    return random.weigh<() => Members>([
      [6, () => this.#call("operation", "operation", REQUEST_OPERATION)],
      [2, () => this.#call("message", "message", REQUESTING_MESSAGE)],
      [2, () => this.#done()],
    ])();
  }

  /** Returns a frame with a token that the server has not asked for. */
  renew(): Members {
    const random = this.#random;
    const token = random.weigh<() => string>([
      [6, () => stringJson(random)],
      [1, () => quote("x".repeat(random.between(8_100, 8_300)))],
      [3, () => valueJson(random)],
    ])();
    return frame(this.#nextId(), "renew", this.#bad() ?? [["token", token]]);
  }

  /** Returns a ping, which is sometimes invalid. */
  ping(): Members {
    const random = this.#random;
    const id = random.chance(0.9) ? "null" : this.#someId();
    const data = random.chance(0.9) ? dataJson(random) : valueJson(random);
    return [["id", id], ["action", quote("ping")], ["data", data]];
  }

  #begin(): Members {
    const name = this.#name();
    const id = this.#idOfStream();
    this.#streams.push(id);
    if (LASTING.includes(name)) this.#lasting.push(id);
    const data: Members = [
      ["operation", name],
      ["data", this.#data()],
    ];
    return frame(id, "stream", [...data, ...this.#position()]);
  }

  /** Returns the credit, and the id that the stream continues after. */
  #position(): Members {
    const random = this.#random;
    if (random.chance(0.6)) return [["credit", this.#credit()]];
    const lastEventId = random.weigh<() => string>([
      [6, () => "null"],
      [8, () => quote(String(random.below(random.pick([2, 8, 310]))))],
      [1, () => random.pick(EVENT_IDS)],
      [1, () => valueJson(random)],
    ])();
    const credit = random.chance(0.2) ? "0" : this.#credit();
    return [["credit", credit], ["lastEventId", lastEventId]];
  }

  #callEndless(): Members {
    const id = this.#nextId();
    this.#streams.push(id);
    const name = quote(ENDLESS_OPERATION);
    return frame(id, "operation", [["operation", name], ["data", "{}"]]);
  }

  #nextId(): string {
    return this.#options.nextId();
  }

  /** Returns a new id or one that is in use. */
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
      [2, () => quote(random.pick(ENDING_OPERATIONS))],
      [1, () => stringJson(random)],
    ])();
  }

  #data(): string {
    const random = this.#random;
    if (random.chance(0.05)) return dataJson(random);
    const n = String(random.between(0, random.pick([1, 4, 20])));
    return objectJson([["n", n], ["mark", markJson(random)]]);
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
      : valueJson(random);
    return frame(this.#someId(), "done", this.#bad() ?? [["failed", failed]]);
  }

  /** Sometimes returns a value other than an object. */
  #bad(): string | undefined {
    const random = this.#random;
    return random.chance(0.05) ? valueJson(random) : undefined;
  }

  /** Returns a call with a plan, which determines what the client replies. */
  #call(action: string, key: string, name: string): Members {
    const random = this.#random;
    const plan = quote(String(random.pick([...PLANS.keys()])));
    const data = objectJson([["plan", plan], ["mark", markJson(random)]]);
    return frame(this.#nextId(), action, [[key, quote(name)], ["data", data]]);
  }

  /** Returns the id of a stream, or an unused one. */
  #someId(): string {
    const random = this.#random;
    const [last] = this.#streams.slice(-1);
    return random.weigh<() => string>([
      [4, () => last ?? this.#nextId()],
      [4, () => random.pick([...this.#streams, this.#nextId()])],
      [1, () => this.#nextId()],
      [1, () => numberJson(random)],
    ])();
  }
}

function frame(id: string, action: string, data: Members | string): Members {
  const text = typeof data === "string" ? data : objectJson(data);
  return [["id", id], ["action", quote(action)], ["data", text]];
}

/** Returns a unique mark that identifies a request in the application. */
function markJson(random: Random): string {
  const part = () => random.below(2 ** 32).toString(36);
  return quote(`mark ${part()}${part()}`);
}
