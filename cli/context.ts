/**
 * What a command needs from the process that runs it.
 *
 * @module
 */

/** What a command needs from the process that runs it. */
export interface CommandContext {
  /** Writes a line to standard output */
  print(line: string): void;
  /** Writes a line to standard error */
  printError(line: string): void;
  /** Reads a file */
  readTextFile(path: string): Promise<string>;
  /** Returns the permissions of a file, or `null` if the system has none */
  readFileMode(path: string): Promise<number | null>;
  /** Reads the variable `HOIST_TOKEN` without a permission prompt */
  readTokenVariable(): TokenVariable;
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
