/**
 * What a command needs from the process that runs it.
 *
 * @module
 */

import type { connect } from "../client.ts";
import type { Terminal } from "./terminal.ts";

/** What a command needs from the process that runs it. */
export interface CommandContext {
  /** Connects to a server */
  readonly connect: typeof connect;
  /** Writes a line to standard output */
  print(line: string): void;
  /** Writes a line to standard error */
  printError(line: string): void;
  /** Writes a string to standard error, without a line break. No collector gets it */
  writeError(text: string): void;
  /** Reads a file */
  readTextFile(path: string): Promise<string>;
  /** Returns the permissions of a file, or `null` if the system has none */
  readFileMode(path: string): Promise<number | null>;
  /** Reads the variable `HOIST_TOKEN` without a permission prompt */
  readTokenVariable(): TokenVariable;
  /** Reads the variable `HOIST_BROKER`; `undefined` if the permission is missing */
  readBrokerVariable(): string | undefined;
  /** Reads the variable `HOIST_URL`; `undefined` if the permission is missing */
  readUrlVariable(): string | undefined;
  /** Reads the standard input until its end */
  readInput(): Promise<string>;
  /** Asks the user for a secret; `null` if there is no terminal */
  askSecret(question: string): Promise<string | null>;
  /** Returns the terminal for a live view; `null` if there is none */
  openTerminal(): Promise<Terminal | null>;
  /** Whether standard output shows colors: it is a terminal, and `NO_COLOR` is not set */
  readonly hasColors: boolean;
  /**
   * Aborts when nothing reads the standard output any more. If it cannot be written for another
   * reason, a `HoistError` is the reason
   */
  readonly outputClosed: AbortSignal;
  /** Whether standard error is a terminal */
  readonly isTerminal: boolean;
  /** Aborts when the user wants the program to end */
  readonly signal: AbortSignal;
}

/** The variable `HOIST_TOKEN`. */
export interface TokenVariable {
  /** Whether the permission to read it is missing */
  readonly isDenied: boolean;
  /** Its value, if it exists and the program can read it */
  readonly token?: string | undefined;
}
