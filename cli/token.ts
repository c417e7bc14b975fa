/**
 * The token of the command line: from an argument, a file or the environment.
 *
 * @module
 */

import type { LogEntry } from "../common/log_format.ts";
import { escapeControls, hasControls } from "../common/text.ts";
import type { ServeFlags } from "./arguments.ts";
import type { CommandContext } from "./context.ts";

/** A token, and what the log says about where it comes from. */
export interface GivenToken {
  /** `undefined` if the server generates one */
  readonly token: string | undefined;
  readonly notes: readonly LogEntry[];
}

/** Reads the token. */
export async function readToken(
  { token, tokenFile, hideToken }: ServeFlags,
  context: CommandContext,
): Promise<GivenToken> {
  if (token !== undefined) return { token, notes: [] };
  if (tokenFile !== undefined) return await readTokenFile(tokenFile, context);
  const variable = context.readTokenVariable();
  const isMentioned = variable.isDenied && context.isTerminal && !hideToken;
  return { token: variable.token, notes: isMentioned ? [DENIED] : [] };
}

/** Logged with a generated token, because the user can have expected another one. */
const DENIED: LogEntry = {
  level: "info",
  event: "startup",
  message:
    "the token was generated, and HOIST_TOKEN was not read: the permission is missing. To use it, run with --allow-env=HOIST_TOKEN.",
};

async function readTokenFile(
  path: string,
  context: CommandContext,
): Promise<GivenToken> {
  // Editors and `echo` end a file with a line break.
  const token = (await readFile(path, context)).trimEnd();
  const problem = problemOf(token);
  const shown = escapeControls(path);
  if (problem !== undefined) {
    throw new Deno.errors.InvalidData(
      `Cannot use the token in ${shown}: ${problem}`,
    );
  }
  const mode = await context.readFileMode(path);
  return { token, notes: isPrivate(mode) ? [] : [exposedNote(shown)] };
}

function problemOf(token: string): string | undefined {
  if (token === "") {
    return "the file is empty. Write the token into it.";
  }
  if (token.startsWith("\ufeff")) {
    return "the file begins with a byte order mark. Save it as UTF-8 without one.";
  }
  if (/[\r\n]/.test(token)) {
    return "the file has more than one line. Remove everything but the token.";
  }
  if (hasControls(token) || token.includes("\ufffd")) {
    return "the file contains a control character, or is not UTF-8. Save the token as plain text.";
  }
  return undefined;
}

/** The permissions of other users than the owner to read a file. */
const OTHERS_READ = 0o044;

function isPrivate(mode: number | null): boolean {
  return mode === null || (mode & OTHERS_READ) === 0;
}

function exposedNote(path: string): LogEntry {
  return {
    level: "warn",
    event: "startup",
    message:
      `other users of this machine can read the token in ${path}. Run: chmod 600 ${path}`,
  };
}

/** Reads a file whose path is an argument. */
export async function readFile(
  path: string,
  context: CommandContext,
): Promise<string> {
  try {
    return await context.readTextFile(path);
  } catch (cause) {
    throw explain(cause, path);
  }
}

/** Returns an error of the same class whose message says what to do. */
function explain(cause: unknown, file: string): unknown {
  const path = escapeControls(file);
  const { NotCapable, NotFound } = Deno.errors;
  const subject = `Cannot read ${path}`;
  if (cause instanceof NotFound) {
    return new NotFound(
      `${subject}: the file does not exist. Check the path.`,
      { cause },
    );
  }
  if (cause instanceof NotCapable) {
    return new NotCapable(
      `${subject}: the permission is missing. Run with --allow-read=${path}`,
      { cause },
    );
  }
  return cause;
}
