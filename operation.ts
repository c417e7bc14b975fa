/**
 * The operations that a server offers, by name.
 *
 * @module
 */

import { assertOperation } from "./assert_contract.ts";
import { checkData } from "./checking.ts";
import type { OperationSchemas } from "./contract.ts";
import { describeOperation } from "./encode.ts";
import { ErrorCode } from "./errors.ts";
import { isAsyncIterable, Items } from "./items.ts";
import { stringifyValue } from "./json.ts";
import { Misfit } from "./misfit.ts";
import type { JsonObject } from "./protocol.ts";
import { Refusal } from "./refusal.ts";
import { check } from "./schema.ts";
import { chain } from "./thenable.ts";

/**
 * Carries out an operation. Its value, or that of the promise that it returns, is
 * the result; an async generator makes the operation a stream of what it yields.
 *
 * @param data The arguments that the client sent, or what their schema made of them
 * @param context Who called
 * @returns The result, which JSON must be able to hold; `undefined` becomes `null`
 */
export type OperationHandler<
  Context,
  Arguments = JsonObject,
  Result = unknown,
> = (data: Arguments, context: Context) => Result;

/** What an operation gives; with some handlers, only their result tells. */
type Kind = "result" | "stream" | "either";

/** An operation as it was added. */
interface Entry<Context> {
  readonly subject: string;
  readonly handler: OperationHandler<Context, never>;
  readonly schemas: OperationSchemas;
  readonly kind: Kind;
}

/** The operations of a server. */
export class Operations<Context> {
  // An object for each registration, so that an old one cannot remove its successor.
  readonly #entries = new Map<string, Entry<Context>>();
  readonly #isSupported: (name: string) => boolean;

  /**
   * Constructs `Operations`.
   *
   * @param isSupported Whether clients may call an operation
   */
  constructor(isSupported: (name: string) => boolean = () => true) {
    this.#isSupported = isSupported;
  }

  /**
   * Adds an operation.
   *
   * @param name The name under which clients call it
   * @param handler What to call
   * @param schemas What it takes and gives, as far as that is to be checked
   * @returns Removes the operation when disposed of
   */
  add(
    name: string,
    handler: OperationHandler<Context, never>,
    schemas: OperationSchemas = {},
  ): Disposable {
    const subject = `Cannot register operation ${JSON.stringify(name)}`;
    assertHandler(subject, handler);
    assertOperation(subject, "its schemas", schemas);
    if (this.#entries.has(name)) {
      throw new TypeError(
        `${subject} as it exists already: dispose of the first one before`,
      );
    }
    const kind = kindOf(subject, handler, schemas);
    const entry = { subject: describeOperation(name), handler, schemas, kind };
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

  /** Why a client cannot call an operation; `undefined` if it can. */
  refusalOf(name: string): ErrorCode | undefined {
    if (!this.has(name)) return ErrorCode.UNKNOWN_OPERATION;
    return this.#isSupported(name)
      ? undefined
      : ErrorCode.UNSUPPORTED_OPERATION;
  }

  /**
   * Calls an operation. What a handler returns at once is passed on at once.
   *
   * @param name The name of an operation that exists
   * @param data The arguments
   * @param context Who called
   * @returns The JSON text of the result
   *
   * @throws {Refusal} If the arguments do not fit, or it gives a stream
   * @throws {Misfit} If the result does not fit
   * @throws What the handler or a schema throws; the promise rejects with all of these
   */
  call(
    name: string,
    data: JsonObject,
    context: Context,
  ): string | PromiseLike<string> {
    const entry = this.#entries.get(name)!;
    if (entry.kind === "stream") throw givesStream();
    return chain(
      this.#run(entry, data, context),
      (result) => textOf(entry, result),
    );
  }

  /**
   * Calls an operation that gives a stream.
   *
   * @returns The items, of which none was asked for yet
   *
   * @throws {Refusal} If the arguments do not fit, or it gives one result
   * @throws What the handler or a schema throws; the promise rejects with all of these
   */
  open(
    name: string,
    data: JsonObject,
    context: Context,
  ): Items | PromiseLike<Items> {
    const entry = this.#entries.get(name)!;
    if (entry.kind === "result") throw givesResult();
    return chain(
      this.#run(entry, data, context),
      (result) => itemsOf(entry, result),
    );
  }

  #run(
    { handler, schemas: { input } }: Entry<Context>,
    data: JsonObject,
    context: Context,
  ): unknown {
    if (input === undefined) return handler(data as never, context);
    return chain(
      checkData(data, input),
      (checked) => handler(checked as never, context),
    );
  }
}

function textOf(
  { subject, kind, schemas: { output } }: Entry<never>,
  result: unknown,
): string | PromiseLike<string> {
  if (isAsyncIterable(result)) {
    // A generator has not begun, but what reads from somewhere may have to let go.
    new Items(subject, result, undefined).return().catch(() => {});
    if (kind === "either") throw givesStream();
    throw new TypeError("what it returned is a stream, and has an 'output'");
  }
  if (output === undefined) return stringifyValue(result);
  return chain(check(output, result), ({ issues, value }) => {
    if (issues === undefined) return stringifyValue(value);
    throw new Misfit(`Cannot answer ${subject}`, "the result", issues);
  });
}

function itemsOf(
  { subject, kind, schemas: { yields } }: Entry<never>,
  result: unknown,
): Items {
  if (isAsyncIterable(result)) return new Items(subject, result, yields);
  if (kind === "either") throw givesResult();
  throw new TypeError("what it returned is no stream: use 'async function*'");
}

function givesStream(): Refusal {
  return new Refusal(
    ErrorCode.UNSUPPORTED_OPERATION,
    "the operation gives a stream: ask for it with 'connection.stream()'",
  );
}

function givesResult(): Refusal {
  return new Refusal(
    ErrorCode.UNSUPPORTED_OPERATION,
    "the operation gives one result: call it with 'connection.operation()'",
  );
}

function assertHandler(subject: string, handler: unknown): void {
  if (typeof handler !== "function") {
    throw new TypeError(
      `${subject} as its handler must be a function: current value is of type ${typeof handler}`,
    );
  }
  if (tagOf(handler) === "GeneratorFunction") {
    throw new TypeError(
      `${subject} as its handler is a generator that cannot wait: write 'async function*'`,
    );
  }
}

function kindOf(
  subject: string,
  handler: unknown,
  { output, yields }: OperationSchemas,
): Kind {
  const isGenerator = isAsyncGenerator(handler);
  if (isGenerator && output !== undefined) {
    throw new TypeError(
      `${subject} as its handler is a generator: say what it 'yields', not its 'output'`,
    );
  }
  if (isGenerator || yields !== undefined) return "stream";
  return output === undefined ? "either" : "result";
}

/** Whether a handler is an `async function*`. */
export function isAsyncGenerator(handler: unknown): boolean {
  return tagOf(handler) === "AsyncGeneratorFunction";
}

/** What kind of function something is, before it is called. */
function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}
