/**
 * The options of `redis`, and what they are with all defaults.
 *
 * @module
 */

import {
  checkArray,
  checkKeys,
  checkNumber,
  checkString,
  invalidType,
  outOfRange,
} from "../common/check.ts";
import { quote } from "../common/text.ts";
import { cutUrl } from "../common/url.ts";

/** Options of `redis` */
export interface RedisOptions {
  /**
   * The address of Redis, such as `redis://localhost:6379`, or `rediss://` for TLS. It can
   * contain a user name and a password, which no error and no log line shows
   *
   * @default {"redis://localhost:6379"}
   */
  readonly url?: string | undefined;
  /** The name of the user; by default the one in `url`, or the default user of Redis */
  readonly username?: string | undefined;
  /** The password, by default the one in `url`, or a function that returns it */
  readonly password?: string | (() => string | PromiseLike<string>) | undefined;
  /**
   * The certificate authorities to trust for `rediss://`, in PEM format; by default those of the
   * runtime
   */
  readonly caCerts?: readonly string[] | undefined;
  /**
   * Begins the names of all keys and channels, so that several deployments can share a Redis: 1
   * to 40 characters of `A-Z a-z 0-9 _ -`
   *
   * @default {"hoist"}
   */
  readonly prefix?: string | undefined;
  /**
   * How long Redis can take to answer, in milliseconds from 100 to 60,000. Then the connection
   * counts as lost, and what was sent fails
   *
   * @default {5_000}
   */
  readonly timeout?: number | undefined;
}

/** The options with all defaults. */
export interface RedisSettings {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  readonly username: string;
  /** Returns the password; `undefined` for none */
  readonly password: () => string | undefined | PromiseLike<string>;
  readonly caCerts: readonly string[] | undefined;
  readonly prefix: string;
  readonly timeout: number;
}

/** The user of a connection without a login. */
export const DEFAULT_USER = "default";

const SUBJECT = "Cannot use Redis";

const KNOWN = {
  ...{ url: true, username: true, password: true },
  ...{ caCerts: true, prefix: true, timeout: true },
};

const TIMEOUT = { min: 100, max: 60_000, unit: "milliseconds" };

const URL_FORM =
  'a URL such as "redis://localhost:6379", or "rediss://redis.example.com:6380" for TLS';

/**
 * Checks the options.
 *
 * @throws {TypeError} If an option is unknown or has the wrong type
 * @throws {RangeError} If a value is out of range
 */
export function checkRedisOptions(options: RedisOptions): RedisSettings {
  checkKeys(SUBJECT, options, KNOWN);
  const { url = "redis://localhost:6379", prefix = "hoist" } = options;
  const parsed = parseUrl(url);
  const isTls = parsed.protocol === "rediss:";
  return {
    // A URL has brackets around the address of IPv6.
    host: parsed.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: parsed.port === "" ? 6379 : Number(parsed.port),
    isTls,
    ...credentialsOf(options, parsed),
    caCerts: checkCaCerts(options.caCerts, isTls),
    prefix: checkPrefix(prefix),
    timeout: checkNumber(SUBJECT, "timeout", options.timeout, TIMEOUT) ?? 5_000,
  };
}

function parseUrl(url: string): URL {
  checkString(SUBJECT, "url", url);
  const parsed = URL.parse(url);
  const isValid = parsed !== null && parsed.hostname !== "" &&
    /^rediss?:$/.test(parsed.protocol);
  if (!isValid) throw invalidType(SUBJECT, "'url'", URL_FORM, cutUrl(url));
  if (!["", "/", "/0"].includes(parsed.pathname)) {
    throw new RangeError(
      `${SUBJECT}: 'url' must not name a database, because the channels of Redis do not belong to one. It names ${
        quote(parsed.pathname)
      }. Use the option 'prefix' instead.`,
    );
  }
  if (parsed.search === "" && parsed.hash === "") return parsed;
  throw new RangeError(
    `${SUBJECT}: 'url' must not have a query or a fragment. Use the options of 'redis' instead.`,
  );
}

function credentialsOf(
  { username, password }: RedisOptions,
  url: URL,
): Pick<RedisSettings, "username" | "password"> {
  checkString(SUBJECT, "username", username);
  // The error must not show a password.
  if (!isPassword(password)) {
    throw new TypeError(
      `${SUBJECT}: 'password' must be a non-empty string, or a function that returns one.`,
    );
  }
  const inUrl = url.password === "" ? undefined : decode(url.password);
  return {
    username: username ?? (decode(url.username) || DEFAULT_USER),
    password: typeof password === "function"
      ? password
      : () => password ?? inUrl,
  };
}

function isPassword(password: unknown): boolean {
  return password === undefined || typeof password === "function" ||
    typeof password === "string" && password !== "";
}

/** Decodes a part of a URL. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new TypeError(
      `${SUBJECT}: the user name or the password in 'url' is not encoded correctly. Write "%" as "%25".`,
    );
  }
}

function checkCaCerts(
  caCerts: readonly string[] | undefined,
  isTls: boolean,
): readonly string[] | undefined {
  checkArray(SUBJECT, "caCerts", caCerts, "certificates in PEM format");
  if (caCerts === undefined) return undefined;
  const needed = "an array of certificates in PEM format";
  for (const cert of caCerts) {
    if (typeof cert === "string" && cert.includes("-----BEGIN CERT")) continue;
    throw invalidType(SUBJECT, "'caCerts'", needed, caCerts);
  }
  if (isTls) return [...caCerts];
  throw new TypeError(
    `${SUBJECT}: 'caCerts' needs TLS. Let 'url' begin with "rediss://".`,
  );
}

function checkPrefix(prefix: string): string {
  checkString(SUBJECT, "prefix", prefix);
  if (/^[\w-]{1,40}$/.test(prefix)) return prefix;
  const needed = "1 to 40 characters of A-Z a-z 0-9 _ -";
  throw outOfRange(SUBJECT, "'prefix'", needed, prefix);
}
