/**
 * The spans and the durations of the requests of clients, for OpenTelemetry.
 *
 * @module
 */

import { checkOneOf } from "../common/check.ts";
import { errorNameOf } from "../common/codes.ts";
import {
  APPLICATION_ERROR,
  attempt,
  type Attributes,
  CANCELLED,
  findTelemetry,
  type InstrumentOptions,
  type Meter,
  type ObserveCallback,
  OTHER,
  SpanKind,
  SPANS,
  type Spans,
  type StartedSpan,
  type Telemetry,
} from "../common/telemetry.ts";
import { RequestError } from "../protocol/request_error.ts";
import { ApplicationAnswer } from "./error_response.ts";
import type { Metrics } from "./metrics.ts";

/** The options of a server for OpenTelemetry. */
export interface TelemetryOptions {
  /**
   * Which requests of clients get a span, if the program uses OpenTelemetry (on Deno, with
   * `OTEL_DENO=true`): those that belong to a span of the client (`"linked"`), all of them, or
   * none.
   *
   * @default {"linked"}
   */
  readonly spans?: "linked" | "all" | "none" | undefined;
}

/** The keys of {@linkcode TelemetryOptions} */
export const TELEMETRY_KEYS: Readonly<Record<keyof TelemetryOptions, true>> = {
  spans: true,
};

/** Checks the options, and adds the defaults. */
export function resolveTelemetryOptions(
  subject: string,
  { spans = "linked" }: TelemetryOptions,
): { readonly spans: Spans } {
  return { spans: checkOneOf(subject, "spans", spans, SPANS) };
}

/** The value of `rpc.system.name` */
const SYSTEM = "hoist";

/** The bounds that the conventions of OpenTelemetry recommend, in seconds. */
const BOUNDS = [
  ...[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75],
  ...[1, 2.5, 5, 7.5, 10],
];

/** What telemetry needs of a request. */
export interface TracedRequest {
  readonly kind: "message" | "operation" | "stream";
  readonly name: string;
  /** The span of the caller */
  readonly traceparent?: string | undefined;
}

/** Whether a handler or the contract has the name of a request. */
export type NameCheck = (request: TracedRequest) => boolean;

/** The attributes of a request. */
type RequestAttributes = Attributes & { readonly "rpc.method": string };

/** Observes the requests of the clients of one server. */
export class ServerTelemetry {
  readonly #telemetry: Telemetry;
  readonly #spans: Spans;
  readonly #isKnown: NameCheck;
  readonly #durations: ReturnType<Meter["createHistogram"]> | undefined;
  #stop: (() => void) | undefined;

  /**
   * Constructs a `ServerTelemetry`.
   *
   * @param telemetry The OpenTelemetry of the program
   * @param spans Which requests get a span
   * @param isKnown Clients choose the names of requests, and must not choose attributes
   */
  constructor(telemetry: Telemetry, spans: Spans, isKnown: NameCheck) {
    this.#telemetry = telemetry;
    this.#spans = spans;
    this.#isKnown = isKnown;
    this.#durations = attempt(() =>
      telemetry.meter?.createHistogram("rpc.server.call.duration", {
        unit: "s",
        description: "Duration of the requests of clients.",
        advice: { explicitBucketBoundaries: BOUNDS },
      })
    );
  }

  /** Exports the metrics of the server until `close`. Does nothing if it already does. */
  export(metrics: Pick<Metrics, "snapshot">, nodeId: string): void {
    const { meter } = this.#telemetry;
    if (meter === undefined || this.#stop !== undefined) return;
    this.#stop = attempt(() => exportMetrics(meter, metrics, nodeId));
  }

  /** Ends the export of the metrics. */
  close(): void {
    attempt(() => this.#stop?.());
    this.#stop = undefined;
  }

  /** Observes a request from now on. */
  begin(request: TracedRequest): ObservedRequest {
    const attributes = this.#attributesOf(request);
    return new ObservedRequest(
      attributes,
      this.#startSpan(request, attributes),
      this.#durations,
    );
  }

  /** Starts the span of a request of the server to a client; `undefined` if it gets none. */
  startRequest(name: string): StartedSpan | undefined {
    const isTraced = this.#spans === "all" ||
      (this.#spans === "linked" && this.#telemetry.hasSpan);
    if (!isTraced) return undefined;
    const attributes = { "rpc.system.name": SYSTEM, "rpc.method": name };
    return this.#telemetry.start(name, { kind: SpanKind.CLIENT, attributes });
  }

  #attributesOf(request: TracedRequest): RequestAttributes {
    const method = this.#isKnown(request) ? request.name : OTHER;
    return { "rpc.system.name": SYSTEM, "rpc.method": method };
  }

  #startSpan(
    { traceparent }: TracedRequest,
    attributes: RequestAttributes,
  ): StartedSpan | undefined {
    const isTraced = this.#spans === "all" ||
      (this.#spans === "linked" && traceparent !== undefined);
    if (!isTraced) return undefined;
    const kind = SpanKind.SERVER;
    const name = attributes["rpc.method"];
    return this.#telemetry.start(name, { kind, attributes, traceparent });
  }
}

/** Returns what observes requests; `undefined` if the program uses no OpenTelemetry. */
export function createTelemetry(
  spans: Spans,
  isKnown: NameCheck,
): ServerTelemetry | undefined {
  const telemetry = findTelemetry();
  return telemetry && new ServerTelemetry(telemetry, spans, isKnown);
}

/** A name of OpenTelemetry, and its unit. */
function instrumentOf(
  metric: string,
): readonly [name: string, options: InstrumentOptions] {
  const name = metric.replace("hoist_", "hoist.").replace(/_total$/, "");
  return [name, { unit: name.endsWith("_bytes") ? "By" : "1" }];
}

/**
 * Lets OpenTelemetry read the metrics of a server whenever it exports.
 *
 * @param meter Creates the instruments
 * @param metrics The metrics
 * @param nodeId The id of the server, because a process can have several
 * @returns Ends this
 */
export function exportMetrics(
  meter: Meter,
  metrics: Pick<Metrics, "snapshot">,
  nodeId: string,
): () => void {
  const { counters, gauges } = metrics.snapshot();
  const instruments = new Map([
    ...Object.keys(counters).map((name) =>
      [name, meter.createObservableCounter(...instrumentOf(name))] as const
    ),
    ...Object.keys(gauges).map((name) =>
      [name, meter.createObservableGauge(...instrumentOf(name))] as const
    ),
  ]);
  const callback: ObserveCallback = (result) => {
    const { counters, gauges } = metrics.snapshot();
    for (const [name, samples] of Object.entries({ ...counters, ...gauges })) {
      for (const { labels, value } of samples) {
        const attributes = { ...labels, "hoist.node": nodeId };
        result.observe(instruments.get(name)!, value, attributes);
      }
    }
  };
  const all = [...instruments.values()];
  meter.addBatchObservableCallback(callback, all);
  return () => meter.removeBatchObservableCallback(callback, all);
}

/** A request that telemetry observes. */
export class ObservedRequest {
  readonly #attributes: Attributes;
  readonly #span: StartedSpan | undefined;
  readonly #durations: ReturnType<Meter["createHistogram"]> | undefined;
  readonly #start = performance.now();
  #hasEnded = false;

  /** Constructs an `ObservedRequest`. */
  constructor(
    attributes: Attributes,
    span: StartedSpan | undefined,
    durations: ReturnType<Meter["createHistogram"]> | undefined,
  ) {
    this.#attributes = attributes;
    this.#span = span;
    this.#durations = durations;
  }

  /** Calls the handler inside of the span, if there is one. */
  run<Result>(handler: () => Result): Result {
    return this.#span === undefined ? handler() : this.#span.run(handler);
  }

  /**
   * Ends the request.
   *
   * @param answer The error that answers the request; `undefined` if there is none
   * @param isCancelled Whether the client has cancelled the request, or has disconnected
   */
  end(answer?: { readonly error: unknown }, isCancelled = false): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const failure = answer && errorTypeOf(answer.error);
    const errorType = isCancelled ? CANCELLED : failure;
    const seconds = (performance.now() - this.#start) / 1_000;
    const attributes = errorType === undefined
      ? this.#attributes
      : { ...this.#attributes, "error.type": errorType };
    attempt(() => this.#durations?.record(seconds, attributes));
    this.#span?.end(errorType);
  }
}

/** Returns the type of the error that a client gets: the name of its code, in most cases. */
export function errorTypeOf(error: unknown): string {
  if (ApplicationAnswer.is(error)) return APPLICATION_ERROR;
  if (!RequestError.is(error)) return "SERVER_ERROR";
  return errorNameOf(error.code) ?? OTHER;
}
