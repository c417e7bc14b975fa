/**
 * A stand-in for `jsr:@std/cli/unicode-width`, see `mod.ts`. The package `deno-std` on npm lacks
 * the data of the genuine module, so this one uses the properties of characters that the runtime
 * knows. Both agree on all characters but some symbols.
 *
 * @module
 */

/** Characters that change another one, or that a terminal does not show. */
const INVISIBLE = /^[\p{M}\p{Cc}\p{Cf}\u1160-\u11ff]$/u;

/** Characters of East Asia, and emojis. */
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{17000}-\u{18cff}\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]$/u;

/**
 * Returns the number of columns that a string takes in a terminal.
 *
 * @param str The string
 */
export function unicodeWidth(str: string): number {
  let width = 0;
  for (const character of str) {
    if (INVISIBLE.test(character)) continue;
    width += WIDE.test(character) ? 2 : 1;
  }
  return width;
}
