/**
 * Room names as parts of the names in an engine.
 *
 * @module
 */

const ENCODER = new TextEncoder();

/**
 * Returns a string of `A-Z a-z 0-9 _ - =` for any string, so that no name can contain the
 * syntax of an engine, such as a wildcard or the end of a line. Different names have different
 * tokens.
 *
 * @param name A well-formed string
 * @returns The bytes of UTF-8, of which each other one is `=` and two hexadecimal digits; `=` for
 * an empty string
 */
export function tokenOf(name: string): string {
  if (/^[\w-]+$/.test(name)) return name;
  if (name === "") return "=";
  return name.replaceAll(/[^\w-]+/g, escape);
}

function escape(part: string): string {
  return Array.from(ENCODER.encode(part), escapeByte).join("");
}

function escapeByte(byte: number): string {
  return `=${byte.toString(16).padStart(2, "0")}`;
}
