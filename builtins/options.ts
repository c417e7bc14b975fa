/**
 * The options of `readFile` and `fetchUrl`, their defaults and their checks.
 *
 * @module
 */

import { MAX_TIMEOUT } from "../common/check.ts";
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
   * The maximum size of a file in bytes, from 1 to 67,108,864. The result has to fit into
   * `limits.maxBuffered` of the server. JSON can make a string six times as long.
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
   * The maximum size of a response body in bytes, from 1 to 67,108,864. The result has to
   * fit into `limits.maxBuffered` of the server. JSON can make a string six times as long.
   *
   * @default {1_048_576}
   */
  readonly maxSize?: number | undefined;
  /**
   * The time limit for the whole response, redirects included, in milliseconds from 1 to
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

const READ_FILE = "Cannot create a readFile handler";

const FETCH_URL = "Cannot create a fetchUrl handler";

/** Checks the options of `readFile` and adds the defaults. */
export function resolveReadFile(options: ReadFileOptions): ResolvedReadFile {
  assertObject(READ_FILE, options, '{ root: "public" }');
  assertKnown(READ_FILE, options, ["root", "maxSize"]);
  const { root, maxSize = 1_048_576 } = options;
  return {
    root: resolveRoot(root),
    maxSize: checkSize(READ_FILE, maxSize),
  };
}

/** Checks the options of `fetchUrl` and adds the defaults. */
export function resolveFetchUrl(options: FetchUrlOptions): ResolvedFetchUrl {
  assertObject(FETCH_URL, options, '{ allow: ["https://example.org"] }');
  assertKnown(FETCH_URL, options, ["allow", "maxSize", "timeout"]);
  const { allow, maxSize = 1_048_576, timeout = 10_000 } = options;
  return {
    allowed: resolveAllow(allow),
    maxSize: checkSize(FETCH_URL, maxSize),
    timeout: checkTimeout(timeout),
  };
}

function assertObject(subject: string, value: unknown, example: string): void {
  const isObject = typeof value === "object" && value !== null &&
    !Array.isArray(value);
  if (isObject) return;
  throw mistake(
    `${subject}: the options must be an object such as ${example}`,
    value,
  );
}

function assertKnown(
  subject: string,
  options: object,
  names: readonly string[],
): void {
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw new TypeError(
    `${subject}: unknown option ${JSON.stringify(unknown)}. The options are ${
      names.join(", ")
    }`,
  );
}

function resolveAllow(
  allow: readonly (string | URL)[],
): readonly AllowedUrl[] {
  if (Array.isArray(allow) && allow.length > 0) return allow.map(resolveUrl);
  const needed = "must be an array of at least one URL";
  throw mistake(`${FETCH_URL}: 'allow' ${needed}`, allow);
}

const NEEDED_URL =
  'must contain URLs such as "https://example.org/data" without credentials, query and fragment';

function resolveUrl(entry: string | URL): AllowedUrl {
  const isUrl = typeof entry === "string" || entry instanceof URL;
  const allowed = isUrl ? parseAllowedUrl(String(entry)) : undefined;
  if (allowed !== undefined) return allowed;
  // A password must not appear in a log.
  const shown = isUrl ? String(entry).replace(/^.*@/s, "…@") : entry;
  throw mistake(`${FETCH_URL}: 'allow' ${NEEDED_URL}`, shown);
}

function checkSize(subject: string, size: number): number {
  const isValid = Number.isInteger(size) && size >= 1 && size <= MAX_SIZE;
  if (isValid) return size;
  const needed = `must be an integer from 1 to ${MAX_SIZE} bytes`;
  throw outOfRange(`${subject}: 'maxSize' ${needed}`, size);
}

function checkTimeout(timeout: number): number {
  const isNumber = typeof timeout === "number";
  if (isNumber && timeout >= 1 && timeout <= MAX_TIMEOUT) return timeout;
  const needed = `must be a number from 1 to ${MAX_TIMEOUT} milliseconds`;
  throw outOfRange(`${FETCH_URL}: 'timeout' ${needed}`, timeout);
}

function outOfRange(problem: string, value: unknown): Error {
  const error = mistake(problem, value);
  return typeof value === "number" ? new RangeError(error.message) : error;
}

function mistake(problem: string, value: unknown): TypeError {
  return new TypeError(`${problem}, but it is ${Deno.inspect(value)}`);
}
