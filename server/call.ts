/**
 * A request of a client that is in progress, as its handler or its listeners see it.
 *
 * @module
 */

import { errorMakersOf } from "../common/application_error.ts";
import { ErrorCode } from "../common/codes.ts";
import { type ErrorSchemas, NO_ERRORS } from "../contract/contract.ts";
import { RequestError } from "../protocol/request_error.ts";
import type { OnRequestEnded } from "./admin.ts";
import type { Expiring, ListedCall } from "./call_list.ts";
import type { Client, OperationContext } from "./message.ts";
import type { RequestCounters } from "./request_counters.ts";
import type { ObservedRequest } from "./telemetry.ts";

/** What a call belongs to: the calls of one client. */
export interface CallOwner {
  readonly client: Client;
  /** Why new signals are aborted; `undefined` while the connection is open */
  readonly abortReason: DOMException | undefined;
  /** Adds a call that is aborted when the connection ends. */
  watch(call: Call): void;
  /** Removes a call that has ended, or whose signal is aborted. */
  delete(call: Call): void;
}

/** What a call needs of its request. */
export interface CallRequest {
  /** The number of the request */
  readonly id: number;
  /** How long the client waits, in milliseconds */
  readonly timeout?: number;
  /** Where a stream continues: docs/reference/protocol.md, `resume` */
  readonly lastEventId?: string | null;
}

/** The time that the client allows for a call. */
interface TimeLimit {
  /** The timeout of the client, in milliseconds */
  readonly timeout: number;
  /** When it expires, in milliseconds of `performance.now()` */
  readonly due: number;
  /** When it expires, in milliseconds since the epoch */
  readonly deadline: number;
}

/** A request in progress, and the context that its handler sees. */
export class Call implements OperationContext, Expiring, ListedCall<Call> {
  /** The number of the request */
  readonly id: number;
  readonly lastEventId: string | undefined;
  /** The errors that the application can throw; `undefined` if it can throw any */
  declared: ErrorSchemas | undefined;
  /** Observes the call; `undefined` if the program does not use OpenTelemetry */
  observed: ObservedRequest | undefined;
  /** Shows the end of the call to admins; `undefined` if no admin wants to see it */
  onEnded: OnRequestEnded | undefined;
  /** Counts the call; `undefined` until the operation is known */
  counters: RequestCounters | undefined;
  /** When it arrived, in milliseconds of `performance.now()` */
  start = 0;
  older: Call | undefined;
  newer: Call | undefined;
  readonly #owner: CallOwner;
  readonly #limit: TimeLimit | undefined;
  #controller: AbortController | undefined;
  #hasEnded = false;

  /**
   * Constructs a `Call`, whose time starts at once.
   *
   * @param owner The calls of the client
   * @param request The request
   */
  constructor(owner: CallOwner, { id, timeout, lastEventId }: CallRequest) {
    this.id = id;
    this.lastEventId = lastEventId ?? undefined;
    this.#owner = owner;
    this.#limit = timeout === undefined ? undefined : startTimeLimit(timeout);
  }

  get client(): Client {
    return this.#owner.client;
  }

  get errors(): OperationContext["errors"] {
    return errorMakersOf(this.declared ?? NO_ERRORS);
  }

  get deadline(): number | undefined {
    return this.#limit?.deadline;
  }

  /** When the time of the client is over: `performance.now()`; `undefined` if it never is */
  get due(): number | undefined {
    return this.#limit?.due;
  }

  /** Whether the handler or the listeners still run */
  get isRunning(): boolean {
    return !this.#hasEnded;
  }

  // Each call has a signal of its own, which is created when it is used. One signal for
  // all calls would keep the abort listeners of ended calls as long as the connection,
  // and `AbortSignal.any` takes 100 times as long as an `AbortController`.
  get signal(): AbortSignal {
    return this.#abortController().signal;
  }

  /** Aborts the signal, unless the call has ended. */
  abort(reason: DOMException): void {
    if (this.#hasEnded) return;
    const controller = this.#abortController();
    this.#owner.delete(this);
    const abort = () => controller.abort(reason);
    // The abort listeners belong to the handler, so they belong to its span, too.
    if (this.observed === undefined) abort();
    else this.observed.run(abort);
  }

  /** Aborts the signal, because the time of the client is over; returns the reason. */
  expire(): unknown {
    const reason = new DOMException("The deadline has passed", "TimeoutError");
    this.abort(reason);
    // The signal of a call that has ended does not abort.
    return this.#controller?.signal.reason ?? reason;
  }

  /**
   * Marks the call as ended: its signal is not aborted any more.
   *
   * @param failure The error that answers the request; `undefined` if there is none
   */
  end(failure?: { readonly error: unknown }): void {
    this.#hasEnded = true;
    this.#owner.delete(this);
    const isCancelled = failure !== undefined &&
      this.isAbortError(failure.error);
    this.observed?.end(failure, isCancelled);
    this.onEnded?.(failure);
  }

  /** Whether a handler threw an error because its signal was aborted. */
  isAbortError(error: unknown): boolean {
    const signal = this.#controller?.signal;
    return signal?.aborted === true && stemsFrom(signal.reason, error);
  }

  /** Whether the caller has given the request up, or the connection has ended */
  get isAborted(): boolean {
    return this.#controller?.signal.aborted === true;
  }

  /** Returns the error that answers the request, if the handler threw `error`. */
  answerTo(error: unknown): unknown {
    const hasExpired = this.#limit !== undefined && this.isAbortError(error) &&
      this.#controller?.signal.reason.name === "TimeoutError";
    return hasExpired ? expired(this.#limit.timeout) : error;
  }

  #abortController(): AbortController {
    if (this.#controller !== undefined) return this.#controller;
    const controller = this.#controller = new AbortController();
    const { abortReason } = this.#owner;
    if (abortReason !== undefined) controller.abort(abortReason);
    else if (!this.#hasEnded) this.#watch();
    return controller;
  }

  #watch(): void {
    const isOver = this.due !== undefined && this.due <= performance.now();
    if (isOver) this.expire();
    else this.#owner.watch(this);
  }
}

function startTimeLimit(timeout: number): TimeLimit {
  return {
    timeout,
    due: performance.now() + timeout,
    deadline: Date.now() + timeout,
  };
}

/** Makes the answer to a request whose time is over: docs/reference/protocol.md, `cancel`. */
function expired(timeout: number): RequestError {
  const description =
    `the request took longer than its timeout of ${timeout} ms`;
  const data = { limit: "timeout", value: timeout };
  return new RequestError(ErrorCode.LIMIT_EXCEEDED, description, { data });
}

/** Whether an error is the reason of an abort, or was made from it. */
function stemsFrom(reason: unknown, error: unknown): boolean {
  if (error === reason) return true;
  try {
    const { name, cause } = Object(error);
    return name === "AbortError" || cause === reason;
  } catch {
    // A thrown value can have getters that throw.
    return false;
  }
}
