/**
 * Functions of the application that run around all listeners and handlers:
 * `server.use()`.
 *
 * @module
 */

import { checkFunction } from "../common/check.ts";
import type { JsonObject } from "../common/json.ts";
import type { Contract } from "../contract/contract.ts";
import type { OpenContract } from "../contract/infer.ts";
import { requirementOf } from "../contract/requires.ts";
import type { AuthorizeRequest, RequestKind } from "./authorize_request.ts";
import type { Client } from "./message.ts";

/**
 * A message, a call or a stream, as a middleware sees it. `Identity` is the type of
 * `client.identity`, `Of` is the type of the contract, and `Data` is the type of
 * `client.data`.
 */
export interface MiddlewareCall<
  Identity = unknown,
  Of extends Contract = OpenContract,
  Data = unknown,
> extends AuthorizeRequest<Of> {
  /** The client that sent the message, or called the operation */
  readonly client: Client<Identity, Of, Data>;
  /** What the client sent, before its schema validates it. Do not change it. */
  readonly data: JsonObject;
  /** Aborts when the client has disconnected, or does not want the response any more */
  readonly signal: AbortSignal;
}

/**
 * Runs around the listeners to a message, or around the handler of an operation or a stream.
 *
 * @param call What the client wants
 * @param next Runs the rest: the middleware that was added later, and then the handler.
 * Resolves to the result of an operation. Resolves to `undefined` when all listeners to a
 * message have finished, or when a stream has ended. Rejects with the error of the handler
 * @returns Anything: the return value is ignored
 */
export type Middleware<
  Identity = unknown,
  Of extends Contract = OpenContract,
  Data = unknown,
> = (
  call: MiddlewareCall<Identity, Of, Data>,
  next: () => Promise<unknown>,
) => unknown;

/** What a middleware sees of a request. */
export class ObservedCall implements MiddlewareCall {
  readonly kind: RequestKind;
  readonly name: string;
  readonly requires: undefined;
  readonly data: JsonObject;
  readonly #call: Pick<MiddlewareCall, "client" | "signal">;

  /**
   * Constructs an `ObservedCall`.
   *
   * @param contract The contract of the server
   * @param request The request
   * @param call The call, which creates its signal when it is used
   */
  constructor(
    contract: Contract | undefined,
    { kind, name, data }: Pick<ObservedCall, "kind" | "name" | "data">,
    call: Pick<MiddlewareCall, "client" | "signal">,
  ) {
    this.kind = kind;
    this.name = name;
    // With a contract, its type is known to the middleware.
    this.requires = requirementOf(contract, kind, name) as undefined;
    this.data = data;
    this.#call = call;
  }

  get client(): Client {
    return this.#call.client;
  }

  get signal(): AbortSignal {
    return this.#call.signal;
  }
}

/** What the innermost middleware runs. */
export interface Handling {
  /** Runs the handler; resolves to its result. */
  run(): Promise<unknown>;
  /** Called if a middleware has failed while the handler still runs. */
  abort(): void;
}

/** The middleware of a server, in the order in which it was added. */
export class MiddlewareChain {
  // A new array for each change: a call in progress keeps its own.
  #chain: readonly { readonly run: Middleware }[] = [];

  /** Whether there is no middleware */
  get isEmpty(): boolean {
    return this.#chain.length === 0;
  }

  /**
   * Adds a middleware.
   *
   * @returns A `Disposable` that removes it
   *
   * @throws {TypeError} If it is not a function
   */
  add(middleware: Middleware | undefined): Disposable {
    const subject = "Cannot add a middleware";
    if (checkFunction(subject, "middleware", middleware) === undefined) {
      throw new TypeError(`${subject}: the function is missing. Pass one.`);
    }
    const entry = { run: middleware! };
    this.#chain = [...this.#chain, entry];
    const remove = () => {
      this.#chain = this.#chain.filter((other) => other !== entry);
    };
    return { [Symbol.dispose]: remove };
  }

  /**
   * Runs a handler inside of all middleware.
   *
   * @returns Resolves to the result of the handler, when the handler and all middleware have
   * finished
   *
   * @throws What a middleware or the handler throws
   * @throws {TypeError} If a middleware has not called `next` exactly once
   */
  run(call: MiddlewareCall, handling: Handling): Promise<unknown> {
    return runFrom(0, this.#chain, call, handling);
  }
}

async function runFrom(
  index: number,
  chain: readonly { readonly run: Middleware }[],
  call: MiddlewareCall,
  handling: Handling,
): Promise<unknown> {
  const entry = chain[index];
  if (entry === undefined) return await handling.run();
  const rest = new Rest(() => runFrom(index + 1, chain, call, handling));
  // A call of entry.run would pass the entry as `this`.
  const { run: middleware } = entry;
  try {
    await middleware(call, () => rest.run());
  } catch (error) {
    await rest.abandon(handling);
    throw error;
  }
  return await rest.finish();
}

/** What the function `next` of one middleware runs. */
class Rest {
  readonly #start: () => Promise<unknown>;
  #result: Promise<unknown> | undefined;
  #isRunning = false;
  #isClosed = false;
  #isCalledAgain = false;

  constructor(start: () => Promise<unknown>) {
    this.#start = start;
  }

  /** Runs the rest, once. */
  run(): Promise<unknown> {
    if (this.#result !== undefined || this.#isClosed) {
      this.#isCalledAgain = true;
      return ignored(Promise.reject(calledAgain()));
    }
    this.#isRunning = true;
    const running = this.#start().finally(() => this.#isRunning = false);
    return this.#result = ignored(running);
  }

  /** Returns the result of the rest, after the middleware has returned. */
  async finish(): Promise<unknown> {
    this.#isClosed = true;
    if (this.#result === undefined) throw notCalled();
    const result = await this.#result;
    if (this.#isCalledAgain) throw calledAgain();
    return result;
  }

  /** Waits until the rest has ended, after the middleware has failed. */
  async abandon(handling: Handling): Promise<void> {
    this.#isClosed = true;
    // A handler that still runs keeps its place in `maxPending`.
    if (this.#isRunning) handling.abort();
    await this.#result?.catch(() => {});
  }
}

/** Returns a promise whose rejection does not end the program if nothing awaits it. */
function ignored<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => {});
  return promise;
}

/** Makes the reason with which the signal of a handler is aborted. */
export function middlewareFailed(): DOMException {
  return new DOMException("A middleware of the server failed", "AbortError");
}

function notCalled(): TypeError {
  return new TypeError(
    "a middleware did not call next(), so that the handler did not run. Call next(), or throw an error.",
  );
}

function calledAgain(): TypeError {
  return new TypeError(
    "a middleware called next() more than once, or after it had returned. Call it once, and await it.",
  );
}
