/**
 * URL prefixes that the application allows, and the check of a URL against them.
 *
 * @module
 */

/** A prefix of allowed URLs */
export interface AllowedUrl {
  readonly origin: string;
  readonly path: string;
}

/**
 * Parses an allowed URL.
 *
 * @param entry A URL such as `https://example.org/data`
 * @returns The prefix, or `undefined` if the entry is not a plain HTTP URL
 */
export function parseAllowedUrl(entry: string): AllowedUrl | undefined {
  if (!URL.canParse(entry)) return undefined;
  const { protocol, hostname, href, origin, pathname } = new URL(entry);
  if (protocol !== "http:" && protocol !== "https:") return undefined;
  // A URL can contain a star, but it is no wildcard and would match nothing.
  if (hostname.includes("*")) return undefined;
  // No credentials, no query, no fragment.
  return href === origin + pathname ? { origin, path: pathname } : undefined;
}

/**
 * Parses a URL and returns it if it is allowed.
 *
 * @param requested The URL that a client or a redirect asks for
 * @param allowed The allowed prefixes
 * @param base The base of a relative URL; without it, relative URLs are rejected
 */
export function findAllowedUrl(
  requested: string,
  allowed: readonly AllowedUrl[],
  base?: URL,
): URL | undefined {
  if (!URL.canParse(requested, base)) return undefined;
  const url = new URL(requested, base);
  if (url.username !== "" || url.password !== "") return undefined;
  return allowed.some((entry) => isBelow(url, entry)) ? url : undefined;
}

/** Compares parsed URLs, because hosts and paths have many spellings before. */
function isBelow({ origin, pathname }: URL, entry: AllowedUrl): boolean {
  if (origin !== entry.origin || !pathname.startsWith(entry.path)) return false;
  if (entry.path === "/") return true;
  const rest = pathname.slice(entry.path.length);
  const isAtBoundary = rest === "" || rest.startsWith("/") ||
    entry.path.endsWith("/");
  return isAtBoundary && !LEADS_UP.test(rest);
}

// Steps upward that the URL parser leaves alone. Some servers decode them, even twice, or
// cut parameters and blanks off a path segment.
const LEADS_UP = /%(?:25)*(?:2e|2f|5c)|(?:^|\/)\.\.?[;%]/i;
