/**
 * Values that functions of the application have thrown.
 *
 * @module
 */

/**
 * Returns a thrown value. Returns an error in its place if the value cannot be read, such as a
 * revoked proxy: each check of its class would throw, and hide what has happened.
 */
export function readable(thrown: unknown): unknown {
  try {
    if (!(thrown instanceof Error)) String(thrown);
    return thrown;
  } catch (cause) {
    return new Error("a value was thrown that cannot be read", { cause });
  }
}

/** Returns the message of a thrown value; never throws, whatever it is. */
export function messageOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? String(thrown.message) : String(thrown);
  } catch {
    return "the thrown value cannot be converted to a string";
  }
}
