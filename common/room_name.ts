/**
 * The names of rooms, and the patterns that define which rooms exist:
 * docs/reference/protocol.md, `rooms`.
 *
 * @module
 */

import { invalidType, type Subject } from "./check.ts";
import { byteLength, quote } from "./text.ts";

/** The longest name of a room, in bytes of UTF-8. */
export const MAX_ROOM_NAME = 200;

/** The names that a room can have, as the end of a sentence. */
export const ROOM_NAME_FORM = `must have 1 to ${MAX_ROOM_NAME} bytes of UTF-8`;

/**
 * Returns whether a value can be the name of a room: a well-formed string of 1 to 200
 * bytes of UTF-8. All characters are allowed.
 *
 * @param value The value
 */
export function isRoomName(value: unknown): value is string {
  if (typeof value !== "string" || value.length === 0) return false;
  // The first comparison keeps a long string of a client from being read.
  return value.length <= MAX_ROOM_NAME && value.isWellFormed() &&
    byteLength(value) <= MAX_ROOM_NAME;
}

/**
 * Checks the name of a room.
 *
 * @param subject What could not be done, such as `Cannot join`
 * @param name The name
 *
 * @throws {TypeError} If the name is not a string, or has a lone surrogate
 * @throws {RangeError} If the name is empty, or has more than 200 bytes
 */
export function checkRoomName(
  subject: Subject,
  name: unknown,
): asserts name is string {
  if (isRoomName(name)) return;
  const what = "the name of the room";
  if (typeof name !== "string") {
    throw invalidType(subject, what, "a string", name);
  }
  const text = typeof subject === "string" ? subject : subject();
  if (!name.isWellFormed()) {
    throw new TypeError(
      `${text}: ${what} must not contain a lone surrogate. It is ${
        quote(name)
      }.`,
    );
  }
  throw new RangeError(
    `${text}: ${what} ${ROOM_NAME_FORM}. It has ${byteLength(name)} bytes.`,
  );
}

/** The values of the parameters of a {@linkcode RoomPattern}, by their names. */
export type RoomParams = Readonly<Record<string, string>>;

/** The values of a pattern without parameters. */
const NO_PARAMS: RoomParams = Object.freeze({});

const SUBJECT = "Cannot define a room";

const PARAMETER = /\{([^{}]*)\}/;

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/**
 * An exact room name such as `lobby`, or a pattern with parameters such as `chat:{id}`.
 *
 * A parameter matches a non-empty string without `:`. If a name can be divided in several
 * ways, each parameter matches as few characters as possible, from left to right.
 *
 * @example
 * ```ts
 * import { RoomPattern } from "./room_name.ts";
 * import assert from "node:assert/strict";
 *
 * const pattern = RoomPattern.parse("chat:{id}");
 * assert.deepEqual(pattern.match("chat:1"), { id: "1" });
 * assert.equal(pattern.match("chat:1:2"), undefined);
 * ```
 */
export class RoomPattern {
  /** The pattern, as the application wrote it */
  readonly source: string;
  /** The names of the parameters, in their order */
  readonly names: readonly string[];
  /** The strings around the parameters: one more than there are parameters */
  readonly #literals: readonly string[];

  private constructor(literals: readonly string[], names: readonly string[]) {
    this.#literals = literals;
    this.names = names;
    this.source = literals.reduce((text, literal, index) =>
      `${text}{${names[index - 1]}}${literal}`
    );
  }

  /**
   * Parses a pattern.
   *
   * @param source The pattern
   *
   * @throws {TypeError} If the pattern is not a string, has a brace that does not belong to a
   * parameter, or has an invalid, repeated or adjacent parameter
   * @throws {RangeError} If no room name is long enough or short enough for the pattern
   */
  static parse(source: string): RoomPattern {
    if (typeof source !== "string") {
      throw invalidType(SUBJECT, "the pattern", "a string", source);
    }
    // With a capture group, split() returns literals and names in turn.
    const parts = source.split(PARAMETER);
    const literals = parts.filter((_, index) => index % 2 === 0);
    const names = parts.filter((_, index) => index % 2 === 1);
    assertPattern(source, literals, names);
    // The shortest name that matches has one byte for each parameter.
    checkRoomName(
      `${SUBJECT} with the pattern ${quote(source)}`,
      literals.join("x"),
    );
    return new RoomPattern(literals, names);
  }

  /** Whether the pattern has no parameters, so that it is the name of one room */
  get isExact(): boolean {
    return this.names.length === 0;
  }

  /**
   * How specific the pattern is. Of all patterns that match a name, the one with the highest
   * number takes precedence: the length of the string before the first parameter, in
   * UTF-16 units, and `Infinity` for an exact name.
   */
  get specificity(): number {
    return this.isExact ? Infinity : this.#literals[0]!.length;
  }

  /**
   * Matches the name of a room.
   *
   * @param name The name
   * @returns The values of the parameters; `undefined` if the name does not match
   */
  match(name: string): RoomParams | undefined {
    const [prefix = "", ...literals] = this.#literals;
    if (this.isExact) return name === prefix ? NO_PARAMS : undefined;
    if (!name.startsWith(prefix)) return undefined;
    const values: [name: string, value: string][] = [];
    let start = prefix.length;
    for (const [index, literal] of literals.entries()) {
      // The first place is always right. A later place only makes this value longer, and a
      // longer value is never allowed if the shorter one contains a colon.
      const end = index === literals.length - 1
        ? lastPlaceOf(literal, name)
        : name.indexOf(literal, start + 1);
      const value = name.slice(start, Math.max(start, end));
      if (value === "" || value.includes(":")) return undefined;
      values.push([this.names[index]!, value]);
      start = end + literal.length;
    }
    return Object.fromEntries(values);
  }

  /**
   * Returns whether neither of two patterns takes precedence: they are equally specific, and
   * some name, of any length, matches both.
   *
   * @param other The other pattern
   */
  ties(other: RoomPattern): boolean {
    return this.specificity === other.specificity &&
      overlap(this.#tokens(), other.#tokens());
  }

  /** The pattern as a list of units and parameters. */
  #tokens(): readonly Token[] {
    return this.#literals.flatMap((literal, index) =>
      index === 0 ? literal.split("") : [ANY, ...literal.split("")]
    );
  }
}

/** Returns where a name ends with a literal; -1 if it does not. */
function lastPlaceOf(literal: string, name: string): number {
  return name.endsWith(literal) ? name.length - literal.length : -1;
}

function assertPattern(
  source: string,
  literals: readonly string[],
  names: readonly string[],
): void {
  const fault = faultOf(literals, names);
  if (fault === undefined) return;
  throw new TypeError(
    `${SUBJECT} with the pattern ${quote(source)}: ${fault}`,
  );
}

/** Returns what is wrong with a pattern, and what to do. */
function faultOf(
  literals: readonly string[],
  names: readonly string[],
): string | undefined {
  if (literals.some((literal) => /[{}]/.test(literal))) {
    return "a brace does not belong to a parameter. Write a parameter as {name}.";
  }
  const invalid = names.find((name) => !IDENTIFIER.test(name));
  if (invalid !== undefined) {
    return `the parameter ${
      quote(invalid)
    } is not an identifier. Use letters, digits and underscores, for example {id}.`;
  }
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) {
    return `the parameter ${
      quote(repeated)
    } occurs twice. Give each parameter its own name.`;
  }
  return literals.slice(1, -1).includes("")
    ? "two parameters are adjacent. Write a character between them, for example {a}:{b}."
    : undefined;
}

/** A parameter: one or more UTF-16 units other than `:`. */
const ANY = Symbol("parameter");

/** A UTF-16 unit of a literal, or a parameter. */
type Token = string | typeof ANY;

/**
 * Returns whether a string matches both lists of tokens. Both lists are read at the same
 * time, unit by unit. A state is a pair of places, and each pair is visited once.
 */
function overlap(one: readonly Token[], other: readonly Token[]): boolean {
  const width = other.length + 1;
  const pending = [0];
  const seen = new Set(pending);
  for (const state of pending) {
    const places = [Math.floor(state / width), state % width] as const;
    if (places[0] === one.length && places[1] === other.length) return true;
    for (const [next, otherNext] of stepsFrom(one, other, places)) {
      const reached = next * width + otherNext;
      if (seen.has(reached)) continue;
      seen.add(reached);
      // The loop visits what is added to its array.
      pending.push(reached);
    }
  }
  return false;
}

/** Returns the places after one more unit that both lists accept. */
function stepsFrom(
  one: readonly Token[],
  other: readonly Token[],
  [place, otherPlace]: readonly [number, number],
): readonly (readonly [number, number])[] {
  return movesFrom(one, place).flatMap(([token, next]) =>
    movesFrom(other, otherPlace)
      .filter(([otherToken]) => haveCommonUnit(token, otherToken))
      .map(([, otherNext]) => [next, otherNext] as const)
  );
}

/** Returns the tokens that can accept the next unit, and the place after each. */
function movesFrom(
  tokens: readonly Token[],
  place: number,
): readonly (readonly [token: Token, next: number])[] {
  const moves: [Token, number][] = [];
  // A parameter that has accepted a unit can accept more.
  if (place > 0 && tokens[place - 1] === ANY) moves.push([ANY, place]);
  if (place < tokens.length) moves.push([tokens[place]!, place + 1]);
  return moves;
}

function haveCommonUnit(one: Token, other: Token): boolean {
  if (one === ANY) return other !== ":";
  return other === ANY ? one !== ":" : one === other;
}
