/**
 * Runs the operations that one client calls, and sends their results.
 *
 * @module
 */

import { isOwnError } from "../common/application_error.ts";
import { isPromiseLike } from "../common/async.ts";
import { ErrorCode } from "../common/codes.ts";
import { assertLength, describeOperation } from "../common/text.ts";
import type {
  OperationRequest,
  StreamRequest,
} from "../protocol/client_frames.ts";
import { encodeError } from "../protocol/encode.ts";
import { RequestError } from "../protocol/request_error.ts";
import { encodeSuccess } from "../protocol/success_frames.ts";
import { abortError, type ActiveCalls } from "./active_calls.ts";
import {
  ApplicationAnswer,
  encodeErrorResponse,
  resultOf,
} from "./error_response.ts";
import { Call } from "./call.ts";
import { runInScope } from "./call_scope.ts";
import type { ServerContext } from "./context.ts";
import type { OperationContext } from "./message.ts";
import { middlewareFailed, ObservedCall } from "./middleware.ts";
import { OutputError } from "./output_error.ts";
import type { Operation } from "./registry.ts";
import type { RequestResult } from "./request_counters.ts";
import type { RequestGate } from "./request_gate.ts";
import { Backpressure, type StreamOutput, StreamSender } from "./streams.ts";
import type { Transport } from "./transport.ts";

/** Runs the operations that one client calls. */
export class Calls {
  readonly #context: ServerContext;
  readonly #active: ActiveCalls;
  readonly #transport: Transport;
  readonly #gate: RequestGate | undefined;
  #output: StreamOutput | undefined;

  /**
   * Constructs a `Calls`.
   *
   * @param context The state of the server
   * @param active The calls of the client that are in progress
   * @param transport Where results are sent
   * @param gate Decides which calls can start; `undefined` if all can
   */
  constructor(
    context: ServerContext,
    active: ActiveCalls,
    transport: Transport,
    gate: RequestGate | undefined,
  ) {
    this.#context = context;
    this.#active = active;
    this.#transport = transport;
    this.#gate = gate;
  }

  /**
   * Runs an operation and sends its result; does not throw.
   *
   * @param request The call
   * @param now When it arrived, in milliseconds of `performance.now()`
   * @returns Resolves when the call is answered, unless it is already; does not reject
   */
  run(request: OperationRequest, now: number): void | Promise<void> {
    const call = this.#begin(request);
    call.start = now;
    try {
      const result = runInScope(call, () => this.#call(request, call));
      if (!isPromiseLike(result)) {
        return this.#sendResult(request, call, result);
      }
      this.#active.add(call);
      return Promise.resolve(result).then(
        (result) => this.#sendResult(request, call, result),
        (error) => this.#fail(request, call, error),
      );
    } catch (error) {
      return this.#fail(request, call, error);
    }
  }

  /** Runs an operation as a stream; does not throw. */
  stream(request: StreamRequest): StreamCall {
    const output = this.#output ??= this.#createOutput();
    const { id, credit, lastEventId } = request;
    const call = this.#begin(request);
    const hasIds = lastEventId !== undefined;
    const sender = new StreamSender(id, credit, output, hasIds);
    const ended = runInScope(
      call,
      () => this.#stream(request, call, sender),
    );
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

  #begin(request: OperationRequest | StreamRequest): Call {
    const call = new Call(this.#active, request);
    const { admin, telemetry } = this.#context;
    // A look at a server must not change what it measures.
    if (!this.#isOfAdmin(request)) call.observed = telemetry?.begin(request);
    call.onEnded = admin?.sink?.begin(request, this.#active.client);
    return call;
  }

  /** Calls the operation of a request, if the client is allowed to. */
  #call(request: OperationRequest, call: Call): string | PromiseLike<string> {
    const entering = this.#enter(request);
    if (entering === undefined) return this.#run(request, call);
    return entering.then(() => {
      // The client can have left, or cancelled the call, in the meantime.
      call.signal.throwIfAborted();
      return this.#run(request, call);
    });
  }

  /** Checks that a request can start. The application does not decide about those of admins. */
  #enter(
    request: OperationRequest | StreamRequest,
  ): void | Promise<void> {
    return this.#isOfAdmin(request)
      ? this.#context.admin!.enter(this.#active.client)
      : this.#gate?.enter(request);
  }

  /** Whether a request has a name of the admin contract, and the server has admins. */
  #isOfAdmin({ name }: OperationRequest | StreamRequest): boolean {
    return this.#context.admin?.covers(name) === true;
  }

  /** Whether an operation runs inside of a middleware. */
  #isObserved(request: OperationRequest | StreamRequest): boolean {
    return !this.#context.middleware.isEmpty && !this.#isOfAdmin(request);
  }

  #run(request: OperationRequest, call: Call): string | PromiseLike<string> {
    const operation = this.#find(request, call);
    if (!this.#isObserved(request)) return operation.call(request.data, call);
    return this.#runObserved(request, operation, call);
  }

  /** Runs an operation inside of the middleware. */
  async #runObserved(
    request: OperationRequest,
    operation: Operation<OperationContext>,
    call: Call,
  ): Promise<string> {
    const { contract, middleware } = this.#context;
    let json = "";
    await middleware.run(new ObservedCall(contract, request, call), {
      run: async () => {
        let result: unknown;
        const onResult = (value: unknown) => void (result = value);
        json = await operation.call(request.data, call, onResult);
        return result;
      },
      abort: () => call.abort(middlewareFailed()),
    });
    return json;
  }

  async #stream(
    request: StreamRequest,
    call: Call,
    sender: StreamSender,
  ): Promise<void> {
    const { shutdown } = this.#context;
    try {
      const entering = this.#enter(request);
      if (entering !== undefined) await entering;
      // The client can have left, or cancelled the stream, in the meantime.
      if (!sender.isStopped) await this.#runStream(request, call, sender);
      call.end();
      this.#countStream(request, call, "ok");
      // A handler can return because the server closes. The client resumes its stream then.
      if (shutdown.hasBegun && request.lastEventId !== undefined) return;
      this.#transport.send(encodeSuccess(request.id, "done"));
    } catch (error) {
      // Without an answer, the caller gets a `ConnectionClosedError`.
      if (shutdown.hasBegun && call.isAbortError(error)) {
        this.#countStream(request, call, "cancelled");
        return call.end();
      }
      await this.#fail(request, call, error);
    }
  }

  /**
   * Sends the items of a stream, inside of the middleware if there is any. Throws, and does
   * not reject, if there is no such operation: the answer is not later than that of a call.
   */
  #runStream(
    request: StreamRequest,
    call: Call,
    sender: StreamSender,
  ): Promise<unknown> {
    const operation = this.#find(request, call);
    sender.counters = call.counters;
    const { contract, middleware } = this.#context;
    const run = async () =>
      await sender.run(await operation.open(request.data, call));
    if (!this.#isObserved(request)) return run();
    return middleware.run(new ObservedCall(contract, request, call), {
      run,
      abort: () => {
        call.abort(middlewareFailed());
        sender.stop();
      },
    });
  }

  /** Returns the operation that a request calls; throws if there is none. */
  #find(
    { kind, name }: OperationRequest | StreamRequest,
    call: Call,
  ): Operation<OperationContext> {
    const { admin, registry, contract, metrics } = this.#context;
    const isOfAdmin = admin?.covers(name) === true;
    const operation = isOfAdmin
      ? admin.find(name)
      : registry.operations.find(name);
    if (operation !== undefined) {
      if (isOfAdmin) call.counters = metrics.ofAdmins;
      else if (kind === "stream") call.counters = metrics.streams.add(name);
      else call.counters = operation.counters;
      call.declared = operation.errors;
      return operation;
    }
    const isInContract = Object.hasOwn(contract?.operations ?? {}, name);
    const note = isInContract
      ? "the contract has it, but it has no handler"
      : "there is no such operation";
    throw new RequestError(ErrorCode.UNKNOWN_OPERATION, "", { note });
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
    call.counters?.count("ok", call.start);
    this.#transport.send(frame);
  }

  /** Answers a call that failed; resolves when it is answered, unless it is already. */
  #fail(
    request: OperationRequest | StreamRequest,
    call: Call,
    error: unknown,
  ): void | Promise<void> {
    if (!isOwnError(error)) {
      return this.#sendError(request, call, error);
    }
    const { maxBuffered } = this.#context.limits;
    return ApplicationAnswer.for(error, { errors: call.declared, maxBuffered })
      .then(({ answer }) => this.#sendError(request, call, answer));
  }

  #sendError(
    request: OperationRequest | StreamRequest,
    call: Call,
    error: unknown,
  ): void {
    const { id, name } = request;
    this.#countFailure(request, call, resultOf(error, call));
    runInScope(call, () => this.#logError(name, call, error));
    const answer = call.answerTo(error);
    call.end({ error: answer });
    this.#transport.send(
      ApplicationAnswer.is(answer)
        ? answer.encode(id)
        : encodeErrorResponse(id, answer, this.#context),
    );
  }

  #logError(name: string, call: Call, error: unknown): void {
    const operation = describeOperation(this.#context.log.redact(name));
    if (ApplicationAnswer.is(error)) {
      this.#transport.log.answered(operation, error);
    } else if (RequestError.is(error) || OutputError.is(error)) {
      this.#transport.log.rejected(operation, error);
    } else if (!call.isAbortError(error)) {
      this.#transport.log.exception(`${operation} failed`, error);
    }
  }

  #countFailure(
    request: OperationRequest | StreamRequest,
    call: Call,
    result: RequestResult,
  ): void {
    if (request.kind === "stream") {
      return this.#countStream(request, call, result);
    }
    const { metrics } = this.#context;
    const counters = call.counters ?? metrics.countersOf(request);
    counters.count(result, call.start);
  }

  /** Counts a stream that has ended. The length of a stream says nothing about the server. */
  #countStream(
    request: StreamRequest,
    call: Call,
    result: RequestResult,
  ): void {
    const { metrics } = this.#context;
    const { results } = call.counters ?? metrics.countersOf(request);
    const isGivenUp = call.isAborted || this.#transport.closed !== undefined;
    results[result === "ok" && isGivenUp ? "cancelled" : result]++;
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
    this.stop();
  }

  /** Stops the stream: the handler runs its `finally` block, which belongs to its call. */
  stop(): void {
    runInScope(this.#call, () => this.sender.stop());
  }

  /** Aborts the signal, so that the handler can end before the server closes. */
  shutdown(): void {
    this.#call.abort(abortError("The server is closing"));
  }
}
