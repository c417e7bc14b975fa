/**
 * URLs: what can be secret in them, which errors and logs must not show, and the ports
 * that browsers reject.
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

/** The bad ports of the Fetch standard, at https://fetch.spec.whatwg.org/#port-blocking. */
// deno-fmt-ignore
const BAD_PORTS: ReadonlySet<number> = new Set([
  0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95,
  101, 102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179,
  389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601,
  636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000,
  6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
]);

/** Returns whether `fetch`, and with it browsers, refuses to connect to a port. */
export function isBadPort(port: number): boolean {
  return BAD_PORTS.has(port);
}
