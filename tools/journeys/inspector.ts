/**
 * V8's own inspector, connected to this process: precise coverage and the debugger.
 *
 * @module
 */

import { Session } from "node:inspector";

/** A function of the source, and how often it was called. */
export interface CalledFunction {
  readonly url: string;
  readonly name: string;
  /** The offsets of its first character and behind its last, in the compiled code */
  readonly start: number;
  readonly end: number;
  readonly calls: number;
}

/** A position in a script that the debugger accepts for a breakpoint. */
export interface Location {
  readonly scriptId: string;
  readonly lineNumber: number;
  readonly columnNumber?: number;
}

/** A script that V8 has parsed. */
export interface Script {
  readonly scriptId: string;
  readonly url: string;
}

/** The folder of this script, whose functions do not belong to a journey. */
const HERE = new URL("./", import.meta.url).href;

interface RawScript {
  readonly url: string;
  readonly functions: readonly {
    readonly functionName: string;
    readonly ranges: readonly {
      readonly startOffset: number;
      readonly endOffset: number;
      readonly count: number;
    }[];
  }[];
}

/** A session of the inspector. */
export class Inspector {
  readonly #session = new Session();
  /** The scripts that V8 has parsed, since the debugger is enabled */
  readonly scripts: Script[] = [];

  constructor() {
    this.#session.connect();
    this.#session.on("Debugger.scriptParsed", ({ params }) => {
      this.scripts.push(params as Script);
    });
  }

  /** Sends a command to V8. */
  send<Result>(method: string, params: object = {}): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.#session.post(method, params, (error, result) => {
      if (error) reject(error);
      else resolve(result as Result);
    });
    return promise;
  }

  /** Starts to count the calls of every function. */
  async startCoverage(): Promise<void> {
    await this.send("Profiler.enable");
    const options = { callCount: true, detailed: true };
    await this.send("Profiler.startPreciseCoverage", options);
  }

  /**
   * Returns the functions in files below a folder that have been compiled since the
   * last time.
   *
   * @param base The URL of the folder
   */
  async takeCoverage(base: string): Promise<CalledFunction[]> {
    const { result } = await this.send<{ result: RawScript[] }>(
      "Profiler.takePreciseCoverage",
    );
    return result
      .filter(({ url }) => url.startsWith(base) && !url.startsWith(HERE))
      .flatMap(functionsOf);
  }
}

function functionsOf({ url, functions }: RawScript): CalledFunction[] {
  return functions.flatMap(({ functionName: name, ranges: [range] }) => {
    if (range === undefined) return [];
    const { startOffset: start, endOffset: end, count: calls } = range;
    return [{ url, name, start, end, calls }];
  });
}
