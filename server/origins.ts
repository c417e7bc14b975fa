/**
 * The check of web origins. A browser sends the origin of the page with each upgrade, and
 * nothing else stops a page of any site from connecting to a server that it can reach.
 *
 * @module
 */

import { checkArray, invalidType } from "../common/check.ts";

/** Returns whether a page of an origin can connect to a host. */
export type OriginCheck = (origin: string, host: string) => boolean;

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
 * server
 *
 * @throws {TypeError} If an entry is not an origin
 */
export function makeOriginCheck(
  allowed: readonly string[] | undefined,
): OriginCheck {
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

function hasSameName(origin: string, host: string): boolean {
  const page = parseOrigin(origin);
  return page !== undefined &&
    page.hostname === parseOrigin(`http://${host}`)?.hostname;
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
    entry,
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
