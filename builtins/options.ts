/**
 * The options of `readFile` and `fetchUrl`, their defaults and their checks.
 *
 * @module
 */

import {
  checkKeys,
  checkNumber,
  invalidType,
  MAX_TIMEOUT,
} from "../common/check.ts";
import { cutUrl } from "../common/url.ts";
import { resolveRoot } from "./root.ts";
import { type AllowedUrl, parseAllowedUrl } from "./url_allowlist.ts";

/** Options of `readFile` */
export interface ReadFileOptions {
  /**
   * The directory that contains the files. Every client can read every file below it.
   * The handler follows a symbolic link only if its target is below `root`.
   */
  readonly root: string | URL;
  /**
   * The maximum size of a file in bytes, from 1 to 67,108,864. The server
   * sends the file as a JSON string, which must fit into `limits.maxBuffered`. In JSON, a
   * string can be up to six times as long.
   *
   * @default {1_048_576}
   */
  readonly maxSize?: number | undefined;
}

/** Options of `fetchUrl` */
export interface FetchUrlOptions {
  /**
   * The URLs that clients can fetch. `https://example.org/data` allows this URL, every
   * URL below it, and all of these with a query. If the host is a name other than
   * `localhost`, all its addresses must be public. If the host is an IP address, it can be
   * a private one.
   */
  readonly allow: readonly (string | URL)[];
  /**
   * The maximum size of a response body in bytes, from 1 to 67,108,864. The
   * server sends the body as a JSON string, which must fit into `limits.maxBuffered`. In JSON,
   * a string can be up to six times as long.
   *
   * @default {1_048_576}
   */
  readonly maxSize?: number | undefined;
  /**
   * The time limit for the whole response, including redirects, in milliseconds from 1 to
   * 2,147,483,647.
   *
   * @default {10_000}
   */
  readonly timeout?: number | undefined;
}

/** The options of `readFile` after the checks, with defaults */
export interface ResolvedReadFile {
  /** An absolute path without symbolic links */
  readonly root: string;
  readonly maxSize: number;
}

/** The options of `fetchUrl` after the checks, with defaults */
export interface ResolvedFetchUrl {
  readonly allowed: readonly AllowedUrl[];
  readonly maxSize: number;
  readonly timeout: number;
}

// V8 can hold a string of six times this size, which its JSON form can need.
const MAX_SIZE = 2 ** 26;

const SIZE = { min: 1, max: MAX_SIZE, integer: true, unit: "bytes" };

const TIMEOUT = { min: 1, max: MAX_TIMEOUT, unit: "milliseconds" };

const READ_FILE = "Cannot create a readFile handler";

const READ_FILE_KEYS: Readonly<Record<keyof ReadFileOptions, true>> = {
  root: true,
  maxSize: true,
};

const FETCH_URL = "Cannot create a fetchUrl handler";

const FETCH_URL_KEYS: Readonly<Record<keyof FetchUrlOptions, true>> = {
  allow: true,
  maxSize: true,
  timeout: true,
};

/** Checks the options of `readFile` and adds the defaults. */
export function resolveReadFile(options: ReadFileOptions): ResolvedReadFile {
  assertGiven(READ_FILE, options, '{ root: "public" }');
  checkKeys(READ_FILE, options, READ_FILE_KEYS);
  const { root, maxSize = 1_048_576 } = options;
  return {
    root: resolveRoot(root),
    maxSize: checkNumber(READ_FILE, "maxSize", maxSize, SIZE),
  };
}

/** Checks the options of `fetchUrl` and adds the defaults. */
export function resolveFetchUrl(options: FetchUrlOptions): ResolvedFetchUrl {
  assertGiven(FETCH_URL, options, '{ allow: ["https://example.org"] }');
  checkKeys(FETCH_URL, options, FETCH_URL_KEYS);
  const { allow, maxSize = 1_048_576, timeout = 10_000 } = options;
  return {
    allowed: resolveAllow(allow),
    maxSize: checkNumber(FETCH_URL, "maxSize", maxSize, SIZE),
    timeout: checkNumber(FETCH_URL, "timeout", timeout, TIMEOUT),
  };
}

/** Rejects omitted options, which have required members. */
function assertGiven(subject: string, options: unknown, example: string): void {
  if (options !== undefined) return;
  const needed = `an object such as ${example}`;
  throw invalidType(subject, "the options", needed, options);
}

function resolveAllow(
  allow: readonly (string | URL)[],
): readonly AllowedUrl[] {
  if (Array.isArray(allow) && allow.length > 0) return allow.map(resolveUrl);
  throw invalidType(
    FETCH_URL,
    "'allow'",
    "an array of at least one URL",
    allow,
  );
}

const NEEDED_URL =
  'a URL such as "https://example.org/data" without credentials, query and fragment';

function resolveUrl(entry: string | URL): AllowedUrl {
  const isUrl = typeof entry === "string" || entry instanceof URL;
  const allowed = isUrl ? parseAllowedUrl(String(entry)) : undefined;
  if (allowed !== undefined) return allowed;
  const shown = isUrl ? cutUrl(String(entry)) : entry;
  throw invalidType(FETCH_URL, "each entry of 'allow'", NEEDED_URL, shown);
}
