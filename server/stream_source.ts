/**
 * The items that the handler of a stream yields.
 *
 * @module
 */

import { stringifyValue } from "../common/encode_json.ts";
import { TrackedItem } from "../common/tracked.ts";
import type { Schema } from "../contract/schema.ts";
import { validate } from "../contract/validate.ts";
import { OutputError } from "./output_error.ts";

/** The items that the handler of a stream yields. */
export class StreamSource {
  readonly #subject: string;
  readonly #iterator: AsyncIterator<unknown>;
  readonly #schema: Schema | undefined;
  /** Whether the iterator has ended; it is not called again then */
  #hasEnded = false;
  #eventId: string | null = null;

  /**
   * Constructs a `StreamSource`.
   *
   * @param subject The operation in error messages, such as `operation "rows"`
   * @param iterable What the handler returned
   * @param schema The schema of each item, if there is one
   */
  constructor(
    subject: string,
    iterable: AsyncIterable<unknown>,
    schema: Schema | undefined,
  ) {
    this.#subject = subject;
    this.#iterator = iterable[Symbol.asyncIterator]();
    this.#schema = schema;
  }

  /** The id of the item that `next` returned last; `null` if it has none */
  get eventId(): string | null {
    return this.#eventId;
  }

  /**
   * Returns the next item as JSON, or `undefined` after the last one.
   *
   * @throws What the handler throws
   * @throws {OutputError} If the item does not match its schema
   * @throws {TypeError} If the item has no JSON form, or the iterator is not valid
   */
  async next(): Promise<string | undefined> {
    const { done, value } = await this.#advance();
    if (done) return undefined;
    const item = this.#untrack(value);
    return stringifyValue(
      this.#schema === undefined ? item : await this.#checked(item),
      "item",
    );
  }

  /** Separates an item from its id. */
  #untrack(value: unknown): unknown {
    const isTracked = TrackedItem.is(value);
    this.#eventId = isTracked ? value.id : null;
    return isTracked ? value.item : value;
  }

  /**
   * Ends the iteration, so that the handler runs its `finally` block.
   *
   * @throws What the handler throws there
   */
  async return(): Promise<void> {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    await this.#iterator.return?.();
  }

  async #advance(): Promise<IteratorResult<unknown>> {
    try {
      const result = await this.#iterator.next();
      assertResult(result);
      this.#hasEnded ||= Boolean(result.done);
      return result;
    } catch (error) {
      this.#hasEnded = true;
      throw error;
    }
  }

  async #checked(item: unknown): Promise<unknown> {
    const { issues, value } = await validate(this.#schema!, item);
    if (issues === undefined) return value;
    throw new OutputError(
      `Cannot continue ${this.#subject}`,
      "an item",
      issues,
      item,
    );
  }
}

/** Throws if a result is not an object, as `for await` does. */
function assertResult(result: unknown): void {
  if (Object(result) === result) return;
  const type = result === null ? "null" : typeof result;
  throw new TypeError(
    `'next()' of the stream must return an object with 'done' and 'value': it returned a value of type ${type}`,
  );
}

/** Whether `for await` can iterate over a value asynchronously. */
export function isAsyncIterable(
  value: unknown,
): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null &&
    Symbol.asyncIterator in value;
}

/** Returns whether a handler is an `async function*`. */
export function isAsyncGenerator(handler: unknown): boolean {
  return tagOf(handler) === "AsyncGeneratorFunction";
}

/** Returns the kind of a function without calling it. */
export function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}
