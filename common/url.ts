/**
 * Removes from URLs what can be secret, before an error or a log shows them.
 *
 * @module
 */

/**
 * Returns a value that is not a valid URL, with "…" in place of its user name, password,
 * query and fragment.
 *
 * @param url The value; returned as it is if it is not a string
 */
export function cutUrl(url: unknown): unknown {
  if (typeof url !== "string") return url;
  const [scheme] = /^(?:\w+:\/\/)?/.exec(url)!;
  const at = url.lastIndexOf("@");
  const end = url.search(/[?#]/);
  // A password that is not encoded can contain "#", and a query can contain "@".
  if (end !== -1 && end < at) return `${scheme}…`;
  const rest = at === -1 ? url.slice(scheme.length) : `…${url.slice(at)}`;
  return scheme + rest.replace(/([?#]).*$/s, "$1…");
}

/** Removes the user names and the passwords of the URLs in an error of the runtime. */
export function hidePasswords(text: string): string {
  return text.replaceAll(/\/\/[^/\s]*@/g, "//");
}
