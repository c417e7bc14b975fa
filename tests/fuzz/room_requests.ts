/**
 * The frames about rooms that a fuzzing client sends, as the members of their objects.
 *
 * @module
 */

import {
  dataJson,
  type Members,
  objectJson,
  quote,
  stringJson,
  valueJson,
  word,
} from "./json_strings.ts";
import type { Random } from "./random.ts";
import { TEST_ROOMS } from "./test_rooms.ts";

/** Rooms that the server does not define, or whose names are at the limit. */
const ODD_ROOMS = [
  ...[
    "open:",
    "open:a:b",
    "open:{id}",
    "Open",
    "open ",
    "\0",
    "*",
    "open:\r\n",
  ],
  ...["x".repeat(200), "x".repeat(201), "ö".repeat(100), "ö".repeat(101)],
  ...["\ud800", "__proto__", ""],
].map((name) => quote(name));

/** Positions that the server has not given out. */
const POSITIONS = ["a.1.b", "0", "-", "x".repeat(64), "e-0.0.", "..."];

/** The values of a field that are never valid. */
const NEVER: Readonly<Record<string, readonly string[]>> = {
  since: ['""', '"a b"', quote("x".repeat(65)), '"é"', "1"],
  last: ["-1", "1001", "0.5", '"1"', "1e400"],
  key: ['""', quote("k".repeat(65)), '"\\u007f"', '"é"', "1", "null"],
  presence: ["true", "1", '"x"', "[]", large(4_097)],
};

/** Makes the frames of one client about rooms. */
export class RoomRequests {
  readonly #random: Random;
  readonly #nextId: () => string;
  /** The rooms of this client, so that it comes back to them */
  readonly #rooms: readonly string[];
  /** The rooms that it has joined, if the server has let it in */
  readonly #joined: string[] = [];
  #keys = 0;
  /** The key of the last message to each room */
  readonly #last = new Map<string, string>();

  /**
   * Constructs `RoomRequests`.
   *
   * @param random Makes the choices
   * @param nextId Returns an id that is usually new
   */
  constructor(random: Random, nextId: () => string) {
    this.#random = random;
    this.#nextId = nextId;
    const own = () => quote(`open:${random.below(2 ** 32).toString(36)}`);
    const known = [...TEST_ROOMS.keys()].filter((name) => !name.includes("{"));
    const some = () => quote(random.pick(known));
    this.#rooms = [own(), '"open"', some(), some()];
  }

  /** Returns a valid join. */
  join(): Members {
    const room = this.#random.pick(this.#rooms);
    this.#joined.push(room);
    const data = objectJson([["room", room]]);
    return [["id", this.#nextId()], ["action", '"join"'], ["data", data]];
  }

  /** Returns a frame about a room. */
  any(): Members {
    const random = this.#random;
    const action = random.weigh([
      [6, "join"],
      [2, "leave"],
      [12, "publish"],
      [3, "members"],
      [3, "presence"],
    ]);
    const room = this.#room(action === "join");
    if (action === "join") this.#joined.push(room);
    const data = random.chance(0.02) ? valueJson(random) : objectJson([
      ["room", room],
      ...this.#fields(action, room),
    ]);
    return [["id", this.#nextId()], ["action", quote(action)], ["data", data]];
  }

  #room(isJoin: boolean): string {
    const random = this.#random;
    const joined = isJoin ? [] : this.#joined;
    return random.weigh<() => string>([
      [20, () => random.pick(this.#rooms)],
      [60, () => random.pick([...joined, random.pick(this.#rooms)])],
      [2, () => random.pick(ODD_ROOMS)],
      [1, () => stringJson(random)],
      [1, () => valueJson(random)],
    ])();
  }

  #fields(action: string, room: string): Members {
    switch (action) {
      case "join":
        return [...this.#start(), ...this.#flags(), ...this.#presence(0.3)];
      case "publish":
        return this.#message(room);
      case "presence":
        return this.#presence(0.97);
      default:
        return [];
    }
  }

  #start(): Members {
    const random = this.#random;
    return random.weigh<() => Members>([
      [5, () => []],
      [
        2,
        () => [["last", this.#value("last", random.pick(["0", "3", "1e3"]))]],
      ],
      [2, () => [["since", this.#value("since", this.#position())]]],
      [1, () => [["since", this.#position()], ["last", "null"]]],
      [1, () => [["since", this.#position()], ["last", "5"]]],
    ])();
  }

  #position(): string {
    const random = this.#random;
    return random.chance(0.2) ? "null" : quote(random.pick(POSITIONS));
  }

  #flags(): Members {
    const random = this.#random;
    return ["echo", "members"].flatMap((key) => {
      const value = random.chance(0.9)
        ? random.pick(["true", "false"])
        : valueJson(random);
      return random.chance(0.2) ? [[key, value] as const] : [];
    });
  }

  #presence(share: number): Members {
    const random = this.#random;
    if (!random.chance(share)) return [];
    const presence = random.weigh<() => string>([
      [6, () => dataJson(random)],
      [2, () => random.pick(["null", "false", "{}"])],
      [1, () => large(random.pick([4_000, 4_096]))],
    ])();
    return [["presence", this.#value("presence", presence)]];
  }

  #message(room: string): Members {
    const random = this.#random;
    const key = this.#key(room);
    const data = random.chance(0.5)
      ? `{"n":${random.below(2)},"mark":${random.below(2 ** 32)}}`
      : dataJson(random);
    const repeated = random.chance(0.1)
      ? [["repeated", random.pick(["true", "false", "null"])] as const]
      : [];
    return [
      ["message", quote(word(random))],
      ["data", data],
      ["key", this.#value("key", quote(key))],
      ...repeated,
    ];
  }

  /** Returns a new key, or that of the last message to the room. */
  #key(room: string): string {
    const last = this.#random.chance(0.3) ? this.#last.get(room) : undefined;
    const key = last ?? `k${++this.#keys}`;
    this.#last.set(room, key);
    return key;
  }

  /** Returns a value, or sometimes an invalid one. */
  #value(field: string, value: string): string {
    const random = this.#random;
    return random.chance(0.06) ? random.pick([...NEVER[field]!, "{}"]) : value;
  }
}

/** Returns a presence whose JSON has a length in bytes. */
function large(length: number): string {
  const text = "x".repeat(length - '{"p":""}'.length);
  return `{"p":"${text}"}`;
}
