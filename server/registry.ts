/**
 * What a server answers with: its listeners and operations, as its contract has them.
 *
 * @module
 */

import { mapMaybePromise } from "../common/async.ts";
import { ErrorCode } from "../common/errors.ts";
import { type JsonObject, stringifyValue } from "../common/json.ts";
import {
  assertListener,
  type Listener,
  Listeners,
} from "../common/listeners.ts";
import { describeOperation } from "../common/text.ts";
import {
  assertNamed,
  type Contract,
  type OperationSchemas,
  ownEntry,
} from "../contract/contract.ts";
import { assertOperation, assertSchema } from "../contract/define.ts";
import { check, isSchema, type Schema } from "../contract/schema.ts";
import { RequestError } from "../protocol/request_error.ts";
import { OutputError } from "./error_response.ts";
import type { Log } from "./log.ts";
import {
  ClientMessage,
  type OperationContext,
  type OperationHandler,
} from "./message.ts";
import { isAsyncIterable, StreamSource } from "./stream_source.ts";
import { checkData } from "./validate.ts";
/** A listener that is called only with messages whose data fits a schema. */
export function checkedListener(
  schema: Schema,
  listener: Listener<ClientMessage>,
): Listener<ClientMessage> {
  return (message) =>
    mapMaybePromise(
      checkData(message.data, schema),
      (data) => listener(withCheckedData(message, data)),
    );
}

/** Returns a copy of a message that has the output of its schema as its data. */
function withCheckedData(message: ClientMessage, data: unknown): ClientMessage {
  const reply = (name: string, data: JsonObject) => message.reply(name, data);
  return new ClientMessage(message.toJSON(), message.client, reply, { data });
}

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
    assertOperation(subject, "schemas", schemas);
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

  /**
   * Calls an operation. What a handler returns at once is passed on at once.
   *
   * @param name The name of an operation that exists
   * @param data The arguments
   * @param context Who called
   * @returns The JSON text of the result
   *
   * @throws {RequestError} If the arguments do not fit, or it gives a stream
   * @throws {OutputError} If the result does not fit
   * @throws What the handler or a schema throws; the promise rejects with all of these
   */
  call(
    name: string,
    data: JsonObject,
    context: Context,
  ): string | PromiseLike<string> {
    const entry = this.#entries.get(name)!;
    if (entry.kind === "stream") throw givesStream();
    return mapMaybePromise(
      this.#run(entry, data, context),
      (result) => textOf(entry, result),
    );
  }

  /**
   * Calls an operation that gives a stream.
   *
   * @returns The items, of which none was asked for yet
   *
   * @throws {RequestError} If the arguments do not fit, or it gives one result
   * @throws What the handler or a schema throws; the promise rejects with all of these
   */
  open(
    name: string,
    data: JsonObject,
    context: Context,
  ): StreamSource | PromiseLike<StreamSource> {
    const entry = this.#entries.get(name)!;
    if (entry.kind === "result") throw givesResult();
    return mapMaybePromise(
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
    return mapMaybePromise(
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
    new StreamSource(subject, result, undefined).return().catch(() => {});
    if (kind === "either") throw givesStream();
    throw new TypeError("what it returned is a stream, and has an 'output'");
  }
  if (output === undefined) return stringifyValue(result);
  return mapMaybePromise(check(output, result), ({ issues, value }) => {
    if (issues === undefined) return stringifyValue(value);
    throw new OutputError(`Cannot answer ${subject}`, "the result", issues);
  });
}

function itemsOf(
  { subject, kind, schemas: { yields } }: Entry<never>,
  result: unknown,
): StreamSource {
  if (isAsyncIterable(result)) return new StreamSource(subject, result, yields);
  if (kind === "either") throw givesResult();
  throw new TypeError("what it returned is no stream: use 'async function*'");
}

function givesStream(): RequestError {
  return new RequestError(
    ErrorCode.UNSUPPORTED_OPERATION,
    "the operation gives a stream: ask for it with 'connection.stream()'",
  );
}

function givesResult(): RequestError {
  return new RequestError(
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

/** The listeners and operations of a server. */
export class Registry {
  readonly listeners = new Listeners<ClientMessage>();
  readonly operations = new Operations<OperationContext>();
  readonly #contract: Contract | undefined;

  /**
   * Constructs a `Registry`.
   *
   * @param contract What there may be; anything if left out
   */
  constructor(contract: Contract | undefined) {
    this.#contract = contract;
  }

  /** The operations of the contract that nobody handles */
  get missing(): readonly string[] {
    const names = Object.keys(this.#contract?.operations ?? {});
    return names.filter((name) => !this.operations.has(name));
  }

  /** Adds a listener to messages of some names, whose data a schema may check. */
  receive(
    names: string | readonly string[],
    listener: Listener<ClientMessage>,
    schema: Schema | undefined,
  ): Disposable {
    for (const name of [names].flat()) {
      const subject = `Cannot receive message ${JSON.stringify(name)}`;
      assertNamed(subject, this.#contract?.messages, name);
      assertAlone(subject, this.#contract, schema);
    }
    assertNoSchema(listener);
    assertListener(listener);
    if (schema === undefined) return this.listeners.add(names, listener);
    assertSchema("Cannot receive messages", "schema", schema);
    return this.listeners.add(names, checkedListener(schema, listener));
  }

  /** Adds an operation. */
  operation(
    name: string,
    handler: OperationHandler<OperationContext, never>,
    schemas: OperationSchemas | undefined,
  ): Disposable {
    const subject = `Cannot register operation ${JSON.stringify(name)}`;
    assertNamed(subject, this.#contract?.operations, name);
    assertAlone(subject, this.#contract, schemas);
    const agreed = ownEntry(this.#contract?.operations ?? {}, name);
    if (agreed !== undefined) assertKind(subject, agreed, handler);
    return this.operations.add(name, handler, agreed ?? schemas);
  }
}

/** Those of arktype are functions, which could pass for listeners. */
function assertNoSchema(listener: unknown): void {
  if (!isSchema(listener)) return;
  throw new TypeError(
    "Cannot receive messages as there is a schema and no listener: pass one behind it",
  );
}

/** What a contract says nothing of is one result to whoever calls it. */
function assertKind(
  subject: string,
  { output, yields }: OperationSchemas,
  handler: unknown,
): void {
  const isSaid = output !== undefined || yields !== undefined;
  if (isSaid || !isAsyncGenerator(handler)) return;
  throw new TypeError(
    `${subject} as its handler is a generator, and the contract does not say what it 'yields'`,
  );
}

function assertAlone(
  subject: string,
  contract: Contract | undefined,
  schema: unknown,
): void {
  if (contract === undefined || schema === undefined) return;
  throw new TypeError(
    `${subject} with a schema of its own as the server has a contract: put it there`,
  );
}

/** Logs a warning for operations of the contract that have no handler. */
export function reportMissing(
  log: Log,
  registry: { readonly missing: readonly string[] },
): void {
  if (registry.missing.length === 0) return;
  // The application registers its handlers after this, in the same turn.
  setImmediate(() => {
    const { missing } = registry;
    if (missing.length === 0) return;
    log.warn("contract", `operations without a handler: ${missing.join(", ")}`);
  });
}
