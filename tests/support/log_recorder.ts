/** A logger for tests. */

import type { Logger } from "../../common/logger.ts";

/** A logger that records its lines as `level line`. */
export class LogRecorder implements Logger {
  readonly lines: string[] = [];
  readonly #wake = new Set<() => void>();

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

  /** Resolves to the first line that matches, as soon as there is one. */
  async line(pattern: RegExp): Promise<string> {
    while (true) {
      const line = this.lines.find((line) => pattern.test(line));
      if (line !== undefined) return line;
      await new Promise<void>((resolve) => this.#wake.add(resolve));
    }
  }

  #add(level: string, line: string): void {
    this.lines.push(`${level} ${line}`);
    for (const resolve of this.#wake) resolve();
    this.#wake.clear();
  }
}
