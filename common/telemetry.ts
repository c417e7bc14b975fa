/**
 * OpenTelemetry: the spans of requests, if the program has registered the OpenTelemetry API.
 * Deno registers it if `OTEL_DENO=true`, and the SDK for JavaScript does on every runtime. The
 * API is found at its global symbol, so this package depends on no other.
 *
 * @module
 */

import { errorNameOf } from "./codes.ts";

/** Where OpenTelemetry registers its API. */
const API = Symbol.for("opentelemetry.js.api.1");

/** The key of the active span in a context. */
const SPAN_KEY = Symbol.for("OpenTelemetry Context Key SPAN");

/** The name and version of the instrumentation. It is not the version of this package. */
const SCOPE = ["hoist", "1.0.0"] as const;

/** The status of a span whose request failed by a fault. */
const STATUS_ERROR = 2;

/** What a span is for: the values of `SpanKind`. */
export const SpanKind = { SERVER: 1, CLIENT: 2 } as const;

/** Which requests get a span, see the option `spans`. */
export type Spans = "linked" | "all" | "none";

/** The values of the option `spans` */
export const SPANS: readonly Spans[] = ["linked", "all", "none"];

/** The attributes of a span or of a measurement. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** The headers of a trace, as OpenTelemetry reads and writes them. */
type Carrier = Record<string, string>;

/** The parts of `Context` of OpenTelemetry that this package uses. */
interface Context {
  getValue(key: symbol): unknown;
  setValue(key: symbol, value: unknown): Context;
  deleteValue(key: symbol): Context;
}

/** The parts of `Span` of OpenTelemetry that this package uses. */
interface Span {
  setAttribute(name: string, value: string): unknown;
  setStatus(status: { readonly code: number }): unknown;
  end(): void;
}

/** The parts of `Meter` of OpenTelemetry that this package uses. */
export interface Meter {
  createHistogram(
    name: string,
    options: {
      readonly unit: string;
      readonly description: string;
      readonly advice?: {
        readonly explicitBucketBoundaries: readonly number[];
      };
    },
  ): { record(value: number, attributes: Attributes): void };
  createObservableCounter(name: string, options: InstrumentOptions): Instrument;
  createObservableGauge(name: string, options: InstrumentOptions): Instrument;
  addBatchObservableCallback(
    callback: ObserveCallback,
    instruments: readonly Instrument[],
  ): void;
  removeBatchObservableCallback(
    callback: ObserveCallback,
    instruments: readonly Instrument[],
  ): void;
}

/** The unit of an instrument, as UCUM writes it. */
export interface InstrumentOptions {
  readonly unit: string;
}

/** An instrument whose value is read when the metrics are exported. */
export type Instrument = object;

/** Reports the values of instruments. */
export type ObserveCallback = (
  result: {
    observe(
      instrument: Instrument,
      value: number,
      attributes: Attributes,
    ): void;
  },
) => void;

/** The parts of the registered API that this package uses. */
interface Api {
  readonly trace: {
    getTracer(...scope: typeof SCOPE): {
      startSpan(
        name: string,
        options: { readonly kind: number; readonly attributes: Attributes },
        context: Context,
      ): Span;
    };
  };
  readonly context: {
    active(): Context;
    with<Result>(context: Context, run: () => Result): Result;
  };
  readonly propagation: {
    inject(
      context: Context,
      carrier: Carrier,
      setter: { set(carrier: Carrier, key: string, value: string): void },
    ): void;
    extract(
      context: Context,
      carrier: Carrier,
      getter: {
        get(carrier: Carrier, key: string): string | undefined;
        keys(carrier: Carrier): string[];
      },
    ): Context;
  };
  readonly metrics?: { getMeter(...scope: typeof SCOPE): Meter };
  /** The logger of OpenTelemetry itself */
  readonly diag?: { error(message: string, error: unknown): void };
}

const SETTER = {
  set: (carrier: Carrier, key: string, value: string) =>
    void (carrier[key] = value),
};

const GETTER = {
  get: (carrier: Carrier, key: string) => carrier[key],
  keys: (carrier: Carrier) => Object.keys(carrier),
};

/**
 * Whether a value is a `traceparent` of the W3C Trace Context, version 00. Other values are
 * ignored, as the specification demands, because a trace must not break a request.
 */
export function isTraceparent(value: unknown): value is string {
  return typeof value === "string" && value.length === 55 &&
    /^00-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}$/.test(value);
}

/** A span that has begun. */
export interface StartedSpan {
  /** Names the span for the peer; `undefined` if the program does not propagate it */
  readonly traceparent: string | undefined;
  /** Calls a function inside of the span: what it starts belongs to the same trace. */
  run<Result>(run: () => Result): Result;
  /**
   * Ends the span.
   *
   * @param errorType Why the request failed; `undefined` if it did not
   */
  end(errorType?: string): void;
}

/** What a span describes. */
export interface SpanDescription {
  readonly kind: number;
  readonly attributes: Attributes;
  /** The span of the caller, in another process; by default, the active span */
  readonly traceparent?: string | undefined;
}

/**
 * Calls a function that uses OpenTelemetry. The program can add processors, samplers and
 * propagators of its own, and their errors must not break a request.
 *
 * @returns `undefined` if the function throws. The logger of OpenTelemetry gets the error
 */
export function attempt<Result>(use: () => Result): Result | undefined {
  try {
    return use();
  } catch (error) {
    report(error);
    return undefined;
  }
}

function report(error: unknown): void {
  try {
    registeredApi()?.diag?.error("Hoist cannot use OpenTelemetry", error);
  } catch {
    // The logger throws, too.
  }
}

/** Calls a function; returns what returns its result or throws its error. */
function outcomeOf<Result>(run: () => Result): () => Result {
  try {
    const result = run();
    return () => result;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

/** Starts spans with the OpenTelemetry API that the program has registered. No method throws. */
export class Telemetry {
  readonly #api: Api;

  /** Constructs a `Telemetry`. */
  constructor(api: Api) {
    this.#api = api;
  }

  /** Whether the code that runs belongs to a span */
  get hasSpan(): boolean {
    return attempt(() => this.#api.context.active().getValue(SPAN_KEY)) !==
      undefined;
  }

  /** The instruments of this package; `undefined` if the program has no metrics */
  get meter(): Meter | undefined {
    return attempt(() => this.#api.metrics?.getMeter(...SCOPE));
  }

  /**
   * Calls a function outside of the active span. A connection outlives the span that opened it,
   * and would make one endless trace of all its requests.
   */
  detach<Result>(run: () => Result): Result {
    return this.#runIn((active) => active.deleteValue(SPAN_KEY), run);
  }

  /** Names the active span for another process; `undefined` if there is none. */
  activeTraceparent(): string | undefined {
    return attempt(() => this.#traceparentOf(this.#api.context.active()));
  }

  /** Calls a function inside of a span of another process. */
  runWithin<Result>(traceparent: string, run: () => Result): Result {
    return this.#runIn((active) => this.#extract(active, traceparent), run);
  }

  /** Starts a span; returns `undefined` if OpenTelemetry throws. */
  start(name: string, description: SpanDescription): StartedSpan | undefined {
    return attempt(() => this.#start(name, description));
  }

  #start(
    name: string,
    { kind, attributes, traceparent }: SpanDescription,
  ): StartedSpan {
    const { trace, context } = this.#api;
    const active = context.active();
    const parent = traceparent === undefined
      ? active
      : this.#extract(active, traceparent);
    const span = trace.getTracer(...SCOPE)
      .startSpan(name, { kind, attributes }, parent);
    const inside = parent.setValue(SPAN_KEY, span);
    return {
      traceparent: kind === SpanKind.CLIENT
        ? attempt(() => this.#traceparentOf(inside))
        : undefined,
      run: (run) => this.#runIn(() => inside, run),
      end: (errorType) => endSpan(span, errorType),
    };
  }

  /** Calls a function once in another context, or in the active one if that fails. */
  #runIn<Result>(
    contextFor: (active: Context) => Context,
    run: () => Result,
  ): Result {
    const { context } = this.#api;
    let outcome: (() => Result) | undefined;
    attempt(() =>
      context.with(
        contextFor(context.active()),
        () => void (outcome = outcomeOf(run)),
      )
    );
    return outcome === undefined ? run() : outcome();
  }

  #extract(context: Context, traceparent: string): Context {
    return this.#api.propagation.extract(context, { traceparent }, GETTER);
  }

  #traceparentOf(context: Context): string | undefined {
    const carrier: Carrier = {};
    this.#api.propagation.inject(context, carrier, SETTER);
    const { traceparent } = carrier;
    return isTraceparent(traceparent) ? traceparent : undefined;
  }
}

function endSpan(span: Span, errorType: string | undefined): void {
  if (errorType !== undefined) attempt(() => markFailed(span, errorType));
  attempt(() => span.end());
}

function markFailed(span: Span, errorType: string): void {
  span.setAttribute("error.type", errorType);
  if (errorType !== CANCELLED) span.setStatus({ code: STATUS_ERROR });
}

function registeredApi(): Partial<Api> | null | undefined {
  return (globalThis as { readonly [API]?: Partial<Api> | null })[API];
}

let found: { readonly api: object; readonly telemetry: Telemetry } | undefined;

/**
 * Returns the OpenTelemetry of the program; `undefined` if it has none. Costs one check then.
 */
export function findTelemetry(): Telemetry | undefined {
  const api = registeredApi();
  if (!api) return undefined;
  // The parts are registered one after the other.
  const { trace, context, propagation } = api;
  if (!trace || !context || !propagation) return undefined;
  if (found?.api !== api) {
    found = { api, telemetry: new Telemetry(api as Api) };
  }
  return found.telemetry;
}

/**
 * Calls a function outside of the active span: what it starts lives longer than the span.
 */
export function detached<Result>(run: () => Result): Result {
  const telemetry = findTelemetry();
  return telemetry === undefined ? run() : telemetry.detach(run);
}

/**
 * Calls a function inside of a span of another process.
 *
 * @param traceparent Names the span; ignored if it is invalid
 * @param run The function
 */
export function continueTrace<Result>(
  traceparent: unknown,
  run: () => Result,
): Result {
  const telemetry = isTraceparent(traceparent) ? findTelemetry() : undefined;
  return telemetry === undefined
    ? run()
    : telemetry.runWithin(traceparent as string, run);
}

/**
 * Ends a span when the answer to its request arrives.
 *
 * @param isFailure Returns whether a rejection of the answer is a failure
 *
 * @returns The answer
 */
export async function endWith<Answer>(
  span: StartedSpan,
  answer: Promise<Answer>,
  isFailure: (error: unknown) => boolean = () => true,
): Promise<Answer> {
  try {
    const result = await answer;
    span.end();
    return result;
  } catch (error) {
    span.end(isFailure(error) ? errorTypeOf(error) : undefined);
    throw error;
  }
}

/** The type of an error without a known name. */
export const OTHER = "_OTHER";

/** The type of the error of a request that its caller has cancelled, which is no fault. */
export const CANCELLED = "AbortError";

/** The type of an error that the application of the server threw on purpose. */
export const APPLICATION_ERROR = "APPLICATION_ERROR";

/** Returns the type of an error, which no peer can choose. */
function errorTypeOf(error: unknown): string {
  try {
    return error instanceof Error ? typeOf(error) : OTHER;
  } catch {
    // The reason of an abort can be any value, also one with getters that throw.
    return OTHER;
  }
}

function typeOf({ name, code }: Error & { readonly code?: unknown }): string {
  if (name === "ApplicationError") return APPLICATION_ERROR;
  // A `DOMException` also has a code, of another kind.
  if (name !== "ResponseError") return name;
  return errorNameOf(Number(code)) ?? name;
}
