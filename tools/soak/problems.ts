/**
 * What was found wrong, in one process.
 *
 * @module
 */

/** How many are told in words; the others only count. */
const MAX_TOLD = 10;

/** What was found wrong, as one process tells it to another. */
export interface Finding {
  readonly count: number;
  /** The first of them */
  readonly texts: readonly string[];
}

/** What two processes have found. */
export function merge(one: Finding, other: Finding): Finding {
  return {
    count: one.count + other.count,
    texts: [...one.texts, ...other.texts].slice(0, MAX_TOLD),
  };
}

/** Collects what is found wrong. */
export class Problems {
  #count = 0;
  readonly #texts: string[] = [];

  /** Adds something that is wrong. */
  add(text: string): void {
    this.#count++;
    if (this.#texts.length < MAX_TOLD) this.#texts.push(text);
  }

  /** What was found until now. */
  get finding(): Finding {
    return { count: this.#count, texts: [...this.#texts] };
  }

  /** Adds what nobody catches in this process, which goes on. */
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
