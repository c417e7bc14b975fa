/**
 * Which pages may connect: a browser sends the origin of the page along, and nothing
 * else keeps a page of any site from connecting to a server that the browser reaches.
 *
 * @module
 */

/** Whether a page of an origin may connect to a host. */
export type OriginCheck = (origin: string, host: string) => boolean;

/** The parts of an origin that are compared, in their usual form. */
interface Origin {
  readonly protocol: string;
  readonly hostname: string;
  /** Empty for the usual one, `*` for any */
  readonly port: string;
}

/**
 * Makes the check of a server.
 *
 * @param allowed The origins that may connect; those with the host name of the server
 * if left out
 *
 * @throws {TypeError} If one of them is no origin
 */
export function makeOriginCheck(
  allowed: readonly string[] | undefined,
): OriginCheck {
  if (allowed === undefined) return hasSameName;
  if (!Array.isArray(allowed)) {
    throw new TypeError("Cannot serve as 'allowedOrigins' must be a list");
  }
  const texts = new Set(allowed);
  if (texts.has("*")) return () => true;
  const patterns = allowed.filter((text) => text !== "null").map(patternOf);
  return (text) => {
    const origin = parseOrigin(text);
    return origin === undefined
      ? text === "null" && texts.has(text)
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

function patternOf(pattern: string): Origin {
  const text = String(pattern);
  const isAnyPort = /:\*$/.test(text);
  const origin = parseOrigin(text.replace(/:\*$/, ""));
  if (origin !== undefined && !(isAnyPort && origin.port !== "")) {
    return isAnyPort ? { ...origin, port: "*" } : origin;
  }
  throw new TypeError(
    `Cannot serve as 'allowedOrigins' must hold origins such as "https://example.org" or "http://localhost:*": current value is ${
      JSON.stringify(text)
    }`,
  );
}

function parseOrigin(text: string): Origin | undefined {
  // No more than an origin: what stands behind the host would be of no effect.
  if (
    !/^[a-z][a-z\d+.-]*:\/\/[^\/?#@*\s]+$/i.test(text) || !URL.canParse(text)
  ) {
    return undefined;
  }
  const { protocol, hostname, port } = new URL(text);
  return { protocol, hostname: hostname.toLowerCase(), port };
}
