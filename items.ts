/**
 * The items of a stream, one after the other, as JSON texts.
 *
 * @module
 */

import { stringifyValue } from "./json.ts";
import { Misfit } from "./misfit.ts";
import { check, type Schema } from "./schema.ts";

/** The items that an operation gives. */
export class Items {
  readonly #subject: string;
  readonly #iterator: AsyncIterator<unknown>;
  readonly #schema: Schema | undefined;
  /** Whether the iterator has ended, after which nothing is asked of it. */
  #isOver = false;

  /**
   * Constructs `Items`.
   *
   * @param subject What errors call the operation, such as `operation "rows"`
   * @param iterable What its handler returned
   * @param schema What each item has to be, if there is a schema for that
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

  /**
   * Asks for the next item.
   *
   * @returns Its JSON text, or `undefined` after the last one
   *
   * @throws What the handler throws
   * @throws {Misfit} If the item does not fit its schema
   * @throws {TypeError} If it has no JSON form, or the iterator gives no result
   */
  async next(): Promise<string | undefined> {
    const { done, value } = await this.#advance();
    if (done) return undefined;
    return stringifyValue(
      this.#schema === undefined ? value : await this.#checked(value),
      "what it yielded",
    );
  }

  /**
   * Asks for no more: the handler gets to its `finally`.
   *
   * @throws What the handler throws there
   */
  async return(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await this.#iterator.return?.();
  }

  async #advance(): Promise<IteratorResult<unknown>> {
    try {
      const result = await this.#iterator.next();
      assertResult(result);
      this.#isOver ||= Boolean(result.done);
      return result;
    } catch (error) {
      this.#isOver = true;
      throw error;
    }
  }

  async #checked(item: unknown): Promise<unknown> {
    const { issues, value } = await check(this.#schema!, item);
    if (issues === undefined) return value;
    throw new Misfit(`Cannot go on with ${this.#subject}`, "an item", issues);
  }
}

/** Refuses what `for await` would: it would go on for ever. */
function assertResult(result: unknown): void {
  if (Object(result) === result) return;
  const type = result === null ? "null" : typeof result;
  throw new TypeError(
    `what 'next()' returned must be an object with 'done' and 'value': current value is of type ${type}`,
  );
}

/** Whether a value is what `for await` goes over. */
export function isAsyncIterable(
  value: unknown,
): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null &&
    Symbol.asyncIterator in value;
}
