/**
 * What the arguments of the command line ask for.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { LOG_LEVELS, type LogLevel } from "../common/logger.ts";
/** What the arguments ask for. */
export type Command =
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  | { readonly kind: "serve"; readonly flags: ServeFlags }
  | { readonly kind: "usage"; readonly problem: string };

/** The flags of the command that starts a server. */
export interface ServeFlags {
  readonly token?: string;
  readonly tokenFile?: string;
  readonly hostname?: string;
  readonly port?: number;
  readonly minimumVersion?: string;
  readonly tokenLength?: number;
  readonly tokenAlphabet?: string;
  readonly hideToken: boolean;
  readonly cert?: string;
  readonly key?: string;
  readonly logLevel?: LogLevel;
  readonly debug: boolean;
  readonly trace: boolean;
}

const VALUE_FLAGS = [
  "token",
  "token-file",
  "hostname",
  "port",
  "minimum-version",
  "token-length",
  "token-alphabet",
  "cert",
  "key",
  "log-level",
] as const;

const SWITCHES = ["hide-token", "debug", "trace", "version", "help"] as const;

const ALIASES = {
  token: "t",
  hostname: "H",
  port: "p",
  "log-level": "l",
  "minimum-version": "m",
  version: "v",
  help: "h",
};

/** A mistake in the arguments. */
class UsageError extends Error {}

/** Finds out what the arguments ask for. */
export function parseCommand(args: readonly string[]): Command {
  try {
    return toCommand(parse(args));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { kind: "usage", problem: error.message };
  }
}

/** The values of the flags by name; what nobody knows is an error. */
function parse(args: readonly string[]): Map<string, unknown> {
  const { _: words, ...flags } = parseArgs([...args], {
    string: VALUE_FLAGS,
    boolean: SWITCHES,
    alias: ALIASES,
    unknown: (flag, key) => {
      if (key === undefined) return;
      // Without its value, which may be a token: also of -tsecret.
      const name = flag.startsWith("--") ? flag.replace(/=.*/s, "") : `-${key}`;
      throw new UsageError(`Unknown option ${name}`);
    },
  });
  // An option's empty value ends up here, too; the option itself then says so.
  const [command = "serve", ...rest] = words.map(String).filter((word) =>
    word !== ""
  );
  if (command !== "serve") throw new UsageError(`Unknown command ${command}`);
  if (rest.length > 0) throw new UsageError(`Unexpected argument ${rest[0]}`);
  return new Map(Object.entries(flags));
}

function toCommand(flags: Map<string, unknown>): Command {
  if (flags.get("help") === true) return { kind: "help" };
  if (flags.get("version") === true) return { kind: "version" };
  const given = {
    token: textOf(flags, "token"),
    tokenFile: textOf(flags, "token-file"),
    hostname: textOf(flags, "hostname"),
    port: numberOf(flags, "port"),
    minimumVersion: textOf(flags, "minimum-version"),
    tokenLength: numberOf(flags, "token-length"),
    tokenAlphabet: textOf(flags, "token-alphabet"),
    cert: textOf(flags, "cert"),
    key: textOf(flags, "key"),
    logLevel: levelOf(flags),
  };
  if (given.token !== undefined && given.tokenFile !== undefined) {
    throw new UsageError("Options --token and --token-file exclude each other");
  }
  if ((given.cert === undefined) !== (given.key === undefined)) {
    throw new UsageError("Options --cert and --key go together");
  }
  const hideToken = flags.get("hide-token") === true;
  const trace = flags.get("trace") === true;
  const debug = trace || flags.get("debug") === true;
  return {
    kind: "serve",
    flags: { ...defined(given), hideToken, debug, trace },
  };
}

function textOf(flags: Map<string, unknown>, name: string): string | undefined {
  const value = flags.get(name);
  if (value === undefined) return undefined;
  if (value !== "") return String(value);
  throw new UsageError(
    `Option --${name} needs a value; one that starts with a dash is written --${name}=-value`,
  );
}

function numberOf(
  flags: Map<string, unknown>,
  name: string,
): number | undefined {
  const text = textOf(flags, name);
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new UsageError(`Option --${name} needs a whole number, not ${text}`);
}

function levelOf(flags: Map<string, unknown>): LogLevel | undefined {
  const text = textOf(flags, "log-level")?.toLowerCase();
  const level = LOG_LEVELS.find((level) => level === text);
  if (text === undefined || level !== undefined) return level;
  throw new UsageError(
    `Option --log-level needs one of ${LOG_LEVELS.join(", ")}, not ${text}`,
  );
}

/** An object without the keys whose value is `undefined`. */
export function defined<Fields extends object>(fields: Fields): {
  [Key in keyof Fields]?: Exclude<Fields[Key], undefined>;
} {
  const entries = Object.entries(fields).filter(([, value]) =>
    value !== undefined
  );
  return Object.fromEntries(entries) as ReturnType<typeof defined<Fields>>;
}
