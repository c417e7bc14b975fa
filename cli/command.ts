/**
 * A command of the command line, and how the words of a command line select one.
 *
 * @module
 */

import { nearestName, showValue } from "../common/text.ts";
import type { CommandContext } from "./context.ts";
import {
  flagName,
  type FlagTable,
  type FlagValues,
  parse,
  type Syntax,
} from "./parse.ts";

/** What a command gets. */
export interface CommandInput<Flags extends FlagTable = FlagTable> {
  readonly flags: FlagValues<Flags>;
  /** The arguments that are no flags */
  readonly words: readonly string[];
  /** All commands */
  readonly commands: readonly Command[];
}

/** A command of the command line. */
export interface Command<Flags extends FlagTable = FlagTable>
  extends Syntax<Flags> {
  /** What it is called in other programs. The error for such a command suggests this one */
  readonly alsoKnownAs?: readonly string[];
  /** The permissions that it needs, and for what, without a full stop */
  readonly permissions: string;
  /** Loads its module, which no other command loads. Its `run` returns the exit code */
  load(): Promise<{
    run(
      input: CommandInput<Flags>,
      context: CommandContext,
    ): number | Promise<number>;
  }>;
}

/** Defines a command, and checks the types of its flags. */
export function defineCommand<const Flags extends FlagTable>(
  command: Command<Flags>,
): Command {
  // Only `parse` with the same flags calls these methods.
  return command as unknown as Command;
}

/** The command that the words select. */
export type Selection =
  | {
    readonly kind: "command";
    readonly command: Command;
    /** The arguments without the words of the command */
    readonly args: readonly string[];
    /** Whether the words name it; otherwise it is the default */
    readonly isNamed: boolean;
  }
  /** The first word of several commands, such as `contract` */
  | { readonly kind: "group"; readonly name: string }
  | { readonly kind: "unknown"; readonly problem: string };

/**
 * Selects the command. Flags can precede its name.
 *
 * @param commands All commands. The first one is the default
 * @param args The arguments
 */
export function selectCommand(
  commands: readonly Command[],
  args: readonly string[],
): Selection {
  const [first, second] = findWords(commands, args);
  if (first === undefined) {
    const [command] = commands;
    return { kind: "command", command: command!, args, isNamed: false };
  }
  const one = args[first]!;
  const two = second === undefined ? one : `${one} ${args[second]}`;
  const command = commands.find(({ name }) => name === two) ??
    commands.find(({ name }) => name === one);
  if (command === undefined) return explain(commands, args, one, two);
  const used = command.name.includes(" ") ? [first, second] : [first];
  const rest = args.filter((_, index) => !used.includes(index));
  return { kind: "command", command, args: rest, isNamed: true };
}

/** Returns the indexes of the first two arguments that are neither a flag nor its value. */
function findWords(
  commands: readonly Command[],
  args: readonly string[],
): readonly number[] {
  const takesValue = valueFlags(commands);
  const words: number[] = [];
  let isOption = true;
  for (let index = 0; index < args.length; index++) {
    const arg = args[index]!;
    if (arg === "--") isOption = false;
    else if (!isOption || !/^-./s.test(arg)) {
      if (arg !== "") words.push(index);
    } else {
      const hasValue = takesValue(arg);
      // The next argument can be the value of an unknown flag.
      if (hasValue === undefined && words.length === 0) return words;
      if (hasValue === true) index++;
    }
  }
  return words;
}

/**
 * Returns a function that returns whether the next argument is the value of a flag, or `undefined`
 * if no command has the flag. A name means the same kind of flag in all commands.
 */
function valueFlags(
  commands: readonly Command[],
): (arg: string) => boolean | undefined {
  const kinds = new Map([["help", false], ["h", false], ["version", false]]);
  kinds.set("v", false);
  for (const { flags } of commands) {
    for (
      const [key, { short, placeholder, implied }] of Object.entries(flags)
    ) {
      const hasValue = placeholder !== undefined && implied === undefined;
      kinds.set(flagName(key), hasValue);
      if (short !== undefined) kinds.set(short, hasValue);
    }
  }
  return (arg) => {
    if (arg.includes("=")) return kinds.has(nameOf(arg)) ? false : undefined;
    return kinds.get(nameOf(arg));
  };
}

/** Returns the name of a long flag, or the last letter of short ones: `t` of `-qt`. */
function nameOf(arg: string): string {
  const [flag = ""] = arg.split("=");
  return flag.startsWith("--") ? flag.slice(2) : flag.slice(-1);
}

function explain(
  commands: readonly Command[],
  args: readonly string[],
  one: string,
  two: string,
): Selection {
  const names = commands.map(nameIn);
  const seconds = secondWords(names, one);
  if (seconds.length > 0 && one === two) return { kind: "group", name: one };
  const isGroup = seconds.length > 0;
  const wanted = isGroup ? two : one;
  const second = nearestName(two.slice(one.length + 1), seconds);
  const nearest = renamed(commands, wanted) ??
    (isGroup ? second && `${one} ${second}` : nearestName(one, names));
  const remedy = nearest === undefined
    ? "Run with --help to list the commands."
    : `Did you mean '${nearest}'?`;
  // After a flag, a word can be the rest of a token with a space.
  const isFirst = args.join(" ").startsWith(wanted);
  const shown = isFirst ? showValue(wanted) : "after the options";
  const problem = `Unknown command ${shown}. ${remedy}`;
  return { kind: "unknown", problem };
}

/** Returns the second words of the commands that begin with a word. */
function secondWords(names: readonly string[], first: string): string[] {
  return names.filter((name) => name.startsWith(`${first} `)).map((name) =>
    name.slice(first.length + 1)
  );
}

function nameIn({ name }: Command): string {
  return name;
}

function renamed(
  commands: readonly Command[],
  wanted: string,
): string | undefined {
  if (wanted === "version") return "--version";
  return commands.find(({ alsoKnownAs = [] }) => alsoKnownAs.includes(wanted))
    ?.name;
}

/** What a command line requests. */
export type CommandRequest =
  | {
    readonly kind: "help";
    /** The command, or the first word of several; `undefined` for all commands */
    readonly name?: string;
  }
  | { readonly kind: "version" }
  | { readonly kind: "usage"; readonly problem: string }
  | {
    readonly kind: "run";
    readonly command: Command;
    readonly input: CommandInput;
  };

/**
 * Parses a command line.
 *
 * @param commands All commands. The first one is the default
 * @param args The arguments
 */
export function parseCommandLine(
  commands: readonly Command[],
  args: readonly string[],
): CommandRequest {
  if (args[0] === "help") {
    return parseCommandLine(commands, [...args.slice(1), "--help"]);
  }
  const selection = selectCommand(commands, args);
  switch (selection.kind) {
    case "unknown":
      return usage(selection.problem);
    case "group":
      return isHelp(args)
        ? { kind: "help", name: selection.name }
        : usage(needsWord(commands, selection.name));
    case "command":
      return parseSelected(commands, selection);
  }
}

function parseSelected(
  commands: readonly Command[],
  { command, args, isNamed }: Extract<Selection, { kind: "command" }>,
): CommandRequest {
  const parsed = parse(command, args, true);
  switch (parsed.kind) {
    case "help":
      return isNamed ? { kind: "help", name: command.name } : { kind: "help" };
    case "version":
      return parsed;
    case "usage":
      return usage(
        `${parsed.problem} Run with --help to list the options.`,
      );
    case "run": {
      const { flags, words } = parsed;
      return { kind: "run", command, input: { flags, words, commands } };
    }
  }
}

function usage(problem: string): CommandRequest {
  return { kind: "usage", problem };
}

function isHelp(args: readonly string[]): boolean {
  return args.some((arg) => arg === "--help" || arg === "-h");
}

function needsWord(commands: readonly Command[], group: string): string {
  const seconds = secondWords(commands.map(nameIn), group);
  const words = `${seconds.slice(0, -1).join(", ")} or ${seconds.at(-1)}`;
  return `The command ${group} needs a second word: ${words}.`;
}
