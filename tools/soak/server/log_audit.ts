/**
 * Checks the server's log: forbidden content, and the number of connections.
 *
 * @module
 */

import type { Logger } from "@hoist/cli";
import type { Problems } from "../problems.ts";

/** Expected lines of the level `error`: these handlers throw "requested error". */
const EXPECTED =
  /^error: [^\n]*(["']fail["']|onConnect failed)[^]*requested error/;

/** The address of a client in a line about its connection; a proxy sends no port. */
const ADDRESS = /\d+\.[\d.]+(?::\d+)?/;

/** A logger that only counts. */
export class LogAudit implements Logger {
  /** The number of connections that were logged when they began */
  begun = 0;
  /** The number of these connections that ended */
  ended = 0;
  /** The number of lines of the level `warn` */
  warnings = 0;
  /** The connections that have not ended, by their address */
  readonly #open = new Map<string, number>();
  readonly #problems: Problems;
  readonly #secret: string;

  /**
   * Constructs a `LogAudit`.
   *
   * @param problems Receives the lines that must not occur
   * @param secret The string that no line must contain
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
    if (line.startsWith("connect: ")) this.#connected(addressIn(line));
    if (line.startsWith("disconnect: ")) this.#disconnected(addressIn(line));
  }

  warn(line: string): void {
    this.#inspect(line);
    this.warnings++;
  }

  error(line: string): void {
    this.#inspect(line);
    if (!EXPECTED.test(line)) this.#problems.add(`logged: ${line}`);
  }

  #connected(address: string): void {
    this.begun++;
    this.#open.set(address, this.#openOf(address) + 1);
  }

  /** The server omits lines "connect" if there are too many, but not their lines "disconnect". */
  #disconnected(address: string): void {
    const open = this.#openOf(address);
    if (open === 0) return;
    this.ended++;
    if (open === 1) this.#open.delete(address);
    else this.#open.set(address, open - 1);
  }

  #openOf(address: string): number {
    return this.#open.get(address) ?? 0;
  }

  #inspect(line: string): void {
    if (!line.includes(this.#secret)) return;
    this.#problems.add(`a log line contains the token: ${line}`);
  }
}

function addressIn(line: string): string {
  return ADDRESS.exec(line)?.[0] ?? line;
}
