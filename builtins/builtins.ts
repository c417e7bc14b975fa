/**
 * The operations that Python Hoist offers to every client, for owners who ask for them:
 * `print`, `read` and `get`, each within bounds.
 *
 * @module
 */

import {
  assertBuiltins,
  type BuiltinGetOptions,
  type BuiltinReadOptions,
  type Builtins,
  resolveGet,
  resolveRead,
} from "./options.ts";
import { type JsonObject } from "../common/json.ts";
import { escapeControls } from "../common/text.ts";
import { refuseArgument } from "../protocol/request_error.ts";
import { type OperationHandler } from "../server/message.ts";
/** What carries out the built-in operations that there are, by name. */
export type BuiltinHandlers = ReadonlyMap<string, OperationHandler<unknown>>;

/**
 * Makes the built-in operations that an owner asks for.
 *
 * @param options Which of them, and what they may do; none if left out
 * @returns What carries them out, by name
 *
 * @throws {RangeError} If a size or a time is out of its range
 * @throws {TypeError} If another option is not what it has to be
 * @throws {Deno.errors.NotCapable} If the root of `read` may not be read
 * @throws {Deno.errors.NotFound} If the root of `read` does not exist
 */
export function makeBuiltins(
  options: Builtins | undefined = {},
): BuiltinHandlers {
  assertBuiltins(options);
  const handlers = new Map<string, OperationHandler<unknown>>();
  if (options.print) handlers.set("print", print);
  if (options.read !== undefined) handlers.set("read", makeRead(options.read));
  if (options.get !== undefined) handlers.set("get", makeGet(options.get));
  return handlers;
}

function print(data: JsonObject): null {
  // A constant format: the text of a client could be one.
  console.log("%s", escapeControls(textAt("text", data)));
  return null;
}

function makeRead(options: BuiltinReadOptions): OperationHandler<unknown> {
  const resolved = resolveRead(options);
  return async (data) => {
    const path = textAt("path", data);
    const { readFile } = await import("./read.ts");
    return await readFile(path, resolved);
  };
}

function makeGet(options: BuiltinGetOptions): OperationHandler<unknown> {
  const resolved = resolveGet(options);
  return async (data, context) => {
    const url = textAt("url", data);
    const { getUrl } = await import("./get.ts");
    return await getUrl(url, resolved, signalOf(context));
  };
}

function textAt(name: string, data: JsonObject): string {
  const { [name]: value } = data;
  if (typeof value === "string") return value;
  throw refuseArgument(name, "must be a text");
}

/** What aborts when nobody waits for the result any more. */
function signalOf(context: unknown): AbortSignal | undefined {
  const { signal }: { readonly signal?: unknown } = Object(context);
  return signal instanceof AbortSignal ? signal : undefined;
}
