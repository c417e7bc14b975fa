/**
 * An OpenTelemetry API that fails where a test wants it to. The real one of Deno never does, but
 * programs add processors, samplers and propagators of their own.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";

const API = Symbol.for("opentelemetry.js.api.1");

const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/** What can fail */
export const PARTS = [
  ...["active", "with", "getValue", "setValue", "deleteValue"],
  ...["getTracer", "startSpan", "setAttribute", "setStatus", "end"],
  ...["inject", "extract", "getMeter", "createHistogram", "record"],
  ...["createObservableCounter", "createObservableGauge"],
  ...["addBatchObservableCallback", "removeBatchObservableCallback"],
] as const;

/** A part of the API */
export type Part = (typeof PARTS)[number];

/** A span that has begun */
export interface RecordedSpan {
  readonly name: string;
  readonly kind: number;
  readonly attributes: Record<string, unknown>;
  hasFailed: boolean;
  /** How often it was ended */
  ends: number;
}

/** A context is immutable, as that of OpenTelemetry is */
class Context {
  readonly #api: TelemetryApi;
  readonly #values: ReadonlyMap<symbol, unknown>;

  constructor(api: TelemetryApi, values: ReadonlyMap<symbol, unknown>) {
    this.#api = api;
    this.#values = values;
  }

  getValue(key: symbol): unknown {
    this.#api.visit("getValue");
    return this.#values.get(key);
  }

  setValue(key: symbol, value: unknown): Context {
    this.#api.visit("setValue");
    return new Context(this.#api, new Map([...this.#values, [key, value]]));
  }

  deleteValue(key: symbol): Context {
    this.#api.visit("deleteValue");
    const rest = [...this.#values].filter(([other]) => other !== key);
    return new Context(this.#api, new Map(rest));
  }
}

/** Registers an API for this process until it is disposed. */
export class TelemetryApi implements Disposable {
  readonly spans: RecordedSpan[] = [];
  /** The errors that the logger of OpenTelemetry got */
  readonly reported: unknown[] = [];
  /** How often each part was used */
  readonly visits = new Map<Part, number>();
  /** The callbacks that report metrics */
  readonly observed = new Set<unknown>();
  /** The parts that throw */
  readonly broken = new Set<Part>();
  readonly #storage = new AsyncLocalStorage<Context>();
  readonly #root = new Context(this, new Map());
  readonly #before = Reflect.get(globalThis, API);

  /** Registers the API, whose parts `broken` throw. */
  constructor(...broken: readonly Part[]) {
    for (const part of broken) this.broken.add(part);
    Reflect.set(globalThis, API, this.#create());
  }

  [Symbol.dispose](): void {
    Reflect.set(globalThis, API, this.#before);
  }

  /** Counts the use of a part, and throws if it is broken. */
  visit(part: Part): void {
    this.visits.set(part, (this.visits.get(part) ?? 0) + 1);
    if (this.broken.has(part)) throw new Error(`${part} is broken`);
  }

  /** Calls a function inside of a span of the application. */
  within<Result>(run: () => Result): Result {
    const key = Symbol.for("OpenTelemetry Context Key SPAN");
    const values = new Map<symbol, unknown>([[key, { name: "application" }]]);
    return this.#storage.run(new Context(this, values), run);
  }

  #active(): Context {
    return this.#storage.getStore() ?? this.#root;
  }

  #create(): object {
    const visit = (part: Part) => this.visit(part);
    return {
      diag: {
        error: (_message: string, error: unknown) => this.reported.push(error),
      },
      context: {
        active: () => {
          visit("active");
          return this.#active();
        },
        with: (context: Context, run: () => unknown) => {
          visit("with");
          return this.#storage.run(context, run);
        },
      },
      propagation: {
        inject: (
          _context: Context,
          carrier: object,
          setter: { set(carrier: object, key: string, value: string): void },
        ) => {
          visit("inject");
          setter.set(carrier, "traceparent", TRACEPARENT);
        },
        extract: (context: Context) => {
          visit("extract");
          return context;
        },
      },
      trace: {
        getTracer: () => {
          visit("getTracer");
          return { startSpan: this.#startSpan };
        },
      },
      metrics: {
        getMeter: () => {
          visit("getMeter");
          return this.#meter();
        },
      },
    };
  }

  readonly #startSpan = (
    name: string,
    { kind, attributes }: { kind: number; attributes: object },
  ): object => {
    this.visit("startSpan");
    const span: RecordedSpan = {
      name,
      kind,
      attributes: { ...attributes },
      hasFailed: false,
      ends: 0,
    };
    this.spans.push(span);
    return {
      setAttribute: (key: string, value: string) => {
        this.visit("setAttribute");
        span.attributes[key] = value;
      },
      setStatus: ({ code }: { readonly code: number }) => {
        this.visit("setStatus");
        span.hasFailed = code === 2;
      },
      end: () => {
        span.ends++;
        this.visit("end");
      },
    };
  };

  #meter(): object {
    const use = (part: Part) => () => {
      this.visit(part);
      return {};
    };
    return {
      createHistogram: () => {
        this.visit("createHistogram");
        return { record: use("record") };
      },
      createObservableCounter: use("createObservableCounter"),
      createObservableGauge: use("createObservableGauge"),
      addBatchObservableCallback: (callback: unknown) => {
        this.visit("addBatchObservableCallback");
        this.observed.add(callback);
      },
      removeBatchObservableCallback: (callback: unknown) => {
        this.visit("removeBatchObservableCallback");
        this.observed.delete(callback);
      },
    };
  }
}
