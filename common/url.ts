/**
 * Removes from URLs what can be secret, before an error or a log shows them.
 *
 * @module
 */

/**
 * Returns a value that is not a valid URL, with "…" in place of its password, query and
 * fragment.
 *
 * @param url The value; returned as it is if it is not a string
 */
export function cutUrl(url: unknown): unknown {
  if (typeof url !== "string") return url;
  return url.replace(/([?#]).*$/s, "$1…").replace(/\/\/[^/]*@/, "//…@");
}

/** Removes the user names and the passwords of the URLs in an error of the runtime. */
export function hidePasswords(text: string): string {
  return text.replaceAll(/\/\/[^/\s]*@/g, "//");
}
