/**
 * Calling what users pass to a client, and telling their logger what it throws.
 *
 * @module
 */

import { type Logger } from "../common/logger.ts";
/** Tells a logger what goes wrong where no caller waits; never throws. */
export class ClientLog {
  readonly #logger: Pick<Logger, "warn" | "error">;

  /**
   * Constructs a `ClientLog`.
   *
   * @param logger The logger, which may throw and reject
   */
  constructor(logger: Pick<Logger, "warn" | "error">) {
    this.#logger = logger;
  }

  /** Runs a function of the user; resolves when that is done, and never rejects. */
  async run(callback: () => unknown): Promise<void> {
    try {
      await callback();
    } catch (error) {
      this.report(error);
    }
  }

  /** A function of the user has thrown. */
  report(error: unknown): void {
    this.#log("error", `a listener failed\n${describe(error, stackOf)}`);
  }

  /** A message was not handed out, as it is not as it has to be. */
  ignore(error: unknown): void {
    this.#log("warn", `ignored a message\n${describe(error, messageOf)}`);
  }

  /** Something is odd. */
  warn(text: string): void {
    this.#log("warn", text);
  }

  /** A logger that fails must not end the program, and nobody is left to be told. */
  #log(level: "warn" | "error", text: string): void {
    try {
      const result: unknown = this.#logger[level](`Hoist: ${text}`);
      if (result instanceof Promise) result.catch(() => {});
    } catch {
      return;
    }
  }
}

/** What is told of an error, whatever was thrown. */
function describe(error: unknown, tell: (error: Error) => string): string {
  try {
    return error instanceof Error ? tell(error) : String(error);
  } catch {
    return "what was thrown cannot be shown";
  }
}

/** An error with its stack, in every runtime. */
function stackOf(error: Error): string {
  return error.stack ?? String(error);
}

function messageOf({ message }: Error): string {
  return message;
}
