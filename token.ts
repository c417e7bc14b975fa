/**
 * Generates the token with which a client logs in.
 *
 * @example
 * ```ts
 * import { generateToken } from "@hoist/cli/token";
 * import assert from "node:assert/strict";
 *
 * assert.match(generateToken(), /^[A-Za-z]{25}$/);
 * ```
 *
 * @module
 */

/** The default alphabet of a token: the ASCII letters */
export const DEFAULT_TOKEN_ALPHABET =
  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** The default length of a token: 25 characters, which have 142 bits of entropy */
export const DEFAULT_TOKEN_LENGTH = 25;

/** Options of {@linkcode generateToken} */
export interface GenerateTokenOptions {
  /**
   * The number of characters, from 1 to 1,024.
   *
   * @default {25}
   */
  readonly length?: number | undefined;
  /**
   * The characters of the token: at least two, all different. A character above U+FFFF
   * counts as one.
   *
   * @default {"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"}
   */
  readonly alphabet?: string | undefined;
}

const MAX_TOKEN_LENGTH = 1_024;

/**
 * Generates a token with the cryptographic random number generator. Each character of the
 * alphabet has the same probability.
 *
 * @param options Optional. The length of the token and its alphabet
 * @returns The token
 *
 * @throws {RangeError} If the length is not a whole number from 1 to 1,024
 * @throws {TypeError} If the length is not a number, or the alphabet has fewer than two characters or
 * contains a character twice
 *
 * @example
 * ```ts
 * import { generateToken } from "@hoist/cli/token";
 * import assert from "node:assert/strict";
 *
 * assert.match(generateToken({ length: 6, alphabet: "0123456789" }), /^\d{6}$/);
 * ```
 */
export function generateToken(options: GenerateTokenOptions = {}): string {
  const {
    length = DEFAULT_TOKEN_LENGTH,
    alphabet = DEFAULT_TOKEN_ALPHABET,
  } = options;
  assertLength(length);
  const characters = charactersOf(alphabet);
  return Array.from(
    { length },
    () => characters[randomIndex(characters.length)],
  ).join("");
}

function assertLength(length: number): void {
  if (Number.isInteger(length) && length >= 1 && length <= MAX_TOKEN_LENGTH) {
    return;
  }
  const needed =
    `Cannot generate a token: the length must be a whole number from 1 to ${MAX_TOKEN_LENGTH}.`;
  throw typeof length === "number"
    ? new RangeError(`${needed} It is ${length}.`)
    : new TypeError(`${needed} It is of type ${typeof length}.`);
}

function charactersOf(alphabet: string): readonly string[] {
  const characters = typeof alphabet === "string" ? [...alphabet] : [];
  if (characters.length < 2) {
    throw new TypeError(
      "Cannot generate a token: the alphabet must be a string of at least two characters.",
    );
  }
  const repeated = characters.find((character, index) =>
    characters.indexOf(character) !== index
  );
  if (repeated === undefined) return characters;
  throw new TypeError(
    `Cannot generate a token: the characters of the alphabet must be different. ${
      JSON.stringify(repeated)
    } occurs twice.`,
  );
}

/** Returns a random number below `limit`. Each number has the same probability. */
function randomIndex(limit: number): number {
  const word = new Uint32Array(1);
  // A plain remainder would prefer the first characters. Therefore, words of the last,
  // incomplete range are rejected.
  const ceiling = 2 ** 32 - (2 ** 32 % limit);
  let value: number;
  do {
    value = crypto.getRandomValues(word)[0]!;
  } while (value >= ceiling);
  return value % limit;
}
