/**
 * The directory below which the built-in operation `read` finds files.
 *
 * @module
 */

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
