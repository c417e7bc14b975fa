/**
 * The calls of one client: running operations and sending what comes of it.
 *
 * @module
 */

import { isPromiseLike } from "../common/async.ts";
import { ErrorCode } from "../common/errors.ts";
import { assertLength, describeOperation } from "../common/text.ts";
import {
  type CancelFrame,
  type CreditFrame,
  type OperationRequest,
  type StreamRequest,
} from "../protocol/client_frames.ts";
import { encodeError, encodeSuccess } from "../protocol/encode.ts";
import { RequestError } from "../protocol/request_error.ts";
import { type RequestClient, type RequestHost } from "./context.ts";
import { encodeErrorResponse, OutputError } from "./error_response.ts";
import { type Client, type OperationContext } from "./message.ts";
import { Backpressure, StreamSender, type StreamSink } from "./streams.ts";
/** The most that a frame with several items has, in UTF-16 units. */
const MAX_UNITS = 8_192;

/** The most that a frame has besides its items, in bytes. */
const FRAME_LENGTH = 300;

/** What would have to be raised for what is larger. */
const BUFFER = "limits.maxBuffered";

/** What is wrong with a number that is in use: protocol.md, "Frames", code 2. */
const IN_USE = { current: "int", needed: "int" };

/** A stream that is under way. */
interface Stream {
  readonly pump: StreamSender;
  readonly call: OperationCall;
  /** Resolves when the handler has come to its end */
  ended: Promise<void>;
}

/** Answers the calls of one client. */
export class Calls {
  readonly #host: RequestHost;
  readonly #client: RequestClient;
  readonly #departure = new Departure();
  /** By the numbers of the requests that began them; most clients have none. */
  #streams: Map<number, Stream> | undefined;
  #room: Backpressure | undefined;
  #isWindingDown = false;

  constructor(host: RequestHost, client: RequestClient) {
    this.#host = host;
    this.#client = client;
  }

  /**
   * Answers a call: protocol.md, "3. An operation"; never throws.
   *
   * @returns Resolves when it is answered, unless it is already; never rejects
   */
  answer(request: OperationRequest): void | Promise<void> {
    if (!this.#isOffered(request)) return;
    const { operations } = this.#host;
    const call = new OperationCall(this.#client, this.#departure);
    try {
      const result = operations.call(request.name, request.data, call);
      if (!isPromiseLike(result)) {
        return this.#sendResult(request, call, result);
      }
      return Promise.resolve(result).then(
        (result) => this.#sendResult(request, call, result),
        (error) => this.#sendFailure(request, call, error),
      );
    } catch (error) {
      return this.#sendFailure(request, call, error);
    }
  }

  /**
   * Answers a call that wants a stream: docs/protocol.md, `stream`; never throws.
   *
   * @returns Resolves when the stream has ended; never rejects
   */
  async stream(request: StreamRequest): Promise<void> {
    if (!this.#isOffered(request)) return;
    const { id, credit } = request;
    const streams = this.#streams ??= new Map<number, Stream>();
    if (streams.has(id)) {
      // Two streams of one number could not be told apart.
      const description = '"id" is that of a stream that has not ended';
      return this.#client.send(
        encodeError(id, ErrorCode.INVALID_CONTENT, IN_USE, description),
      );
    }
    const call = new OperationCall(this.#client, this.#departure);
    const pump = new StreamSender(credit, this.#sinkOf(request));
    const ended = this.#run(request, call, pump);
    streams.set(id, { pump, call, ended });
    await ended;
    streams.delete(id);
  }

  /** Whether a client says what it is only fair to say; it is not counted then. */
  isDue(frame: CreditFrame | CancelFrame): boolean {
    const pump = this.#streams?.get(frame.id)?.pump;
    return pump?.isDue(frame.kind === "credit" ? frame.credit : 0) ?? false;
  }

  /** The client takes more items of a stream, or no more; it may have ended by then. */
  control(frame: CreditFrame | CancelFrame): void {
    const stream = this.#streams?.get(frame.id);
    if (stream === undefined) return;
    if (frame.kind === "credit") return stream.pump.grant(frame.credit);
    stream.call.abort(abortError("The client takes no more items"));
    stream.pump.stop();
  }

  /** The server begins to close: streams that look at their signal may end well. */
  beginShutdown(): void {
    this.#isWindingDown = true;
    for (const { call } of this.#streams?.values() ?? []) {
      call.abort(abortError("The server closes"));
    }
  }

  /**
   * The client has left.
   *
   * @returns Resolves when the handlers of all streams have come to their end
   */
  async end(): Promise<void> {
    this.#departure.happen(abortError("The client has left"));
    const streams = [...this.#streams?.values() ?? []];
    for (const { pump } of streams) pump.stop();
    await Promise.all(streams.map(({ ended }) => ended));
  }

  async #run(
    request: StreamRequest,
    call: OperationCall,
    pump: StreamSender,
  ): Promise<void> {
    const { id, name, data } = request;
    try {
      await pump.run(await this.#host.operations.open(name, data, call));
      call.end();
      this.#client.send(encodeSuccess(id, "done"));
    } catch (error) {
      // Its caller then learns what is true: that the connection ends, and not why.
      if (this.#isWindingDown && call.isReason(error)) return call.end();
      this.#sendFailure(request, call, error);
    }
  }

  /** Whether the client may call this; it is told if not. */
  #isOffered({ id, name }: OperationRequest | StreamRequest): boolean {
    if (this.#host.operations.has(name)) return true;
    this.#client.log.warn("error", this.#explain(name));
    this.#client.send(encodeError(id, ErrorCode.UNKNOWN_OPERATION));
    return false;
  }

  #explain(name: string): string {
    const operation = this.#host.log.redact(describeOperation(name));
    const { operations } = this.#host.contract ?? {};
    return operations !== undefined && Object.hasOwn(operations, name)
      ? `${operation} of the contract has no handler`
      : `there is no ${operation}`;
  }

  #sendResult(
    request: OperationRequest,
    call: OperationCall,
    result: string,
  ): void {
    const { maxBuffered } = this.#host.limits;
    const frame = encodeSuccess(request.id, null, `{"result":${result}}`);
    try {
      assertLength(frame, maxBuffered, () => "the result", BUFFER);
    } catch (error) {
      return this.#sendFailure(request, call, error);
    }
    call.end();
    this.#client.send(frame);
  }

  #sendFailure(
    { id, name }: OperationRequest | StreamRequest,
    call: OperationCall,
    error: unknown,
  ): void {
    const { log } = this.#client;
    const operation = this.#host.log.redact(describeOperation(name));
    if (RequestError.is(error) || OutputError.is(error)) {
      log.refusal(operation, error);
    } else if (!call.isReason(error)) {
      log.exception(`${operation} failed`, error);
    }
    call.end();
    this.#client.send(encodeErrorResponse(id, error, this.#host));
  }

  /** Where the items of a stream go. */
  #sinkOf({ id }: StreamRequest): StreamSink {
    // The other half of the room is for what cannot wait.
    const most = Math.floor(this.#host.limits.maxBuffered / 2);
    const fitting = Math.floor((most - FRAME_LENGTH) / 3);
    const encode = (items: readonly string[]) =>
      encodeSuccess(id, "items", `{"items":[${items.join()}]}`);
    return {
      maxUnits: Math.min(MAX_UNITS, fitting),
      assertFits: (item) => {
        // Most are that short, and need not be encoded for it.
        if (item.length <= fitting) return;
        assertLength(encode([item]), most, () => "an item", BUFFER);
      },
      send: (items) => this.#client.send(encode(items)),
      room: this.#room ??= this.#makeRoom(),
      defer: (turn) => this.#host.turns.add(turn),
    };
  }

  /** The room that all streams of the client share. */
  #makeRoom(): Backpressure {
    const client = this.#client;
    return new Backpressure({
      hasCapacity: (units) => client.hasCapacity(units + FRAME_LENGTH),
      moment: () => client.moment(),
    }, this.#host.turns);
  }
}

/** What a handler is told whose result nobody waits for any more. */
function abortError(message: string): DOMException {
  return new DOMException(message, "AbortError");
}

/** What the calls of one client hear of together: that it has left. */
export class Departure {
  /** Those whose handlers want to know. */
  readonly #calls = new Set<OperationCall>();
  #reason: unknown;

  /** Why the client has left; `undefined` as long as it has not */
  get reason(): unknown {
    return this.#reason;
  }

  /** The handler of a call wants to know. */
  watch(call: OperationCall): void {
    this.#calls.add(call);
  }

  /** The call is over. */
  forget(call: OperationCall): void {
    this.#calls.delete(call);
  }

  /** The client has left. */
  happen(reason: unknown): void {
    this.#reason = reason;
    for (const call of this.#calls) call.abort(reason);
  }
}

/** A call that is under way. */
export class OperationCall implements OperationContext {
  readonly client: Client;
  readonly #departure: Departure;
  #controller: AbortController | undefined;
  #hasEnded = false;

  /**
   * Constructs an `OperationCall`.
   *
   * @param client Who called
   * @param departure Tells when it leaves
   */
  constructor(client: Client, departure: Departure) {
    this.client = client;
    this.#departure = departure;
  }

  get signal(): AbortSignal {
    // Made when asked for: most handlers are done before anyone could leave.
    return this.#watched().signal;
  }

  /** Nobody waits for the result any more. */
  abort(reason: unknown): void {
    if (!this.#hasEnded) this.#watched().abort(reason);
  }

  /** The result is there. */
  end(): void {
    this.#hasEnded = true;
    this.#departure.forget(this);
  }

  /** Whether a handler has thrown because it was told to give up. */
  isReason(error: unknown): boolean {
    const signal = this.#controller?.signal;
    return signal?.aborted === true && stemsFrom(signal.reason, error);
  }

  #watched(): AbortController {
    if (this.#controller !== undefined) return this.#controller;
    const controller = this.#controller = new AbortController();
    const { reason } = this.#departure;
    // Whoever asks late must not wait for what has happened.
    if (reason !== undefined) controller.abort(reason);
    else if (!this.#hasEnded) this.#departure.watch(this);
    return controller;
  }
}

/** Whether an error is the reason of an abort, or what others make of it. */
function stemsFrom(reason: unknown, error: unknown): boolean {
  if (error === reason) return true;
  try {
    const { name, cause } = Object(error);
    return name === "AbortError" || cause === reason;
  } catch {
    // What a handler throws may throw by itself when somebody looks at it.
    return false;
  }
}
