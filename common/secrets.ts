/**
 * Strings from outside without the secrets in them.
 *
 * @module
 */

import { escapeControls, MAX_SHOWN } from "./text.ts";

/**
 * The minimum length of a secret that is replaced, in UTF-16 code units. The gaps of a
 * shorter one would reveal it.
 */
export const MIN_SECRET = 12;

/** What is shown in place of a secret. */
export const REDACTED = "[redacted]";

/** Removes secrets from strings. */
export interface Secrets {
  /** The length of the longest secret, in UTF-16 code units */
  readonly longest: number;
  /** Replaces the secrets. */
  redact(text: string): string;
}

/** The token of a login, or the secret of a member: docs/reference/protocol.md, `rooms`. */
const SECRET_FIELD =
  /("(?:token|secret)"\s*:\s*)"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?$)/gs;

/**
 * Returns the start of a frame, without tokens, secrets and control characters.
 *
 * @param frame The frame
 * @param secrets Removes the tokens from a string, and knows their length
 */
export function showFrame(frame: string, secrets: Secrets): string {
  const start = redactStart(frame, secrets);
  return escapeControls(start.replaceAll(SECRET_FIELD, `$1"${REDACTED}"`));
}

/** A new token of a client. A client can also escape the letters of the word. */
const RENEWAL = /"renew"|\\u00[67]/i;

/** Whether a frame of a client can contain a new token, so that no log shows it. */
export function canRenew(frame: string): boolean {
  return RENEWAL.test(frame);
}

/** Returns the start of a string from outside, which can have any length, without secrets. */
export function redactStart(text: string, secrets: Secrets): string {
  // A secret can lie across the place where the string is cut.
  const start = text.slice(0, MAX_SHOWN + secrets.longest);
  const shown = secrets.redact(start);
  const uncertain = start.length < text.length ? secrets.longest : 0;
  return shown.slice(0, Math.min(MAX_SHOWN, shown.length - uncertain));
}
