/**
 * The problems that one process has found.
 *
 * @module
 */

/** The number of problems that are reported in full; the others only count. */
const MAX_REPORTED = 10;

/** The problems in a report. */
export interface Finding {
  readonly count: number;
  /** The first problems */
  readonly texts: readonly string[];
}

/** Merges the problems of two processes. */
export function merge(one: Finding, other: Finding): Finding {
  return {
    count: one.count + other.count,
    texts: [...one.texts, ...other.texts].slice(0, MAX_REPORTED),
  };
}

/** Collects problems. */
export class Problems {
  #count = 0;
  readonly #texts: string[] = [];

  /** Adds a problem. */
  add(text: string): void {
    this.#count++;
    if (this.#texts.length < MAX_REPORTED) this.#texts.push(text);
  }

  /** Returns the problems so far. */
  get finding(): Finding {
    return { count: this.#count, texts: [...this.#texts] };
  }

  /** Adds uncaught errors of this process, which continues. */
  watch(): void {
    globalThis.addEventListener("unhandledrejection", (event) => {
      event.preventDefault();
      this.add(`unhandled rejection: ${Deno.inspect(event.reason)}`);
    });
    globalThis.addEventListener("error", (event) => {
      event.preventDefault();
      this.add(`uncaught error: ${Deno.inspect(event.error)}`);
    });
  }
}
