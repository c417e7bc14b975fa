/**
 * The arguments of the command line.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { LOG_FORMATS, type LogFormat } from "../common/log_format.ts";
import { LOG_LEVELS, type LogLevel, parseLogLevel } from "../common/logger.ts";
import { nearestName } from "../common/suggest.ts";
import { escapeControls, showValue, truncate } from "../common/text.ts";

/** What the arguments request. */
export type Command =
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  | { readonly kind: "serve"; readonly flags: ServeFlags }
  | { readonly kind: "usage"; readonly problem: string };

/** The flags of the command `serve`. */
export interface ServeFlags {
  readonly token?: string;
  readonly tokenFile?: string;
  readonly hostname?: string;
  readonly port?: number;
  readonly minimumVersion?: string;
  readonly tokenLength?: number;
  readonly tokenAlphabet?: string;
  readonly hideToken: boolean;
  readonly showToken: boolean;
  readonly cert?: string;
  readonly key?: string;
  readonly logLevel?: LogLevel;
  readonly logFormat?: LogFormat;
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
  "log-format",
] as const;

const SWITCHES = [
  "hide-token",
  "show-token",
  "debug",
  "trace",
  "version",
  "help",
] as const;

const ALIASES = {
  token: "t",
  hostname: "H",
  port: "p",
  "log-level": "l",
  "minimum-version": "m",
  version: "v",
  help: "h",
};

/** The values of the flags, by name. */
type Flags = ReadonlyMap<string, unknown>;

/** A mistake in the arguments. Its message is one or more sentences. */
class UsageError extends Error {}

/** Parses the arguments of the command line. */
export function parseCommand(args: readonly string[]): Command {
  try {
    return toCommand(parseFlags(args));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { kind: "usage", problem: error.message };
  }
}

function parseFlags(args: readonly string[]): Flags {
  const { _: words, ...flags } = parseArgs([...args], {
    string: VALUE_FLAGS,
    boolean: SWITCHES,
    alias: ALIASES,
    unknown: (flag, key) => {
      if (key !== undefined) throw unknownOption(args, flag, key);
    },
  });
  checkWords(words.map(String));
  return new Map(Object.entries(flags));
}

/** Never shows the value of the flag, which can be a token: also not of `-tsecret`. */
function unknownOption(
  args: readonly string[],
  flag: string,
  key: string,
): UsageError {
  const before = valueFlagOf(args[args.indexOf(flag) - 1]);
  if (before !== undefined) return valueMissing(before);
  const name = flag.startsWith("--") ? flag.replace(/=.*/s, "") : `-${key}`;
  const names = [...VALUE_FLAGS, ...SWITCHES];
  const nearest = flag.startsWith("--") ? nearestName(name, names) : undefined;
  const remedy = nearest === undefined ? "" : ` Did you mean --${nearest}?`;
  return new UsageError(
    `Unknown option ${escapeControls(truncate(name))}.${remedy}`,
  );
}

/** Returns the name of a flag that the next argument is the value of. */
function valueFlagOf(arg: string | undefined): string | undefined {
  const aliases: Readonly<Record<string, string>> = ALIASES;
  return VALUE_FLAGS.find((name) =>
    arg === `--${name}` || arg === `-${aliases[name]}`
  );
}

function valueMissing(name: string): UsageError {
  return new UsageError(
    `Option --${name} needs a value. Write --${name}=-value if the value starts with a dash.`,
  );
}

function checkWords(words: readonly string[]): void {
  // The empty value of a flag becomes an empty word. The flag itself is rejected later.
  const [command = "serve", ...rest] = words.filter((word) => word !== "");
  if (command !== "serve") {
    throw new UsageError(
      `Unknown command ${showValue(command)}. The only command is 'serve'.`,
    );
  }
  if (rest.length > 0) {
    throw new UsageError(`Unexpected argument ${showValue(rest[0])}.`);
  }
}

function toCommand(flags: Flags): Command {
  if (flags.get("help") === true) return { kind: "help" };
  if (flags.get("version") === true) return { kind: "version" };
  return { kind: "serve", flags: readServeFlags(flags) };
}

function readServeFlags(flags: Flags): ServeFlags {
  const values = {
    token: stringOf(flags, "token"),
    tokenFile: stringOf(flags, "token-file"),
    hostname: stringOf(flags, "hostname"),
    port: numberOf(flags, "port"),
    minimumVersion: stringOf(flags, "minimum-version"),
    tokenLength: numberOf(flags, "token-length"),
    tokenAlphabet: stringOf(flags, "token-alphabet"),
    cert: stringOf(flags, "cert"),
    key: stringOf(flags, "key"),
    logLevel: logLevelOf(flags),
    logFormat: logFormatOf(flags),
  };
  if (values.token !== undefined && values.tokenFile !== undefined) {
    throw new UsageError("Use either --token or --token-file, not both.");
  }
  if ((values.cert === undefined) !== (values.key === undefined)) {
    throw new UsageError(
      "TLS needs both --cert and --key. Pass both or neither.",
    );
  }
  const hideToken = flags.get("hide-token") === true;
  const showToken = flags.get("show-token") === true;
  if (hideToken && showToken) {
    throw new UsageError("Use either --hide-token or --show-token, not both.");
  }
  const trace = flags.get("trace") === true;
  const debug = trace || flags.get("debug") === true;
  return { ...defined(values), hideToken, showToken, debug, trace };
}

function stringOf(flags: Flags, name: string): string | undefined {
  const value = flags.get(name);
  if (value === undefined) return undefined;
  if (value !== "") return String(value);
  throw valueMissing(name);
}

function numberOf(flags: Flags, name: string): number | undefined {
  const value = stringOf(flags, name);
  if (value === undefined) return undefined;
  if (/^\d{1,15}$/.test(value)) return Number(value);
  throw new UsageError(
    `Option --${name} must be a whole number, not ${showValue(value)}.`,
  );
}

function logLevelOf(flags: Flags): LogLevel | undefined {
  const value = stringOf(flags, "log-level");
  const isNumber = value !== undefined && /^\d+$/.test(value);
  const level = parseLogLevel(isNumber ? Number(value) : value);
  if (value === undefined || level !== undefined) return level;
  const numbers = ["10", "20", "30", "40", "50"];
  throw mustBeOneOf("log-level", [...LOG_LEVELS, ...numbers], value);
}

function logFormatOf(flags: Flags): LogFormat | undefined {
  const value = stringOf(flags, "log-format");
  const format = LOG_FORMATS.find((format) => format === value);
  if (value === undefined || format !== undefined) return format;
  throw mustBeOneOf("log-format", LOG_FORMATS, value);
}

function mustBeOneOf(
  name: string,
  values: readonly string[],
  value: string,
): UsageError {
  return new UsageError(
    `Option --${name} must be one of ${values.join(", ")}, not ${
      showValue(value)
    }.`,
  );
}

/** Replaces the names of options of `serve` in an error by the names of the flags. */
export function withFlagNames(message: string): string {
  return message.replaceAll(/'([a-z]+)'/gi, (quoted, option: string) => {
    const name = option.replaceAll(/[A-Z]/g, (capital) => `-${capital}`)
      .toLowerCase();
    return VALUE_FLAGS.some((flag) => flag === name) ? `--${name}` : quoted;
  });
}

/** Copies an object without the keys whose value is `undefined`. */
export function defined<Fields extends object>(fields: Fields): {
  [Key in keyof Fields]?: Exclude<Fields[Key], undefined>;
} {
  const entries = Object.entries(fields).filter(([, value]) =>
    value !== undefined
  );
  return Object.fromEntries(entries) as ReturnType<typeof defined<Fields>>;
}
