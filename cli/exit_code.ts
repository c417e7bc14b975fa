/**
 * The exit codes of a command, and its errors.
 *
 * @module
 */

import {
  ConnectError,
  HoistError,
  LoginError,
  ResponseError,
  TimeoutError,
  VersionError,
} from "../common/errors.ts";
import { escapeLines } from "../common/text.ts";
import { withFlagNames } from "./serve_flags.ts";
import type { CommandContext } from "./context.ts";
import { UsageError } from "./parse.ts";
import { describeError } from "./program.ts";

/** The exit codes of all commands: docs/reference/command_line.md. */
export const ExitCode = {
  SUCCESS: 0,
  ERROR: 1,
  USAGE: 2,
  CANNOT_CONNECT: 3,
  LOGIN_REFUSED: 4,
  TIMED_OUT: 5,
  /** Plus the code of an error frame */
  SERVER_ERROR: 64,
  INTERRUPTED: 130,
} as const;

/**
 * Runs a command that talks to a server, and reports its error.
 *
 * @returns The exit code. A closed pipe is a success: its reader has what it wanted
 */
export async function clientExitCode(
  context: Pick<
    CommandContext,
    "signal" | "outputClosed" | "printError" | "isTerminal"
  >,
  run: (signal: AbortSignal) => Promise<void>,
): Promise<number> {
  const { signal, outputClosed } = context;
  const ended = AbortSignal.any([signal, outputClosed]);
  try {
    await run(ended);
    return ExitCode.SUCCESS;
  } catch (error) {
    if (signal.aborted) {
      // The terminal has shown ^C in this line.
      if (context.isTerminal) context.printError("");
      return ExitCode.INTERRUPTED;
    }
    const isClosed = outputClosed.aborted &&
      !(outputClosed.reason instanceof HoistError);
    if (isClosed) return ExitCode.SUCCESS;
    context.printError(inCommands(describe(error, isUsage(error))));
    return clientCodeOf(error);
  }
}

/** What the errors of the library recommend, and what to do instead on the command line. */
const REMEDIES = [
  ["Call it with 'connection.operation()'", "Use 'hoist call'."],
  ["Call it with 'connection.stream()'", "Use 'hoist stream'."],
  [
    "Register a listener that calls message.reply().",
    "Register a listener that calls message.reply(). For an operation, use 'hoist call'.",
  ],
  ["Call room.join() first. ", ""],
  [
    "Add its certificate authority to the option 'caCerts'.",
    "Pass its certificate authority with --ca-cert.",
  ],
  [
    "No client with this id is connected.",
    "No client with this id is connected. List the clients with 'hoist admin clients'.",
  ],
  [
    "the client is not allowed to do this in this room",
    "the client is not allowed to do this in this room. Check the name of the room, and what the server allows this token.",
  ],
  ["or raise 'timeout'.", "or raise --timeout."],
  ["Raise 'timeout' to wait longer.", "Raise --timeout to wait longer."],
] as const;

/** Replaces what the library recommends by what helps on the command line. */
export function inCommands(message: string): string {
  return REMEDIES.reduce(
    (text, [library, command]) => text.replace(library, command),
    message,
  );
}

function describe(error: unknown, isUsage: boolean): string {
  return isUsage
    ? escapeLines(`error: ${(error as Error).message}`)
    : describeError(error);
}

/** Returns the exit code for an error of the client. */
export function clientCodeOf(error: unknown): number {
  if (error instanceof ResponseError) return serverErrorCode(error.code);
  if (error instanceof ConnectError) {
    // The server answers, but not to this address: too many logins of it have failed.
    return error.status === 429
      ? ExitCode.LOGIN_REFUSED
      : ExitCode.CANNOT_CONNECT;
  }
  if (error instanceof LoginError || error instanceof VersionError) {
    return ExitCode.LOGIN_REFUSED;
  }
  if (error instanceof TimeoutError) return ExitCode.TIMED_OUT;
  return isUsage(error) ? ExitCode.USAGE : ExitCode.ERROR;
}

/** The largest code of an error frame. Shells use the exit codes above 125 themselves. */
const MAX_CODE = 125 - ExitCode.SERVER_ERROR;

function serverErrorCode(code: number): number {
  const isKnown = Number.isInteger(code) && code >= 0 && code <= MAX_CODE;
  return isKnown ? ExitCode.SERVER_ERROR + code : ExitCode.ERROR;
}

/**
 * The library throws these for an invalid option, which is an invalid argument here. Its messages
 * say what it cannot do, and after a colon why. Those of the engine have another form: the error
 * is a bug then, or the result of what a server sent.
 */
function isUsage(error: unknown): error is Error {
  if (error instanceof UsageError) return true;
  return isInvalid(error) && /^Cannot [^:]+: /.test(error.message);
}

function isInvalid(error: unknown): error is TypeError | RangeError {
  return error instanceof TypeError || error instanceof RangeError;
}

/**
 * Runs a function, and reports its error.
 *
 * @returns The exit code: 0 after a signal, 2 for an invalid option, 1 for another error
 */
export async function exitCodeOf(
  context: Pick<CommandContext, "signal" | "printError">,
  run: (signal: AbortSignal) => Promise<void>,
): Promise<number> {
  const { signal } = context;
  try {
    await run(signal);
    return 0;
  } catch (error) {
    if (signal.aborted && error === signal.reason) return 0;
    return report(error, context);
  }
}

function report(
  error: unknown,
  { printError }: Pick<CommandContext, "printError">,
): number {
  // Without a server, the arguments are the only input: also for errors of the engine.
  const isUsage = error instanceof UsageError || isInvalid(error);
  printError(withFlagNames(describe(error, isUsage)));
  return isUsage ? ExitCode.USAGE : ExitCode.ERROR;
}
