/**
 * The listeners and the operations of a server, and their checks against the contract.
 *
 * @module
 */

import { mapMaybePromise } from "../common/async.ts";
import { invalidType } from "../common/check.ts";
import { stringifyValue } from "../common/encode_json.ts";
import type { JsonObject } from "../common/json.ts";
import {
  assertListener,
  type Listener,
  Listeners,
} from "../common/listeners.ts";
import { describeOperation } from "../common/text.ts";
import {
  type Contract,
  type ErrorSchemas,
  errorsOf,
  type OperationSchemas,
  ownEntry,
} from "../contract/contract.ts";
import {
  assertAllFree,
  assertFree,
  assertNamed,
  assertNoOwnSchema,
  assertOperation,
  assertSchema,
} from "../contract/checks.ts";
import { isSchema, type Schema } from "../contract/schema.ts";
import { validate } from "../contract/validate.ts";
import { resultError, streamError } from "../protocol/request_error.ts";
import { Metrics } from "./metrics.ts";
import { OutputError } from "./output_error.ts";
import type {
  ClientMessage,
  OperationContext,
  OperationHandler,
} from "./message.ts";
import { CountersByName, type RequestCounters } from "./request_counters.ts";
import {
  isAsyncGenerator,
  isAsyncIterable,
  StreamSource,
  tagOf,
} from "./stream_source.ts";
import { checkData, checkedListener } from "./validate.ts";

/** What an operation returns. `"either"` if only the result of the handler shows it. */
type Kind = "result" | "stream" | "either";

/** A registered operation. */
export class Operation<Context> {
  /** Counts the calls; `undefined` if it is a stream */
  counters: RequestCounters | undefined;
  readonly #subject: string;
  readonly #handler: OperationHandler<Context, never>;
  readonly #schemas: OperationSchemas;
  readonly #kind: Kind;

  constructor(
    name: string,
    handler: OperationHandler<Context, never>,
    schemas: OperationSchemas,
    kind: Kind,
  ) {
    this.#subject = describeOperation(name);
    this.#handler = handler;
    this.#schemas = schemas;
    this.#kind = kind;
  }

  /** The errors that the handler can throw; `undefined` if it can throw any */
  get errors(): ErrorSchemas | undefined {
    return this.#schemas.errors;
  }

  /**
   * Calls an operation that returns one result. Returns a promise only if the handler or a
   * schema does.
   *
   * @param data The arguments
   * @param context The second argument of the handler
   * @param onResult Called with the result after its schema
   * @returns The result as a JSON string
   *
   * @throws {RequestError} If the arguments do not match their schema, or the operation is a stream
   * @throws {OutputError} If the result does not match its schema
   * @throws The exception of the handler or of a schema
   */
  call(
    data: JsonObject,
    context: Context,
    onResult?: (result: unknown) => void,
  ): string | PromiseLike<string> {
    if (this.#kind === "stream") throw streamError();
    return mapMaybePromise(
      this.#run(data, context),
      (result) => this.#encode(result, onResult),
    );
  }

  /**
   * Calls an operation that is a stream.
   *
   * @param data The arguments
   * @param context The second argument of the handler
   * @returns The items, which are not requested yet
   *
   * @throws {RequestError} If the arguments do not match their schema, or the operation returns one result
   * @throws The exception of the handler or of a schema
   */
  open(
    data: JsonObject,
    context: Context,
  ): StreamSource | PromiseLike<StreamSource> {
    if (this.#kind === "result") throw resultError();
    return mapMaybePromise(
      this.#run(data, context),
      (result) => this.#sourceOf(result),
    );
  }

  #run(data: JsonObject, context: Context): unknown {
    // A call of this.#handler would pass the operation as `this`.
    const handler = this.#handler;
    const { input } = this.#schemas;
    if (input === undefined) return handler(data as never, context);
    return mapMaybePromise(
      checkData(data, input),
      (checked) => handler(checked as never, context),
    );
  }

  /** Checks the result of the handler and encodes it as JSON. */
  #encode(
    result: unknown,
    onResult: ((result: unknown) => void) | undefined,
  ): string | PromiseLike<string> {
    if (isAsyncIterable(result)) throw this.#rejectStream(result);
    const { output } = this.#schemas;
    if (output === undefined) return encodeResult(result, onResult);
    return mapMaybePromise(validate(output, result), ({ issues, value }) => {
      if (issues === undefined) return encodeResult(value, onResult);
      const failure = `Cannot answer ${this.#subject}`;
      throw new OutputError(failure, "the result", issues, result);
    });
  }

  /** Ends a stream that was called as an operation; returns the error. */
  #rejectStream(items: AsyncIterable<unknown>): Error {
    // A generator has not started, but another iterable can hold a resource.
    new StreamSource(this.#subject, items, undefined).return().catch(() => {});
    if (this.#kind === "either") return streamError();
    return new TypeError(
      "the handler returned a stream, but the schemas have 'output'. Use 'yields' instead of 'output'.",
    );
  }

  /** Returns the items of the result of the handler. */
  #sourceOf(result: unknown): StreamSource {
    if (isAsyncIterable(result)) {
      return new StreamSource(this.#subject, result, this.#schemas.yields);
    }
    if (this.#kind === "either") throw resultError();
    throw new TypeError(
      "the handler did not return a stream. Use 'async function*'.",
    );
  }
}

function encodeResult(
  result: unknown,
  onResult: ((result: unknown) => void) | undefined,
): string {
  const json = stringifyValue(result);
  onResult?.(result);
  return json;
}

/** The operations of a server. */
export class Operations<Context> {
  readonly #counters: CountersByName;
  // One object for each registration, so that disposing an old one cannot remove a new one.
  readonly #entries = new Map<string, Operation<Context>>();

  /** Constructs `Operations`, whose calls are counted. */
  constructor(counters = new CountersByName()) {
    this.#counters = counters;
  }

  /**
   * Adds an operation.
   *
   * @param name The name of the operation
   * @param handler The handler
   * @param schemas The schemas that are checked
   * @returns A `Disposable` that removes the operation
   */
  add(
    name: string,
    handler: OperationHandler<Context, never>,
    schemas: OperationSchemas = {},
  ): Disposable {
    const subject = `Cannot register operation ${JSON.stringify(name)}`;
    assertHandler(subject, handler);
    assertOperation(subject, "schemas", schemas);
    if (this.#entries.has(name)) {
      throw new TypeError(
        `${subject}: it already exists. Dispose the first registration first.`,
      );
    }
    const kind = kindOf(subject, handler, schemas);
    const operation = new Operation(name, handler, schemas, kind);
    if (kind !== "stream") operation.counters = this.#counters.add(name);
    this.#entries.set(name, operation);
    const remove = () => {
      if (this.find(name) === operation) this.#entries.delete(name);
    };
    return { [Symbol.dispose]: remove };
  }

  /** The names of the operations */
  get names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** Returns an operation; `undefined` if it does not exist. */
  find(name: string): Operation<Context> | undefined {
    return this.#entries.get(name);
  }

  /** Returns whether an operation exists. */
  has(name: string): boolean {
    return this.#entries.has(name);
  }
}

function assertHandler(subject: string, handler: unknown): void {
  if (typeof handler !== "function") {
    throw invalidType(subject, "the handler", "a function", handler);
  }
  if (tagOf(handler) === "GeneratorFunction") {
    throw new TypeError(
      `${subject}: the handler is a synchronous generator. Use 'async function*'.`,
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
      `${subject}: the handler is a generator. Use 'yields' instead of 'output'.`,
    );
  }
  if (isGenerator || yields !== undefined) return "stream";
  return output === undefined ? "either" : "result";
}

/** The listeners and operations of a server. */
export class Registry {
  readonly #listeners = new Listeners<ClientMessage>();
  /** Calls the listeners; only the registry adds them, because it checks them */
  readonly listeners: Pick<
    Listeners<ClientMessage>,
    "dispatch" | "has" | "hasNamed" | "names"
  > = this.#listeners;
  readonly operations: Operations<OperationContext>;
  readonly #contract: Contract | undefined;
  readonly #metrics: Metrics;

  /**
   * Constructs a `Registry`. Without a contract, everything is allowed.
   *
   * @throws {TypeError} If a name of the contract is reserved
   */
  constructor(contract: Contract | undefined, metrics = new Metrics()) {
    assertAllFree("Cannot serve", contract);
    this.#contract = contract;
    this.#metrics = metrics;
    this.operations = new Operations<OperationContext>(metrics.operations);
  }

  /** The operations of the contract that have no handler */
  get missing(): readonly string[] {
    const names = Object.keys(this.#contract?.operations ?? {});
    return names.filter((name) => !this.operations.has(name));
  }

  /**
   * Whether the name of a request has a handler or is in the contract. Clients can invent all
   * other names, so those must not become the labels of metrics.
   */
  knows(kind: "message" | "operation" | "stream", name: string): boolean {
    const { messages = {}, operations = {} } = this.#contract ?? {};
    return kind === "message"
      ? this.#listeners.hasNamed(name) || Object.hasOwn(messages, name)
      : this.operations.has(name) || Object.hasOwn(operations, name);
  }

  /** Adds a listener for all messages. */
  receiveAll(listener: Listener<ClientMessage>): Disposable {
    assertNoSchema(listener);
    assertListener(listener);
    return this.#listeners.add(listener);
  }

  /** Adds a listener for messages with one of these names, with or without a schema. */
  receive(
    names: string | readonly string[],
    listener: Listener<ClientMessage>,
    schema: Schema | undefined,
  ): Disposable {
    for (const name of [names].flat()) {
      const subject = `Cannot receive message ${JSON.stringify(name)}`;
      assertFree(subject, name);
      assertNamed(subject, this.#contract?.messages, name);
      assertNoOwnSchema(subject, this.#contract, schema);
    }
    assertNoSchema(listener);
    assertListener(listener);
    for (const name of [names].flat()) this.#metrics.messages.add(name);
    if (schema === undefined) return this.#listeners.add(names, listener);
    assertSchema("Cannot receive messages", "schema", schema);
    return this.#listeners.add(names, checkedListener(schema, listener));
  }

  /** Adds an operation. */
  operation(
    name: string,
    handler: OperationHandler<OperationContext, never>,
    schemas: OperationSchemas | undefined,
  ): Disposable {
    const subject = `Cannot register operation ${JSON.stringify(name)}`;
    assertFree(subject, name);
    assertNamed(subject, this.#contract?.operations, name);
    assertNoOwnSchema(subject, this.#contract, schemas);
    const entry = ownEntry(this.#contract?.operations ?? {}, name);
    if (entry === undefined) return this.operations.add(name, handler, schemas);
    assertKind(subject, entry, handler);
    // With a contract, a handler can throw only the errors that are declared.
    const { requires: _, ...rest } = entry;
    const declared = { ...rest, errors: errorsOf(entry) };
    return this.operations.add(name, handler, declared);
  }
}

/** Rejects a schema in place of the listener, because schemas of arktype are functions. */
function assertNoSchema(listener: unknown): void {
  if (!isSchema(listener)) return;
  throw new TypeError(
    "Cannot receive messages: the listener is missing. Pass it after the schema.",
  );
}

/** Rejects a generator if the contract has no `yields`, because clients expect one result. */
function assertKind(
  subject: string,
  { output, yields }: OperationSchemas,
  handler: unknown,
): void {
  const hasKind = output !== undefined || yields !== undefined;
  if (hasKind || !isAsyncGenerator(handler)) return;
  throw new TypeError(
    `${subject}: the handler is a generator, and the contract has no 'yields' for it. Add 'yields' to the contract.`,
  );
}
