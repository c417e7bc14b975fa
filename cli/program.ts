/**
 * Running a program that ends well: at a signal, and at an error.
 *
 * @module
 */

import { HoistError } from "../common/errors.ts";
import { inspectError } from "../server/log.ts";
/**
 * Runs a function if its module is the program, and not if another module imports it.
 *
 * At SIGINT (Ctrl-C) and SIGTERM the signal that the function gets is aborted, so
 * that it can return and its `using` blocks unwind, and then the program ends; at a
 * second one it ends at once. An error is printed and sets the exit code to 1.
 *
 * @param meta The `import.meta` of the module
 * @param run The function; what it throws because of the signal is no error
 * @returns Resolves when the function is done, unless a signal ended the program;
 * never rejects
 *
 * @example
 * ```ts
 * import { main, serve } from "@hoist/cli";
 *
 * await main(import.meta, async (signal) => {
 *   await using server = serve("test", { signal });
 *   server.receive("hello", (message) => void message.reply("hi"));
 *   await server.finished;
 * });
 * ```
 */
export async function main(
  meta: Pick<ImportMeta, "main">,
  run: (signal: AbortSignal) => void | Promise<void>,
): Promise<void> {
  if (!meta.main) return;
  const interruption = new Interruption();
  try {
    await run(interruption.signal);
  } catch (error) {
    if (!interruption.caused(error)) {
      console.error(readable(error));
      Deno.exitCode = 1;
    }
  } finally {
    interruption.ignore();
  }
  // Whoever asked for the end should not wait for what is left behind: Deno keeps the
  // timer of a WebSocket whose last frame crossed our Close frame for 15 seconds.
  if (interruption.signal.aborted) Deno.exit();
}

// Windows knows no SIGTERM; SIGBREAK is what Ctrl-Break sends.
const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];

/** The exit code of a program that SIGINT ends. */
const INTERRUPTED = 130;

/**
 * How long a second signal counts as the echo of the first, in milliseconds: Ctrl-C
 * reaches the program from the terminal and again from `deno task`, which passes on
 * what it gets itself.
 */
const ECHO = 250;

/** Listens to the signals that ask a program to end. */
export class Interruption {
  readonly #controller = new AbortController();
  readonly #onSignal = (): void => this.#interrupt();
  #first = 0;

  constructor() {
    for (const name of SIGNALS) Deno.addSignalListener(name, this.#onSignal);
  }

  /** Aborts at the first signal */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether an error is only the echo of the first signal. */
  caused(error: unknown): boolean {
    return this.signal.aborted && error === this.signal.reason;
  }

  /** Leaves the signals to the system again. */
  ignore(): void {
    for (const name of SIGNALS) Deno.removeSignalListener(name, this.#onSignal);
  }

  #interrupt(): void {
    const now = performance.now();
    if (!this.signal.aborted) {
      this.#first = now;
      this.#controller.abort();
    } else if (now - this.#first > ECHO) {
      Deno.exit(INTERRUPTED);
    }
  }
}

/** An error as the user of a program wants to see it. */
export function readable(error: unknown): string {
  if (error instanceof HoistError || isSystemError(error)) {
    return `error: ${error.message}`;
  }
  return `error: ${inspectError(error)}`;
}

/** Whether the system said no: the stack would tell nothing more. */
function isSystemError(error: unknown): error is Error {
  return error instanceof Error &&
    Object.values(Deno.errors).some((kind) => error instanceof kind);
}
