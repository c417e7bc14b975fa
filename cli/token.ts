/**
 * The token of the command line: from an argument, a file or the environment.
 *
 * @module
 */

import type { LogEntry } from "../common/log_format.ts";
import { HoistError } from "../common/errors.ts";
import { escapeControls, hasControls } from "../common/text.ts";
import { generateToken } from "../token.ts";
import type { ServeFlags } from "./serve_flags.ts";
import type { CommandContext } from "./context.ts";

/** What reading a token needs from the process. */
type TokenContext = Pick<
  CommandContext,
  "readTextFile" | "readFileMode" | "readTokenVariable" | "isTerminal"
>;

/** A token, and what the log says about where it comes from. */
export interface GivenToken {
  /** `undefined` if the server generates one */
  readonly token: string | undefined;
  readonly notes: readonly LogEntry[];
}

/** The token of admins. */
export interface AdminToken {
  /** The token that the user has given, or a random one */
  readonly token: string;
  readonly isGenerated: boolean;
  readonly notes: readonly LogEntry[];
}

/** Reads the token of admins; returns `undefined` if the server has none. */
export async function readAdminToken(
  { adminTokenFile, dashboard }: ServeFlags,
  context: CommandContext,
): Promise<AdminToken | undefined> {
  if (adminTokenFile === undefined) {
    return dashboard
      ? { token: generateToken(), isGenerated: true, notes: [] }
      : undefined;
  }
  const { token, notes } = await readTokenFile(
    "--admin-token-file",
    adminTokenFile,
    context,
  );
  return { token, isGenerated: false, notes };
}

/**
 * Reads the token.
 *
 * @param flag The flag that names the file
 */
export async function readToken(
  { token, tokenFile, hideToken }: Pick<
    ServeFlags,
    "token" | "tokenFile" | "hideToken"
  >,
  context: TokenContext,
  flag = "--token-file",
): Promise<GivenToken> {
  if (token !== undefined) return { token, notes: [] };
  if (tokenFile !== undefined) {
    return await readTokenFile(flag, tokenFile, context);
  }
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
  flag: string,
  path: string,
  context: TokenContext,
): Promise<GivenToken & { readonly token: string }> {
  // Editors and `echo` end a file with a line break.
  const token = (await readSecretFile(flag, path, context)).trimEnd();
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
    return "the file contains an invisible character, or is not UTF-8. Save the token as plain text.";
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
  context: TokenContext,
): Promise<string> {
  try {
    return await context.readTextFile(path);
  } catch (cause) {
    const shown = escapeControls(path);
    const permission = `--allow-read=${shown}`;
    throw explain(cause, {
      subject: shown,
      check: "Check the path.",
      permission,
    });
  }
}

/**
 * Reads a file that can contain a secret. No error shows its path, because users pass the
 * secret itself by mistake.
 *
 * @param flag The flag that names the file, such as `--token-file`
 */
export async function readSecretFile(
  flag: string,
  path: string,
  context: TokenContext,
): Promise<string> {
  try {
    return await context.readTextFile(path);
  } catch (cause) {
    const subject = `the file of ${flag}`;
    const check = "Pass the path of the file, and not its content.";
    const error = explain(cause, {
      subject,
      check,
      permission: "--allow-read",
    });
    const message = String(Object(error).message);
    // Our own words can contain a path such as "token", but show none.
    if (error !== cause || !message.includes(path)) throw error;
    const [reason = "it cannot be read"] =
      /^[\w ]+ \(os error \d+\)/.exec(message) ?? [];
    throw new HoistError(`Cannot read ${subject}: ${reason}. ${check}`);
  }
}

/** What an error says about a file. */
interface FileDescription {
  readonly subject: string;
  /** What to do if the file does not exist */
  readonly check: string;
  /** The flag of Deno that allows to read it */
  readonly permission: string;
}

/** Returns an error of the same class whose message says what to do. */
function explain(
  cause: unknown,
  { subject, check, permission }: FileDescription,
): unknown {
  const { NotCapable, NotFound } = Deno.errors;
  if (cause instanceof NotFound) {
    return new NotFound(
      `Cannot read ${subject}: the file does not exist. ${check}`,
    );
  }
  if (cause instanceof NotCapable) {
    // Deno does not accept --allow-read for /dev/stdin and other devices.
    const isDevice = cause.message.includes("--allow-all");
    return new NotCapable(
      isDevice
        ? `Cannot read ${subject}: it is a device, which Deno reads only with --allow-all. Use a file or a named pipe.`
        : `Cannot read ${subject}: the permission is missing. Run with ${permission}.`,
    );
  }
  return cause;
}
