/**
 * Names that clients choose, as parts of what an engine stores for each message.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { tokenOf } from "./token.ts";

/** The longest token that is stored as it is, in characters. Escaped, a name can have 600. */
const MAX_LENGTH = 64;

/**
 * Returns a string like `tokenOf`, of at most 64 characters. Different names have different
 * strings.
 */
export function shortTokenOf(name: string): string {
  // Escaping a name that is too long would take longer than the digest.
  const token = name.length > MAX_LENGTH ? undefined : tokenOf(name);
  if (token !== undefined && token.length <= MAX_LENGTH) return token;
  // No other token begins like this.
  return `==${createHash("sha256").update(name).digest("base64url")}`;
}
