/**
 * Commands, their arguments and their flags. From their definitions, this module parses a command
 * line, and `help.ts` and `completions.ts` make their texts.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { escapeControls, nearestName, truncate } from "../common/text.ts";

/** A flag of a command; `Value` is the type of its parsed value. */
export interface Flag<Value = unknown> {
  /** What the flag does, without a full stop */
  readonly help: string;
  /** Its letter, such as `t` of `-t` */
  readonly short?: string;
  /** What its value is, such as `path`. Without it, the flag is a switch */
  readonly placeholder?: string;
  /** The default, as the help shows it */
  readonly default?: string;
  /** The values that shells complete */
  readonly values?: readonly string[];
  /** The value of the flag if it is passed without one. Without it, this is an error */
  readonly implied?: string;
  /**
   * Returns the value of the flag.
   *
   * @param given What was passed; `undefined` if the flag was not passed
   * @param name The name of the flag, such as `token-file`
   *
   * @throws {UsageError} If the value is invalid
   */
  readonly parse: (given: string | boolean | undefined, name: string) => Value;
}

/** The flags of a command by name: `tokenFile` is `--token-file`. */
export type FlagTable = Readonly<Record<string, Flag>>;

type ValueOf<Definition> = Definition extends Flag<infer Value> ? Value : never;

/** The values of flags. A flag without a default that was not passed is omitted. */
export type FlagValues<Flags extends FlagTable> =
  & {
    readonly [
      Name in keyof Flags as undefined extends ValueOf<Flags[Name]> ? never
        : Name
    ]: ValueOf<Flags[Name]>;
  }
  & {
    readonly [
      Name in keyof Flags as undefined extends ValueOf<Flags[Name]> ? Name
        : never
    ]?: Exclude<ValueOf<Flags[Name]>, undefined>;
  };

/** What to do instead of flags of other programs, by the flag: a sentence. */
export type Hints = Readonly<Record<string, string>>;

/** An argument of a command. */
export interface Argument {
  /** Such as `NAME` */
  readonly name: string;
  readonly help: string;
  readonly isOptional?: boolean;
  /** Whether any number of words can follow. Only for the last argument */
  readonly isRepeated?: boolean;
  /** The values that shells complete */
  readonly values?: readonly string[];
}

/** What a command accepts. */
export interface Syntax<Flags extends FlagTable = FlagTable> {
  /** One word, or two such as `contract show` */
  readonly name: string;
  /** What the command does, in one line without a full stop */
  readonly summary: string;
  /** What else the help says, in paragraphs */
  readonly description?: readonly string[];
  readonly arguments?: readonly Argument[];
  readonly flags: Flags;
  /** Command lines, without the name of the program */
  readonly examples?: readonly string[];
  /** What to do instead of flags of other programs, such as Python Hoist */
  readonly hints?: Hints;
  /**
   * Checks the flags together, and can change them.
   *
   * @throws {UsageError} If they contradict each other
   */
  readonly refine?: (flags: FlagValues<Flags>) => FlagValues<Flags>;
}

/** What the user wants. */
export type Parsed<Flags extends FlagTable = FlagTable> =
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  | { readonly kind: "usage"; readonly problem: string }
  | {
    readonly kind: "run";
    readonly flags: FlagValues<Flags>;
    readonly words: readonly string[];
  };

/** A mistake in the arguments. Its message is one or more sentences. */
export class UsageError extends Error {}

/** The switches that commands have by themselves. */
const HELP: FlagTable = {
  help: { short: "h", help: "Print this help", parse: Boolean },
};

/** The switches of the commands of the command line. */
const HELP_AND_VERSION: FlagTable = {
  version: { short: "v", help: "Print the version", parse: Boolean },
  ...HELP,
};

/**
 * Parses the arguments of a command.
 *
 * @param syntax What the command accepts
 * @param args The arguments, without the name of the command
 * @param hasVersion Whether `--version` is a flag, too
 */
export function parse<const Flags extends FlagTable>(
  syntax: Syntax<Flags>,
  args: readonly string[],
  hasVersion = false,
): Parsed<Flags> {
  try {
    return parseOrThrow(syntax, args, hasVersion);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { kind: "usage", problem: error.message };
  }
}

function parseOrThrow<const Flags extends FlagTable>(
  syntax: Syntax<Flags>,
  args: readonly string[],
  hasVersion: boolean,
): Parsed<Flags> {
  const table = allFlags(syntax, hasVersion);
  const { given, words } = splitArguments(table, syntax.hints ?? {}, args);
  checkCount(syntax, words);
  if (given.get("help") === true) return { kind: "help" };
  if (given.get("version") === true) return { kind: "version" };
  checkWords(syntax, words);
  const flags = readFlags(syntax.flags, given);
  return { kind: "run", flags: syntax.refine?.(flags) ?? flags, words };
}

/** Returns the flags of a command with those that every command has. */
export function allFlags(
  { flags }: Pick<Syntax, "flags">,
  hasVersion: boolean,
): FlagTable {
  return { ...flags, ...(hasVersion ? HELP_AND_VERSION : HELP) };
}

/** Returns the name of a flag on the command line: `token-file` for `tokenFile`. */
export function flagName(key: string): string {
  return key.replaceAll(/[A-Z]/g, (capital) => `-${capital}`).toLowerCase();
}

/** What was passed. */
interface Given {
  readonly given: ReadonlyMap<string, unknown>;
  readonly words: readonly string[];
}

function splitArguments(
  table: FlagTable,
  hints: Hints,
  args: readonly string[],
): Given {
  const flags = Object.entries(table);
  const names = (isSwitch: boolean) =>
    flags.filter(([, { placeholder }]) =>
      (placeholder === undefined) === isSwitch
    ).map(([key]) => flagName(key));
  const words: string[] = [];
  const { _: rest, ...given } = parseArgs(joinDashes(args), {
    string: names(false),
    boolean: names(true),
    alias: Object.fromEntries(
      flags.flatMap(([key, { short }]) =>
        short === undefined ? [] : [[flagName(key), short]]
      ),
    ),
    unknown: (arg, key) => {
      if (key !== undefined) throw unknownOption(table, hints, args, arg, key);
      // In the result, the word 007 would be the number 7.
      words.push(arg);
      return false;
    },
  });
  // The empty value of a flag becomes an empty word. The flag itself is rejected later.
  const all = [...words, ...rest.map(String)].filter((word) => word !== "");
  return { given: new Map(Object.entries(given)), words: all };
}

/** Lets `--data -` be `--data=-`, because `parseArgs` accepts a dash only after a letter. */
function joinDashes(args: readonly string[]): string[] {
  const end = args.indexOf("--");
  return args.flatMap((arg, index) => {
    const isOption = end < 0 || index < end;
    if (isOption && arg === "-" && isBareOption(args[index - 1])) return [];
    const isJoined = isOption && args[index + 1] === "-" && isBareOption(arg);
    return [isJoined ? `${arg}=-` : arg];
  });
}

function isBareOption(arg: string | undefined): boolean {
  return arg !== undefined && /^--[^=]+$/.test(arg);
}

/** Never shows the value of the flag, which can be a token: also not of `-tsecret`. */
function unknownOption(
  flags: FlagTable,
  hints: Hints,
  args: readonly string[],
  arg: string,
  key: string,
): UsageError {
  const before = valueFlagOf(flags, args[args.indexOf(arg) - 1]);
  if (before !== undefined) return valueMissing(before);
  const isLong = arg.startsWith("--");
  const name = isLong ? arg.replace(/=.*/s, "") : `-${key}`;
  const names = isLong ? Object.keys(flags).map(flagName) : [];
  const nearest = nearestName(name, names);
  const remedy = Object.hasOwn(hints, name)
    ? ` ${hints[name]}`
    : nearest === undefined
    ? ""
    : ` Did you mean --${nearest}?`;
  return new UsageError(
    `Unknown option ${escapeControls(truncate(name))}.${remedy}`,
  );
}

/** Returns the name of a flag that the next argument is the value of. */
function valueFlagOf(
  flags: FlagTable,
  arg: string | undefined,
): string | undefined {
  const found = Object.entries(flags).find(([key, flag]) =>
    flag.placeholder !== undefined && flag.implied === undefined &&
    (arg === `--${flagName(key)}` || arg === `-${flag.short}`)
  );
  return found && flagName(found[0]);
}

function valueMissing(name: string): UsageError {
  return new UsageError(
    `Option --${name} needs a value. Write --${name}=-value if the value starts with a dash.`,
  );
}

/** What helps if a value became several arguments. */
const QUOTE = "Quote a value that contains spaces.";

/** Never shows the argument, which can be the rest of a token with a space. */
function checkCount(
  { arguments: expected = [] }: Pick<Syntax, "arguments">,
  words: readonly string[],
): void {
  const hasRest = expected.at(-1)?.isRepeated === true;
  if (hasRest || words.length <= expected.length) return;
  const names = expected.map(({ name }) => name).join(" and ");
  const accepted = names === ""
    ? "accepts no arguments"
    : `only accepts ${names}`;
  throw new UsageError(
    `Unexpected argument ${
      expected.length + 1
    }: the command ${accepted}. ${QUOTE}`,
  );
}

function checkWords(
  { arguments: expected = [] }: Pick<Syntax, "arguments">,
  words: readonly string[],
): void {
  const missing = expected.slice(words.length).find(({ isOptional }) =>
    isOptional !== true
  );
  if (missing === undefined) return;
  throw new UsageError(
    `The argument ${missing.name} is missing: ${missing.help}.`,
  );
}

function readFlags<const Flags extends FlagTable>(
  flags: Flags,
  given: ReadonlyMap<string, unknown>,
): FlagValues<Flags> {
  const values = Object.entries(flags).map(([key, flag]) => {
    const name = flagName(key);
    return [key, flag.parse(givenTo(flag, name, given.get(name)), name)];
  });
  const passed = values.filter(([, value]) => value !== undefined);
  return Object.fromEntries(passed) as FlagValues<Flags>;
}

function givenTo(
  { placeholder, implied }: Flag,
  name: string,
  value: unknown,
): string | boolean | undefined {
  if (placeholder === undefined) return value === true;
  if (value === undefined) return undefined;
  if (value !== "") return String(value);
  if (implied === undefined) throw valueMissing(name);
  return implied;
}
