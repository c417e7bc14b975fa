/**
 * The operations that a server offers, by name.
 *
 * @module
 */

import { stringifyValue } from "./json.ts";
import type { JsonObject } from "./protocol.ts";

/**
 * Carries out an operation. Its value, or that of the promise that it returns, is
 * the result.
 *
 * @param data The arguments that the client sent
 * @param context Who called
 * @returns The result, which JSON must be able to hold; `undefined` becomes `null`
 */
export type OperationHandler<Context> = (
  data: JsonObject,
  context: Context,
) => unknown;

/** The operations of a server. */
export class Operations<Context> {
  // An object for each registration, so that an old one cannot remove its successor.
  readonly #entries = new Map<
    string,
    { readonly handler: OperationHandler<Context> }
  >();

  /**
   * Adds an operation.
   *
   * @param name The name under which clients call it
   * @param handler What to call
   * @returns Removes the operation when disposed of
   */
  add(name: string, handler: OperationHandler<Context>): Disposable {
    const subject = `Cannot register operation ${JSON.stringify(name)}`;
    if (typeof handler !== "function") {
      throw new TypeError(
        `${subject} as its handler must be a function: current value is of type ${typeof handler}`,
      );
    }
    if (this.#entries.has(name)) {
      throw new TypeError(
        `${subject} as it exists already: dispose of the first one before`,
      );
    }
    const entry = { handler };
    this.#entries.set(name, entry);
    const remove = () => {
      if (this.#entries.get(name) === entry) this.#entries.delete(name);
    };
    return { [Symbol.dispose]: remove };
  }

  /** Whether there is an operation of that name. */
  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /**
   * Calls an operation. What a handler returns at once is passed on at once: many
   * handlers only look something up, and waiting costs more than that.
   *
   * @param name The name of an operation that exists
   * @param data The arguments
   * @param context Who called
   * @returns The JSON text of the result
   *
   * @throws What the handler throws, or the promise rejects with it
   */
  call(
    name: string,
    data: JsonObject,
    context: Context,
  ): string | Promise<string> {
    const handler = this.#entries.get(name)?.handler;
    const result = handler?.(data, context);
    return isThenable(result)
      ? Promise.resolve(result).then(stringifyValue)
      : stringifyValue(result);
  }
}

/** Whether `await` would wait for a value: promises of any make, query builders. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (typeof value === "object" || typeof value === "function") &&
    value !== null && "then" in value && typeof value.then === "function";
}
