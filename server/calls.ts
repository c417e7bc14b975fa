/**
 * Runs the operations that one client calls, and sends their results.
 *
 * @module
 */

import { isPromiseLike } from "../common/async.ts";
import { ErrorCode } from "../common/errors.ts";
import { assertLength, describeOperation } from "../common/text.ts";
import type {
  OperationRequest,
  StreamRequest,
} from "../protocol/client_frames.ts";
import { encodeError, encodeSuccess } from "../protocol/encode.ts";
import { RequestError } from "../protocol/request_error.ts";
import { disconnected } from "./client_end.ts";
import type { ServerContext } from "./context.ts";
import { encodeErrorResponse, OutputError } from "./error_response.ts";
import type { Client, OperationContext } from "./message.ts";
import type { Operation } from "./registry.ts";
import { Backpressure, type StreamOutput, StreamSender } from "./streams.ts";
import type { Transport } from "./transport.ts";

/** Runs the operations that one client calls. */
export class Calls {
  readonly #context: ServerContext;
  readonly #client: Client;
  readonly #transport: Transport;
  /** The calls to abort when the connection ends: those whose signal is in use */
  readonly #abortable = new Set<OperationCall>();
  #output: StreamOutput | undefined;
  /** Set when the connection has ended */
  #abortReason: DOMException | undefined;

  /**
   * Constructs a `Calls`.
   *
   * @param context The state of the server
   * @param client The client that calls
   * @param transport Where results are sent
   */
  constructor(context: ServerContext, client: Client, transport: Transport) {
    this.#context = context;
    this.#client = client;
    this.#transport = transport;
  }

  /** The client that calls */
  get client(): Client {
    return this.#client;
  }

  /** Why new signals are aborted; `undefined` while the connection is open */
  get abortReason(): DOMException | undefined {
    return this.#abortReason;
  }

  /** Returns the operation that a request calls. If there is none, answers with an error. */
  find(
    { id, name }: OperationRequest | StreamRequest,
  ): Operation<OperationContext> | undefined {
    const operation = this.#context.registry.operations.find(name);
    if (operation !== undefined) return operation;
    this.#transport.log.warn("reject", this.#explain(name));
    this.#transport.send(encodeError(id, ErrorCode.UNKNOWN_OPERATION));
    return undefined;
  }

  /**
   * Runs an operation and sends its result; does not throw.
   *
   * @returns Resolves when the call is answered, unless it is already; does not reject
   */
  run(
    request: OperationRequest,
    operation: Operation<OperationContext>,
  ): void | Promise<void> {
    const call = new OperationCall(this);
    try {
      const result = operation.call(request.data, call);
      if (!isPromiseLike(result)) {
        return this.#sendResult(request, call, result);
      }
      return Promise.resolve(result).then(
        (result) => this.#sendResult(request, call, result),
        (error) => this.#sendError(request, call, error),
      );
    } catch (error) {
      return this.#sendError(request, call, error);
    }
  }

  /** Runs an operation as a stream; does not throw. */
  stream(
    request: StreamRequest,
    operation: Operation<OperationContext>,
  ): StreamCall {
    const output = this.#output ??= this.#createOutput();
    const call = new OperationCall(this);
    const sender = new StreamSender(request.id, request.credit, output);
    const ended = this.#stream(request, operation, call, sender);
    return new StreamCall(call, sender, ended);
  }

  /** Answers a request for a stream whose id belongs to a stream in progress. */
  rejectId(id: number): void {
    const data = { current: "int", needed: "int" };
    const description = '"id" is the id of a stream that has not ended';
    this.#transport.send(
      encodeError(id, ErrorCode.INVALID_CONTENT, data, description),
    );
  }

  /** Aborts the signals of all calls, because the connection has ended. */
  close(): void {
    this.#abortReason = disconnected();
    for (const call of this.#abortable) call.abort(this.#abortReason);
  }

  /** Adds a call that is aborted when the connection ends. */
  watch(call: OperationCall): void {
    this.#abortable.add(call);
  }

  /** Removes a call that has ended. */
  unwatch(call: OperationCall): void {
    this.#abortable.delete(call);
  }

  async #stream(
    request: StreamRequest,
    operation: Operation<OperationContext>,
    call: OperationCall,
    sender: StreamSender,
  ): Promise<void> {
    const { shutdown } = this.#context;
    try {
      await sender.run(await operation.open(request.data, call));
      call.end();
      this.#transport.send(encodeSuccess(request.id, "done"));
    } catch (error) {
      // Without an answer, the caller gets a `ConnectionClosedError`.
      if (shutdown.hasBegun && call.isAbortError(error)) return call.end();
      this.#sendError(request, call, error);
    }
  }

  #explain(name: string): string {
    const operation = describeOperation(this.#context.log.redact(name));
    const { operations } = this.#context.contract ?? {};
    return operations !== undefined && Object.hasOwn(operations, name)
      ? `${operation} of the contract has no handler`
      : `there is no ${operation}`;
  }

  #sendResult(
    request: OperationRequest,
    call: OperationCall,
    result: string,
  ): void {
    const { maxBuffered } = this.#context.limits;
    const frame = encodeSuccess(request.id, null, `{"result":${result}}`);
    try {
      const subject = () => "the result";
      assertLength(frame, maxBuffered, subject, "limits.maxBuffered");
    } catch (error) {
      return this.#sendError(request, call, error);
    }
    call.end();
    this.#transport.send(frame);
  }

  #sendError(
    { id, name }: OperationRequest | StreamRequest,
    call: OperationCall,
    error: unknown,
  ): void {
    const operation = describeOperation(this.#context.log.redact(name));
    if (RequestError.is(error) || OutputError.is(error)) {
      this.#transport.log.rejected(operation, error);
    } else if (!call.isAbortError(error)) {
      this.#transport.log.exception(`${operation} failed`, error);
    }
    call.end();
    this.#transport.send(encodeErrorResponse(id, error, this.#context));
  }

  #createOutput(): StreamOutput {
    const { scheduler, limits: { maxBuffered } } = this.#context;
    const transport = this.#transport;
    const backpressure = new Backpressure(transport, scheduler);
    return { transport, scheduler, backpressure, maxBuffered };
  }
}

/** A stream in progress. */
export class StreamCall {
  readonly sender: StreamSender;
  /** Resolves when the handler has ended */
  readonly ended: Promise<void>;
  readonly #call: OperationCall;

  constructor(
    call: OperationCall,
    sender: StreamSender,
    ended: Promise<void>,
  ) {
    this.#call = call;
    this.sender = sender;
    this.ended = ended;
  }

  /** Stops the stream, because the client does not want any more items. */
  cancel(): void {
    this.#call.abort(abortError("The client has cancelled the stream"));
    this.sender.stop();
  }

  /** Aborts the signal, so that the handler can end before the server closes. */
  shutdown(): void {
    this.#call.abort(abortError("The server is closing"));
  }
}

function abortError(message: string): DOMException {
  return new DOMException(message, "AbortError");
}

/** A call in progress, and the context that its handler sees. */
export class OperationCall implements OperationContext {
  readonly #calls: Calls;
  #controller: AbortController | undefined;
  #hasEnded = false;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  get client(): Client {
    return this.#calls.client;
  }

  // Each call has a signal of its own, which is created when it is used. One signal for
  // all calls would keep the abort listeners of ended calls as long as the connection,
  // and `AbortSignal.any` takes 100 times as long as an `AbortController`.
  get signal(): AbortSignal {
    return this.#abortController().signal;
  }

  /** Aborts the signal, unless the call has ended. */
  abort(reason: DOMException): void {
    if (!this.#hasEnded) this.#abortController().abort(reason);
  }

  /** Marks the call as ended: its signal is not aborted any more. */
  end(): void {
    this.#hasEnded = true;
    if (this.#controller !== undefined) this.#calls.unwatch(this);
  }

  /** Whether a handler threw an error because its signal was aborted. */
  isAbortError(error: unknown): boolean {
    const signal = this.#controller?.signal;
    return signal?.aborted === true && stemsFrom(signal.reason, error);
  }

  #abortController(): AbortController {
    if (this.#controller !== undefined) return this.#controller;
    const controller = this.#controller = new AbortController();
    const { abortReason } = this.#calls;
    if (abortReason !== undefined) controller.abort(abortReason);
    else if (!this.#hasEnded) this.#calls.watch(this);
    return controller;
  }
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
