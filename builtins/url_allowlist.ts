/**
 * Which URLs an owner allows, as prefixes, and which of them a client asks for.
 *
 * @module
 */

/** What a URL may begin with. */
export interface AllowedUrl {
  readonly origin: string;
  readonly path: string;
}

/**
 * Reads what an owner allows.
 *
 * @param text Such as `https://example.org/data`
 * @returns `undefined` if it is no such URL, or more than that
 */
export function parseAllowedUrl(text: string): AllowedUrl | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, hostname, href, origin, pathname } = new URL(text);
  if (protocol !== "http:" && protocol !== "https:") return undefined;
  // A star is a character like others to a URL, and would match nothing.
  if (hostname.includes("*")) return undefined;
  // No credentials, no query, no fragment.
  return href === origin + pathname ? { origin, path: pathname } : undefined;
}

/**
 * The URL that a text stands for, if it is allowed.
 *
 * @param text What somebody else chose
 * @param allowed What is allowed
 * @param base What it is relative to, if it may be relative
 */
export function findAllowedUrl(
  text: string,
  allowed: readonly AllowedUrl[],
  base?: URL,
): URL | undefined {
  if (!URL.canParse(text, base)) return undefined;
  const url = new URL(text, base);
  if (url.username !== "" || url.password !== "") return undefined;
  return allowed.some((entry) => isBelow(url, entry)) ? url : undefined;
}

/** Compared after parsing: hosts and paths have many spellings until then. */
function isBelow({ origin, pathname }: URL, entry: AllowedUrl): boolean {
  if (origin !== entry.origin || !pathname.startsWith(entry.path)) return false;
  if (entry.path === "/") return true;
  const rest = pathname.slice(entry.path.length);
  const isAtBoundary = rest === "" || rest.startsWith("/") ||
    entry.path.endsWith("/");
  return isAtBoundary && !LEADS_UP.test(rest);
}

// What is no step upward to a URL, and is one to servers that decode it, maybe twice,
// or that cut parameters and blanks off a segment.
const LEADS_UP = /%(?:25)*(?:2e|2f|5c)|(?:^|\/)\.\.?[;%]/i;
