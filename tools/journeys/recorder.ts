/**
 * Records which methods run, and on which objects.
 *
 * @module
 */

import { type CalledFunction, Inspector, type Location } from "./inspector.ts";

/** An object whose methods ran. */
export interface RecordedObject {
  /** The URL of the file with its first method */
  readonly url: string;
  /** The name of its class */
  readonly className: string;
  /** Whether the object was created since the last call of `take` */
  readonly isNew: boolean;
  /** The methods in the order of their first calls */
  readonly methods: readonly string[];
}

/** A recorded object to which methods are added. */
interface Recording extends RecordedObject {
  readonly methods: string[];
}

/** Records the calls of the methods in the files of a checkout. */
export class Recorder {
  readonly #base: string;
  readonly #inspector = new Inspector();
  readonly #known = new WeakSet<object>();
  #recordings = new Map<object, Recording>();

  /**
   * Constructs a `Recorder`.
   *
   * @param base The URL of the checkout
   */
  constructor(base: string) {
    this.#base = base;
  }

  /** Starts to collect the functions that run. */
  async start(): Promise<void> {
    await this.#inspector.send("Debugger.enable");
    await this.#inspector.startCoverage();
  }

  /** Records the methods that have run until now from their next call on. */
  async watch(): Promise<void> {
    const functions = await this.#inspector.takeCoverage(this.#base);
    const watched = functions.filter(({ calls }) => calls > 0);
    const record = (index: number, object: unknown) =>
      this.#record(watched[index]!, object);
    Object.assign(globalThis, { recordCall: record });
    for (const [index, each] of watched.entries()) {
      await this.#breakAt(each, `globalThis.recordCall(${index}, this)`);
    }
  }

  /** Returns the objects in the order of their first calls, and starts again. */
  take(): RecordedObject[] {
    const recordings = this.#recordings;
    for (const object of recordings.keys()) this.#known.add(object);
    this.#recordings = new Map();
    return [...recordings.values()];
  }

  // The condition records the call. It is never true, so the program never stops.
  async #breakAt(called: CalledFunction, condition: string): Promise<void> {
    const { url, start, end } = called;
    const script = this.#inspector.scripts.find((each) => each.url === url);
    if (script === undefined) return;
    const location = await this.#findLocation(script.scriptId, start, end);
    if (location === undefined) return;
    const breakpoint = { location, condition };
    await this.#inspector.send("Debugger.setBreakpoint", breakpoint);
  }

  /** Returns the first position in a function that accepts a breakpoint. */
  async #findLocation(
    scriptId: string,
    start: number,
    end: number,
  ): Promise<Location | undefined> {
    const { scriptSource } = await this.#inspector.send<
      { scriptSource: string }
    >("Debugger.getScriptSource", { scriptId });
    const { locations } = await this.#inspector.send<{ locations: Location[] }>(
      "Debugger.getPossibleBreakpoints",
      {
        start: { scriptId, ...positionOf(scriptSource, start) },
        end: { scriptId, ...positionOf(scriptSource, end) },
        restrictToFunction: true,
      },
    );
    return locations[0];
  }

  #record({ url, name }: CalledFunction, object: unknown): false {
    const className = classNameOf(object);
    if (className === undefined) return false;
    const owner = object as object;
    const isNew = !this.#known.has(owner);
    const recording = this.#recordings.get(owner) ??
      { url, className, isNew, methods: [] };
    this.#recordings.set(owner, recording);
    if (name !== "" && !recording.methods.includes(name)) {
      recording.methods.push(name);
    }
    return false;
  }
}

/** Returns the name of the class of an object; `undefined` for a built-in class. */
export function classNameOf(object: unknown): string | undefined {
  if (typeof object !== "object" || object === null) return undefined;
  const { constructor } = object;
  if (typeof constructor !== "function") return undefined;
  const source = Function.prototype.toString.call(constructor);
  return source.startsWith("class ") ? constructor.name : undefined;
}

/** Converts an offset in a source to the line and the column that V8 counts with. */
export function positionOf(
  source: string,
  offset: number,
): { readonly lineNumber: number; readonly columnNumber: number } {
  const lines = source.slice(0, offset).split("\n");
  const columnNumber = lines.at(-1)?.length ?? 0;
  return { lineNumber: lines.length - 1, columnNumber };
}
