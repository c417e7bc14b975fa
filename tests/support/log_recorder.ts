/** A logger for tests. */

import assert from "node:assert/strict";
import type { Logger } from "../../common/log_format.ts";

/** How long a test waits for a line, in milliseconds. */
const LINE_TIMEOUT = 60_000;

/** A logger that records its lines as `level line`. */
export class LogRecorder implements Logger {
  readonly lines: string[] = [];
  readonly #wake = new Set<() => void>();
  #isClosed = false;

  debug(line: string): void {
    this.#add("debug", line);
  }

  info(line: string): void {
    this.#add("info", line);
  }

  warn(line: string): void {
    this.#add("warn", line);
  }

  error(line: string): void {
    this.#add("error", line);
  }

  /** Fails everything that waits for a line, because there are no more lines. */
  close(): void {
    this.#isClosed = true;
    this.#wakeAll();
  }

  /**
   * Resolves to the first line that matches. Fails if there is none within a minute, or
   * if the recorder is closed.
   */
  async line(pattern: RegExp): Promise<string> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.#wakeAll();
    }, LINE_TIMEOUT);
    try {
      while (true) {
        const line = this.lines.find((line) => pattern.test(line));
        if (line !== undefined) return line;
        const isOver = isLate || this.#isClosed;
        assert(
          !isOver,
          `No line matches ${pattern}:\n${this.lines.join("\n")}`,
        );
        await new Promise<void>((resolve) => this.#wake.add(resolve));
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #add(level: string, line: string): void {
    this.lines.push(`${level} ${line}`);
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const resolve of this.#wake) resolve();
    this.#wake.clear();
  }
}

/** Calls a function when a logger gets the first debug line with a beginning. */
export function onFirst(
  logger: LogRecorder,
  beginning: string,
  callback: () => void,
): void {
  let isFirst = true;
  logger.debug = (line) => {
    if (!isFirst || !line.startsWith(beginning)) return;
    isFirst = false;
    callback();
  };
}
