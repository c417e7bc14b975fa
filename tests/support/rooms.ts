/** The extension `rooms` for the tests of the protocol. */

import { type Feature, FEATURES } from "../../protocol/features.ts";

/** All extensions. */
export const ALL_FEATURES: ReadonlySet<Feature> = new Set(FEATURES);

/** Values of every type that JSON has, and some that break naive checks. */
const RUBBISH: readonly unknown[] = [
  ...[undefined, null, true, false, 0, -1, 1.5, 2 ** 53, 1e300, "", "a", "\0"],
  ...["\ud800", "a".repeat(65), "ö".repeat(101), [], [null], [[]], {}],
  ...[{ length: 1 }, { room: "a" }, [{ member: "a" }], ["a", 1], [{}, "a"]],
];

/** Chooses an element of an array. */
export function choose<Item>(
  random: () => number,
  items: readonly Item[],
): Item {
  return items[Math.floor(random() * items.length)]!;
}

/** Replaces a random field of an object, or a field of an inner object, by rubbish. */
export function damage(object: object, random: () => number): object {
  const keys = Object.keys(object);
  if (keys.length === 0) return { more: choose(random, RUBBISH) };
  const key = choose(random, keys);
  const value = (object as Record<string, unknown>)[key];
  const inner = typeof value === "object" && value !== null && random() < 0.6
    ? damage(value, random)
    : choose(random, RUBBISH);
  return Array.isArray(object)
    ? object.map((each, index) => String(index) === key ? inner : each)
    : { ...object, [key]: inner };
}

/** Makes random strings, objects and ids for the frames of rooms. */
export class RandomFields {
  constructor(readonly random: () => number) {}

  /** A whole number from 0 to `most`. */
  count(most = 1_000): number {
    return Math.floor(this.random() * (most + 1));
  }

  flag(): boolean {
    return this.random() < 0.5;
  }

  /** The value, or `null`. */
  maybe<Value>(value: Value): Value | null {
    return this.flag() ? value : null;
  }

  /** The name of a room, with any character. */
  room(): string {
    const characters = ["a", ":", "ö", "€", "😀", "\n", '"', "\\", "{", "\0"];
    return this.#string(characters, 50);
  }

  /** A position, or the public id of a member or a connection. */
  opaque(): string {
    return this.#string([..."aZ09_-."], 64);
  }

  key(): string {
    return this.#string([...' ~"\\a0'], 64);
  }

  secret(): string {
    return Array.from(
      { length: 22 },
      () => choose(this.random, [..."aZ09_-"]),
    ).join("");
  }

  /** An object that JSON can represent. */
  data(depth = 2): Record<string, unknown> {
    const keys = ["a", "__proto__x", "", "ö", "1"].slice(0, this.count(5));
    return Object.fromEntries(keys.map((key) => [key, this.#value(depth)]));
  }

  #value(depth: number): unknown {
    const inner = depth > 0 ? [this.data(depth - 1), [this.data(0)]] : [];
    return choose(this.random, [null, true, -1, 1.5, '"\\\u2028', ...inner]);
  }

  #string(characters: readonly string[], length: number): string {
    return Array.from(
      { length: 1 + this.count(length - 1) },
      () => choose(this.random, characters),
    ).join("");
  }
}
