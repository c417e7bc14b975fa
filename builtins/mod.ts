/**
 * Ready-made operation handlers: the operations `print`, `read` and `get` of Python
 * Hoist. A server offers none of them until the application registers them. Each handler
 * is then open to every client that has logged in.
 *
 * @example
 * ```ts
 * import { serve } from "@hoist/cli";
 * import { fetchUrl, print, readFile } from "@hoist/cli/builtins";
 *
 * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
 * server.operation("print", print);
 * server.operation("read", readFile({ root: "." }));
 * server.operation("get", fetchUrl({ allow: ["https://example.org/data/"] }));
 * ```
 *
 * @module
 */

import type { JsonObject } from "../common/json.ts";
import { escapeControls } from "../common/text.ts";
import { invalidArgument } from "../protocol/request_error.ts";
import {
  type FetchUrlOptions,
  type ReadFileOptions,
  resolveFetchUrl,
  resolveReadFile,
} from "./options.ts";

export type { FetchUrlOptions, ReadFileOptions } from "./options.ts";
export type { Json, JsonObject } from "../common/json.ts";

/**
 * An operation handler that `server.operation` accepts, with or without a contract
 *
 * @param data The arguments of the operation, as the client sent them
 * @param context `signal` aborts the work when the client has disconnected
 * @returns The result of the operation
 */
export type BuiltinHandler<Result = unknown> = (
  data: JsonObject,
  context: { readonly signal?: AbortSignal },
) => Result;

/**
 * Prints the argument `text` as one line on the standard output of the server.
 *
 * The line has at most 1,000 characters. Control characters are escaped, so that a client
 * cannot move the cursor of a terminal or forge a second line.
 *
 * @param data The arguments of the operation: `{ text: string }`
 * @returns The result of the operation
 *
 * @example
 * ```ts
 * import { serve } from "@hoist/cli";
 * import { print } from "@hoist/cli/builtins";
 *
 * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
 * server.operation("print", print);
 * ```
 */
export function print(data: JsonObject): null {
  // The format string is constant, because the client chooses the text.
  console.log("%s", escapeControls(stringArgument("text", data)));
  return null;
}

/**
 * Returns an operation handler that reads UTF-8 files below a directory.
 *
 * The argument `path` is relative to `root` and uses slashes. The handler follows a
 * symbolic link only if its target is below `root`. It needs the permission `--allow-read`
 * for `root`.
 *
 * @param options Which files clients can read
 * @returns The handler; the result of the operation is the content of the file
 *
 * @throws {TypeError} If an option is missing, unknown or of the wrong type
 * @throws {RangeError} If `maxSize` is out of range
 * @throws {Deno.errors.NotCapable} If the permission to read `root` is missing
 * @throws {Deno.errors.NotFound} If `root` does not exist
 *
 * @example
 * ```ts
 * import { connect, serve } from "@hoist/cli";
 * import { readFile } from "@hoist/cli/builtins";
 * import assert from "node:assert/strict";
 *
 * const root = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${root}/hello.txt`, "Hello");
 *
 * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
 * server.operation("read", readFile({ root, maxSize: 10_000 }));
 *
 * await using connection = await connect("test", { url: server.url });
 * assert.equal(await connection.operation("read", { path: "hello.txt" }), "Hello");
 * await Deno.remove(root, { recursive: true });
 * ```
 */
export function readFile(
  options: ReadFileOptions,
): BuiltinHandler<Promise<string>> {
  const resolved = resolveReadFile(options);
  // Deno ends if a module is loaded while no file descriptor is left.
  const loading = import("./read.ts");
  return async (data) => {
    const path = stringArgument("path", data);
    const { readFileBelow } = await loading;
    return await readFileBelow(path, resolved);
  };
}

/**
 * Returns an operation handler that fetches text from allowed URLs.
 *
 * The argument `url` is the URL. The handler rejects every URL and every redirect that
 * `allow` does not cover, and host names that resolve to private addresses. It needs the
 * permission `--allow-net` for the host names and for the addresses that they resolve to.
 *
 * @param options Which URLs clients can fetch
 * @returns The handler; the result of the operation is the response body
 *
 * @throws {TypeError} If an option is missing, unknown or of the wrong type
 * @throws {RangeError} If `maxSize` or `timeout` is out of range
 *
 * @example
 * ```ts
 * import { serve } from "@hoist/cli";
 * import { fetchUrl } from "@hoist/cli/builtins";
 *
 * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
 * server.operation("get", fetchUrl({ allow: ["https://example.org/data/"] }));
 * ```
 */
export function fetchUrl(
  options: FetchUrlOptions,
): BuiltinHandler<Promise<string>> {
  const resolved = resolveFetchUrl(options);
  const loading = import("./get.ts");
  return async (data, { signal }) => {
    const url = stringArgument("url", data);
    const { fetchText } = await loading;
    return await fetchText(url, resolved, signal);
  };
}

function stringArgument(name: string, data: JsonObject): string {
  const { [name]: value } = data;
  if (typeof value === "string") return value;
  throw invalidArgument(name, "must be a string");
}
