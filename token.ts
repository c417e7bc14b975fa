/**
 * Making the token that a client has to know.
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

/** The characters that a token is made of unless told otherwise: ASCII letters */
export const DEFAULT_TOKEN_ALPHABET =
  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** The number of characters of a token unless told otherwise: 142 bits */
export const DEFAULT_TOKEN_LENGTH = 25;

/** Options of {@linkcode generateToken} */
export interface GenerateTokenOptions {
  /**
   * The number of characters, a whole number from 1 to 1,024.
   *
   * @default {25}
   */
  readonly length?: number | undefined;
  /**
   * The characters to choose from: at least two, all different. Characters above
   * U+FFFF count as one.
   *
   * @default {"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"}
   */
  readonly alphabet?: string | undefined;
}

const MAX_TOKEN_LENGTH = 1_024;

/**
 * Makes a token of characters that are chosen with the cryptographic random number
 * generator, each with the same chance.
 *
 * @param options The length of the token and its alphabet
 * @returns The token
 *
 * @throws {RangeError} If the length is no whole number from 1 to 1,024
 * @throws {TypeError} If the alphabet has fewer than two characters, or one twice
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
  const characters = [...alphabet];
  assertAlphabet(characters);
  return Array.from(
    { length },
    () => characters[randomIndex(characters.length)],
  ).join("");
}

function assertLength(length: number): void {
  if (Number.isInteger(length) && length >= 1 && length <= MAX_TOKEN_LENGTH) {
    return;
  }
  throw new RangeError(
    `Cannot make a token as its length must be a whole number from 1 to ${MAX_TOKEN_LENGTH}: current value is ${length}`,
  );
}

function assertAlphabet(characters: readonly string[]): void {
  if (characters.length < 2) {
    throw new TypeError(
      `Cannot make a token as its alphabet must have at least two characters: current number is ${characters.length}`,
    );
  }
  const repeated = characters.find((character, index) =>
    characters.indexOf(character) !== index
  );
  if (repeated !== undefined) {
    throw new TypeError(
      `Cannot make a token as the characters of its alphabet must be distinct: ${
        JSON.stringify(repeated)
      } stands there twice`,
    );
  }
}

/** A number below `limit`, each as likely as the others. */
function randomIndex(limit: number): number {
  const word = new Uint32Array(1);
  // A plain remainder would favour the first characters: the words of the last,
  // incomplete round are drawn again.
  const ceiling = 2 ** 32 - (2 ** 32 % limit);
  let value: number;
  do {
    value = crypto.getRandomValues(word)[0]!;
  } while (value >= ceiling);
  return value % limit;
}
