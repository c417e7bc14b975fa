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
import { abortError, type ActiveCalls } from "./active_calls.ts";
import { Call } from "./call.ts";
import { runInScope } from "./call_scope.ts";
import type { ServerContext } from "./context.ts";
import { encodeErrorResponse, OutputError } from "./error_response.ts";
import type { OperationContext } from "./message.ts";
import type { Operation } from "./registry.ts";
import { Backpressure, type StreamOutput, StreamSender } from "./streams.ts";
import type { Transport } from "./transport.ts";

/** Runs the operations that one client calls. */
export class Calls {
  readonly #context: ServerContext;
  readonly #active: ActiveCalls;
  readonly #transport: Transport;
  #output: StreamOutput | undefined;

  /**
   * Constructs a `Calls`.
   *
   * @param context The state of the server
   * @param active The calls of the client that are in progress
   * @param transport Where results are sent
   */
  constructor(
    context: ServerContext,
    active: ActiveCalls,
    transport: Transport,
  ) {
    this.#context = context;
    this.#active = active;
    this.#transport = transport;
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
    const call = new Call(this.#active, request);
    try {
      const result = call.due === undefined
        ? operation.call(request.data, call)
        : runInScope(call, () => operation.call(request.data, call));
      if (!isPromiseLike(result)) {
        return this.#sendResult(request, call, result);
      }
      this.#active.add(call);
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
    const call = new Call(this.#active, request);
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

  async #stream(
    request: StreamRequest,
    operation: Operation<OperationContext>,
    call: Call,
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
    call: Call,
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
    call: Call,
    error: unknown,
  ): void {
    const operation = describeOperation(this.#context.log.redact(name));
    if (RequestError.is(error) || OutputError.is(error)) {
      this.#transport.log.rejected(operation, error);
    } else if (!call.isAbortError(error)) {
      this.#transport.log.exception(`${operation} failed`, error);
    }
    call.end();
    const answer = call.answerTo(error);
    this.#transport.send(encodeErrorResponse(id, answer, this.#context));
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
  readonly #call: Call;

  constructor(
    call: Call,
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
