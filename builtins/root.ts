/**
 * The root directory of `readFile`: checks that it exists and that Deno can read it.
 *
 * @module
 */

import { invalidType } from "../common/check.ts";
import { showValue } from "../common/text.ts";

const SUBJECT = "Cannot create a readFile handler";

/**
 * Returns the real path of the root directory.
 *
 * @param root The option `root`
 * @returns The absolute path without symbolic links
 *
 * @throws {Deno.errors.NotCapable} If the permission is missing
 * @throws {Deno.errors.NotFound} If the directory does not exist
 * @throws {TypeError} If the path is not a directory or not a path
 */
export function resolveRoot(root: string | URL): string {
  const path = pathOf(root);
  if (path === undefined || path === "" || path.includes("\0")) {
    const shown = root instanceof URL ? root.href : root;
    throw invalidType(SUBJECT, "'root'", "a path or a file URL", shown);
  }
  const real = withExplanation(path, () => Deno.realPathSync(path));
  // The permission may not cover the directory that a symbolic link leads to.
  const { isDirectory } = withExplanation(real, () => Deno.statSync(real));
  if (isDirectory) return real;
  throw invalidType(SUBJECT, "'root'", "a directory", path);
}

/** Returns the path of a file URL, or `undefined` if it is not on this machine. */
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

function withExplanation<Value>(path: string, run: () => Value): Value {
  try {
    return run();
  } catch (error) {
    throw explain(error, path);
  }
}

/** Returns an error of the same class whose message says what to do. */
function explain(error: unknown, path: string): unknown {
  const { NotADirectory, NotCapable, NotFound, PermissionDenied } = Deno.errors;
  const options = { cause: error };
  if (error instanceof NotCapable) {
    return new NotCapable(
      `${SUBJECT}: the permission to read 'root' is missing. Run with --allow-read=${path}`,
      options,
    );
  }
  if (error instanceof NotFound) {
    return new NotFound(
      describe("an existing directory", path),
      options,
    );
  }
  if (error instanceof PermissionDenied) {
    return new PermissionDenied(
      describe("a directory that this process can read", path),
      options,
    );
  }
  return error instanceof NotADirectory
    ? new TypeError(describe("a directory", path), options)
    : error;
}

function describe(needed: string, path: string): string {
  return `${SUBJECT}: 'root' must be ${needed}. It is ${showValue(path)}.`;
}
