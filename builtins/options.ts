/**
 * The options of the built-in operations: what they are if they are left out, and what
 * they may be.
 *
 * @module
 */

import { type AllowedUrl, parseAllowedUrl } from "./url_allowlist.ts";
import { MAX_TIMEOUT } from "../common/check.ts";
/** Which built-in operations a server has: none of them unless it is asked for. */
export interface Builtins {
  /**
   * Whether `print` writes a text to the standard output of the server: a line of at
   * most 1,000 characters, in which nothing moves the cursor of a terminal.
   *
   * @default {false}
   */
  readonly print?: boolean | undefined;
  /** Where `read` finds the files that it reads. There is no `read` if left out. */
  readonly read?: BuiltinReadOptions | undefined;
  /** Which URLs `get` fetches. There is no `get` if left out. */
  readonly get?: BuiltinGetOptions | undefined;
}

/** Options of the built-in operation `read` */
export interface BuiltinReadOptions {
  /**
   * The directory below which files are read: every client reads all of them. Links
   * are followed as long as they stay below it.
   */
  readonly root: string | URL;
  /**
   * How large a file may be, in bytes from 1 to 67,108,864. As JSON a text may be six
   * times as long, and has to fit into `limits.maxBuffered`.
   *
   * @default {1_048_576}
   */
  readonly maxSize?: number | undefined;
}

/** Options of the built-in operation `get` */
export interface BuiltinGetOptions {
  /**
   * What URLs are fetched: `https://example.org/data` stands for itself, for what is
   * below it, and for all of these with a query. A name has to have public addresses
   * only, unless it is `localhost`; an address may be any.
   */
  readonly allow: readonly (string | URL)[];
  /**
   * How large an answer may be, in bytes from 1 to 67,108,864. As JSON a text may be
   * six times as long, and has to fit into `limits.maxBuffered`.
   *
   * @default {1_048_576}
   */
  readonly maxSize?: number | undefined;
  /**
   * How long it may take until the answer is there, redirects included, in milliseconds
   * from 1 to 2,147,483,647.
   *
   * @default {10_000}
   */
  readonly timeout?: number | undefined;
}

/** The options of `read` with every default filled in. */
export interface ResolvedRead {
  /** Without links, and not relative to where the process is */
  readonly root: string;
  readonly maxSize: number;
}

/** The options of `get` with every default filled in. */
export interface ResolvedGet {
  readonly allowed: readonly AllowedUrl[];
  readonly maxSize: number;
  readonly timeout: number;
}

// Six times as much, as JSON may need for it, is still a text that V8 can hold.
const MAX_SIZE = 2 ** 26;

/** Checks which operations there are to be. */
export function assertBuiltins(options: Builtins): void {
  assertObject("builtins", options, "{ print: true }");
  const { print } = options;
  const names = ["print", "read", "get"];
  assertNames(options, names, "built-in operation", "");
  if (print === undefined || typeof print === "boolean") return;
  throw mistake("builtins.print", "true or false", print);
}

/** Checks the options of `read` and fills in what was left out. */
export function resolveRead(options: BuiltinReadOptions): ResolvedRead {
  assertObject("builtins.read", options, '{ root: "public" }');
  assertNames(options, ["root", "maxSize"], "option", " of 'builtins.read'");
  const { root, maxSize = 1_048_576 } = options;
  return {
    root: resolveRoot(root),
    maxSize: checkSize("builtins.read.maxSize", maxSize),
  };
}

/** Checks the options of `get` and fills in what was left out. */
export function resolveGet(options: BuiltinGetOptions): ResolvedGet {
  assertObject("builtins.get", options, '{ allow: ["https://example.org"] }');
  const names = ["allow", "maxSize", "timeout"];
  assertNames(options, names, "option", " of 'builtins.get'");
  const { allow, maxSize = 1_048_576, timeout = 10_000 } = options;
  return {
    allowed: resolveAllow(allow),
    maxSize: checkSize("builtins.get.maxSize", maxSize),
    timeout: checkTimeout("builtins.get.timeout", timeout),
  };
}

function assertObject(subject: string, value: unknown, example: string): void {
  const isObject = typeof value === "object" && value !== null &&
    !Array.isArray(value);
  if (isObject) return;
  throw mistake(subject, `an object such as ${example}`, value);
}

/** What is misspelt would not be there, or not be limited, and nobody would notice. */
function assertNames(
  options: object,
  names: readonly string[],
  kind: string,
  owner: string,
): void {
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw new TypeError(
    `Cannot serve as there is no ${kind} ${
      JSON.stringify(unknown)
    }${owner}: there are ${names.join(", ")}`,
  );
}

function resolveAllow(
  allow: readonly (string | URL)[],
): readonly AllowedUrl[] {
  if (Array.isArray(allow) && allow.length > 0) return allow.map(resolveUrl);
  throw mistake("builtins.get.allow", "a list of at least one URL", allow);
}

function resolveUrl(entry: string | URL): AllowedUrl {
  const isText = typeof entry === "string" || entry instanceof URL;
  const allowed = isText ? parseAllowedUrl(String(entry)) : undefined;
  if (allowed !== undefined) return allowed;
  // A password has no business in a log.
  const shown = isText ? String(entry).replace(/^.*@/s, "…@") : entry;
  throw mistake(
    "builtins.get.allow",
    'URLs such as "https://example.org/data" without credentials, a query or a fragment',
    shown,
    "hold",
  );
}

function checkSize(subject: string, size: number): number {
  const isRight = Number.isInteger(size) && size >= 1 && size <= MAX_SIZE;
  if (isRight) return size;
  throw outOfRange(subject, "a whole number of bytes", MAX_SIZE, size);
}

function checkTimeout(subject: string, timeout: number): number {
  const isNumber = typeof timeout === "number";
  if (isNumber && timeout >= 1 && timeout <= MAX_TIMEOUT) return timeout;
  throw outOfRange(subject, "a number of milliseconds", MAX_TIMEOUT, timeout);
}

function outOfRange(
  subject: string,
  kind: string,
  maximum: number,
  value: unknown,
): Error {
  const { message } = mistake(subject, `${kind} from 1 to ${maximum}`, value);
  return typeof value === "number"
    ? new RangeError(message)
    : new TypeError(message);
}

function mistake(
  subject: string,
  needed: string,
  value: unknown,
  verb = "be",
): TypeError {
  return new TypeError(
    `Cannot serve as '${subject}' must ${verb} ${needed}: current value is ${
      Deno.inspect(value)
    }`,
  );
}

const SUBJECT = "Cannot serve as 'builtins.read.root'";

/**
 * Checks that there is a directory that may be read.
 *
 * @param root What was asked for
 * @returns Its path, without links and not relative to where the process is
 *
 * @throws {Deno.errors.NotCapable} If the permission is missing
 * @throws {Deno.errors.NotFound} If it does not exist
 * @throws {TypeError} If it is no directory, or cannot be one
 */
export function resolveRoot(root: string | URL): string {
  const path = pathOf(root);
  if (path === undefined || path === "" || path.includes("\0")) {
    throw new TypeError(describe("a path or a file URL", root));
  }
  const real = explained(path, () => Deno.realPathSync(path));
  // Behind a link there may be a directory that the permission does not cover.
  const { isDirectory } = explained(real, () => Deno.statSync(real));
  if (isDirectory) return real;
  throw new TypeError(describe("a directory", path));
}

/** The path that a URL stands for; `undefined` if it is for no file of this machine. */
function pathOf(root: string | URL): string | undefined {
  if (typeof root === "string") return root;
  if (!(root instanceof URL) || root.protocol !== "file:" || root.host !== "") {
    return undefined;
  }
  try {
    const path = decodeURIComponent(root.pathname);
    return Deno.build.os === "windows" ? path.slice(1) : path;
  } catch {
    return undefined;
  }
}

function explained<Value>(path: string, run: () => Value): Value {
  try {
    return run();
  } catch (error) {
    throw explain(error, path);
  }
}

/** The same kind of error, saying what can be done. */
function explain(error: unknown, path: string): unknown {
  const { NotADirectory, NotCapable, NotFound, PermissionDenied } = Deno.errors;
  const options = { cause: error };
  if (error instanceof NotCapable) {
    return new NotCapable(
      `${SUBJECT} may not be read: the permission is missing, run with --allow-read=${path}`,
      options,
    );
  }
  if (error instanceof NotFound) {
    return new NotFound(describe("a directory that exists", path), options);
  }
  if (error instanceof PermissionDenied) {
    return new PermissionDenied(
      describe("a directory that this process may read", path),
      options,
    );
  }
  return error instanceof NotADirectory
    ? new TypeError(describe("a directory", path), options)
    : error;
}

function describe(needed: string, value: unknown): string {
  const shown = value instanceof URL ? value.href : value;
  return `${SUBJECT} must be ${needed}: current value is ${
    Deno.inspect(shown)
  }`;
}
