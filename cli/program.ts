/**
 * Running a program that ends properly: at a signal, and at an error.
 *
 * @module
 */

import { HoistError } from "../common/errors.ts";
import { escapeLines } from "../common/text.ts";

/**
 * Runs a function if its module is the main program, but not if it was imported.
 *
 * The first SIGINT (Ctrl-C) or SIGTERM aborts the `AbortSignal` that the function
 * receives. When the function then returns, its `using` blocks are disposed and the
 * program ends. A second signal ends the program at once. If the function throws, the
 * error is printed and the exit code is 1.
 *
 * @param meta The `import.meta` of the module
 * @param run The function. If it throws `signal.reason`, `main` does not report an error
 * @returns A promise that resolves when the function has returned, unless a signal
 * ended the program. It never rejects
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
      console.error(describeError(error));
      Deno.exitCode = 1;
    }
  } finally {
    interruption.stopListening();
  }
  // Deno keeps the timer of a WebSocket whose last frame crossed our Close frame, and
  // with it the program, for 15 seconds.
  if (interruption.signal.aborted) Deno.exit();
}

/** The exit code of a program that SIGINT ends. */
const INTERRUPTED = 130;

/**
 * The time in milliseconds in which a second signal counts as a copy of the first.
 * Ctrl-C reaches the program from the terminal, and again from `deno task`.
 */
const COPY_WINDOW = 250;

/** Listens for the signals that ask a program to end. */
export class Interruption {
  readonly #controller = new AbortController();
  // A function, because this module is also imported where there is no `Deno`.
  readonly #names = signalNames();
  readonly #onSignal = (): void => this.#interrupt();
  #first = 0;

  constructor() {
    this.listen();
  }

  /** Listens again after `stopListening`. */
  listen(): void {
    for (const name of this.#names) {
      Deno.addSignalListener(name, this.#onSignal);
    }
  }

  /** Aborts at the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether an error is the reason of the aborted signal. */
  caused(error: unknown): boolean {
    return this.signal.aborted && error === this.signal.reason;
  }

  /** Restores the default behaviour of the signals. */
  stopListening(): void {
    for (const name of this.#names) {
      Deno.removeSignalListener(name, this.#onSignal);
    }
  }

  #interrupt(): void {
    const now = performance.now();
    if (!this.signal.aborted) {
      this.#first = now;
      this.#controller.abort();
    } else if (now - this.#first > COPY_WINDOW) {
      Deno.exit(INTERRUPTED);
    }
  }
}

/** Windows has no SIGTERM. Ctrl-Break sends SIGBREAK there. */
function signalNames(): readonly Deno.Signal[] {
  return Deno.build.os === "windows"
    ? ["SIGINT", "SIGBREAK"]
    : ["SIGINT", "SIGTERM"];
}

/** Formats an error for the user of a program: with a stack only if it is unexpected. */
export function describeError(error: unknown): string {
  if (error instanceof HoistError || isSystemError(error)) {
    return escapeLines(`error: ${error.message}`);
  }
  return escapeLines(`error: ${inspectError(error)}`);
}

/** Whether the operating system caused an error. Its stack is of no use then. */
function isSystemError(error: unknown): error is Error {
  return error instanceof Error &&
    Object.values(Deno.errors).some((kind) => error instanceof kind);
}

function inspectError(error: unknown): string {
  try {
    return Deno.inspect(error);
  } catch {
    return "an error that cannot be shown";
  }
}
