/**
 * The check of web origins. A browser sends the origin of the page with each upgrade, and
 * nothing else stops a page of any site from connecting to a server that it can reach.
 *
 * @module
 */

import { checkArray, invalidType } from "../common/check.ts";
import { cutUrl } from "../common/url.ts";

/** Returns whether a page of an origin can connect to a server. */
export type OriginCheck = (origin: string, target: OriginTarget) => boolean;

/** What a browser connects to. */
export interface OriginTarget {
  /** The host, with or without a port */
  readonly host: string;
  /** Whether the browser uses TLS */
  readonly isSecure: boolean;
}

/** The normalized parts of an origin. */
interface Origin {
  readonly protocol: string;
  readonly hostname: string;
  /** Empty for the default port of the protocol, `*` for any port */
  readonly port: string;
}

/**
 * Creates the check for the option `allowedOrigins`.
 *
 * @param allowed The allowed origins; if omitted, the origins with the host name of the
 * server. If the browser uses TLS, the page must have done so, too
 * @param allowsOwn Whether the pages of the server itself are allowed in any case: over TLS,
 * or at an address or `localhost`
 *
 * @throws {TypeError} If an entry is not an origin
 */
export function makeOriginCheck(
  allowed: readonly string[] | undefined,
  allowsOwn = false,
): OriginCheck {
  const isAllowed = checkOf(allowed);
  if (!allowsOwn) return isAllowed;
  return (header, target) => isOwn(header, target) || isAllowed(header, target);
}

function checkOf(allowed: readonly string[] | undefined): OriginCheck {
  if (allowed === undefined) return hasSameName;
  checkArray("Cannot serve", "allowedOrigins", allowed, "origins");
  const entries = new Set(allowed);
  if (entries.has("*")) return () => true;
  const patterns = allowed.filter((entry) => entry !== "null").map(patternOf);
  return (header) => {
    const origin = parseOrigin(header);
    return origin === undefined
      ? header === "null" && entries.has(header)
      : patterns.some((pattern) => matches(pattern, origin));
  };
}

function hasSameName(
  origin: string,
  { host, isSecure }: OriginTarget,
): boolean {
  const page = parseOrigin(origin);
  if (page?.hostname !== parseOrigin(`http://${host}`)?.hostname) return false;
  // An attacker in the network can change a page without TLS, and so its scripts.
  return page?.protocol === "https:" ||
    page?.protocol === "http:" && !isSecure;
}

/**
 * Whether a page is one of the server itself, such as the dashboard: it has the same host, port
 * and scheme as its WebSocket, as far as the server sees them. Without TLS, a page of any site
 * can achieve this with a name whose address it changes to that of the server (DNS rebinding).
 */
function isOwn(header: string, { host, isSecure }: OriginTarget): boolean {
  const page = parseOrigin(header);
  const own = parseOrigin(`${isSecure ? "https" : "http"}://${host}`);
  if (page === undefined || own === undefined || !matches(own, page)) {
    return false;
  }
  return isSecure || /^(\[|[\d.]+$|(.+\.)?localhost$)/.test(own.hostname);
}

/** The header in which a proxy with TLS reports the scheme of the request. */
const SCHEME_HEADER = "x-forwarded-proto";

/** Returns what the browser of a request connects to. */
export function originTarget({ headers, url }: Request): OriginTarget {
  const { host, protocol } = new URL(url);
  // It does not matter who wrote the header, because it only makes the check stricter. The
  // first entry is from the proxy of the browser.
  const [scheme] = headers.get(SCHEME_HEADER)?.split(",") ?? [];
  const isSecure = protocol === "https:" ||
    scheme?.trim().toLowerCase() === "https";
  return { host, isSecure };
}

function matches(pattern: Origin, origin: Origin): boolean {
  return pattern.protocol === origin.protocol &&
    pattern.hostname === origin.hostname &&
    (pattern.port === "*" || pattern.port === origin.port);
}

function patternOf(entry: string): Origin {
  const pattern = String(entry);
  const isAnyPort = /:\*$/.test(pattern);
  const origin = parseOrigin(pattern.replace(/:\*$/, ""));
  if (origin !== undefined && !(isAnyPort && origin.port !== "")) {
    return isAnyPort ? { ...origin, port: "*" } : origin;
  }
  throw invalidType(
    "Cannot serve",
    "each entry of 'allowedOrigins'",
    'an origin such as "https://example.org" or "http://localhost:*"',
    cutUrl(entry),
  );
}

function parseOrigin(value: string): Origin | undefined {
  // Nothing but an origin: a path behind the host would have no effect.
  if (
    !/^[a-z][a-z\d+.-]*:\/\/[^\/?#@*\s]+$/i.test(value) || !URL.canParse(value)
  ) {
    return undefined;
  }
  const { protocol, hostname, port } = new URL(value);
  return { protocol, hostname: hostname.toLowerCase(), port };
}
