/**
 * The log of a client: it reports the errors that no caller can catch.
 *
 * @module
 */

import { formatError } from "../common/format_error.ts";
import type { Logger } from "../common/logger.ts";

/** Reports to the logger of the application; never throws. */
export class ClientLog {
  readonly #logger: Pick<Logger, "warn" | "error">;

  /**
   * Constructs a `ClientLog`.
   *
   * @param logger The logger, which can throw or reject
   */
  constructor(logger: Pick<Logger, "warn" | "error">) {
    this.#logger = logger;
  }

  /** Runs a callback of the application and reports its error; never rejects. */
  async run(callback: () => unknown): Promise<void> {
    try {
      await callback();
    } catch (error) {
      this.report(error);
    }
  }

  /** Reports the error of a callback of the application. */
  report(error: unknown): void {
    this.#log("error", `a listener failed\n${formatError(error)}`);
  }

  /** Reports that an invalid message was not passed to the listeners. */
  ignore(error: unknown): void {
    this.#log("warn", `ignored a message\n${messageOf(error)}`);
  }

  /** Logs a warning. */
  warn(message: string): void {
    this.#log("warn", message);
  }

  /** If the logger fails, nothing can report that, and it must not end the process. */
  #log(level: "warn" | "error", message: string): void {
    try {
      const result: unknown = this.#logger[level](`Hoist: ${message}`);
      if (result instanceof Promise) result.catch(() => {});
    } catch {
      return;
    }
  }
}

/** Returns the message of a failed validation; never throws. */
function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return "the thrown value cannot be converted to a string";
  }
}
