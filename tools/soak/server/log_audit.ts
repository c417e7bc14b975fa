/**
 * Reading the server's log: what must not be in it, and what must add up.
 *
 * @module
 */

import type { Logger } from "@hoist/cli";
import type { Problems } from "../problems.ts";

/** Lines of level `error` that the clients have coming. */
const EXPECTED =
  /^error: .*: (?:operation|a listener to message) "fail" failed(?: \(\d+ lines before this one are left out\))?\n/;

/** A logger that keeps nothing but counts. */
export class LogAudit implements Logger {
  /** Connections that began */
  begun = 0;
  /** Connections that ended */
  ended = 0;
  /** Lines of level `warn` */
  warnings = 0;
  readonly #problems: Problems;
  readonly #secret: string;

  /**
   * Constructs an `LogAudit`.
   *
   * @param problems Where lines go that must not be there
   * @param secret What no line may hold
   */
  constructor(problems: Problems, secret: string) {
    this.#problems = problems;
    this.#secret = secret;
  }

  debug(line: string): void {
    this.#inspect(line);
  }

  info(line: string): void {
    this.#inspect(line);
    if (line.startsWith("connect: ")) this.begun++;
    if (line.startsWith("disconnect: ")) this.ended++;
  }

  warn(line: string): void {
    this.#inspect(line);
    this.warnings++;
  }

  error(line: string): void {
    this.#inspect(line);
    if (!EXPECTED.test(line)) this.#problems.add(`logged: ${line}`);
  }

  #inspect(line: string): void {
    if (!line.includes(this.#secret)) return;
    this.#problems.add(`logged the token: ${line}`);
  }
}
