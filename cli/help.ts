/**
 * The output of `--help`, from the definitions of the commands.
 *
 * @module
 */

import { VERSION } from "../version.ts";
import type { Command } from "./command.ts";
import { allFlags, type Argument, flagName, type Syntax } from "./parse.ts";

/** The columns of a terminal. */
const WIDTH = 80;

/** The widest left column of a list. A longer entry has a line of its own. */
const MAX_LEFT = 31;

/** How a program is started, and what its help says. */
export interface ProgramHelp {
  /** How to start it, such as `hoist` */
  readonly program: string;
  /** Whether `--version` is a flag */
  readonly hasVersion?: boolean;
}

/**
 * Returns the help of one command.
 *
 * @param syntax The command
 * @param program How it is started. If it has no name, the usage begins with the program alone
 */
export function helpOf(
  syntax: Syntax & Partial<Pick<Command, "permissions">>,
  { program, hasVersion = false }: ProgramHelp,
): string {
  const { summary, description = [], arguments: words = [] } = syntax;
  const { permissions, examples = [] } = syntax;
  const start = `${program} ${syntax.name}`.trim();
  return [
    `Usage: ${[start, ...words.map(showArgument), "[options]"].join(" ")}`,
    ...[`${summary}.`, ...description].map((paragraph) => wrap(paragraph, 0)),
    section("Arguments", words.map(({ name, help }) => [name, help])),
    section(
      "Options",
      Object.entries(allFlags(syntax, hasVersion)).map(showFlag),
    ),
    ...(permissions === undefined
      ? []
      : [wrap(`Permissions: ${permissions}.`, 0)]),
    section("Examples", examples.map((args) => [`${program} ${args}`, ""])),
  ].filter((part) => part !== "").join("\n\n");
}

/**
 * Returns the help of several commands.
 *
 * @param commands The commands
 * @param group The first word of all of them, such as `admin`, if they have the same
 */
export function overviewOf(
  commands: readonly Command[],
  group?: string,
): string {
  const rows = commands.map((
    { name, summary, arguments: words = [] },
  ): Row => [[name, ...words.map(showArgument)].join(" "), summary]);
  return [
    `Hoist ${VERSION}: token-protected WebSocket messaging`,
    usageOf(group),
    section("Commands", rows),
    section(
      "Options",
      Object.entries(allFlags({ flags: {} }, true)).map(showFlag),
    ),
    section(
      "Environment",
      group === undefined ? [...VARIABLES, BROKER] : VARIABLES,
    ),
    wrap(`Exit codes: ${EXIT_CODES}.`, 0),
    `Run 'hoist ${
      group === undefined ? "" : `${group} `
    }<command> --help' for the options of a command.`,
  ].join("\n\n");
}

function usageOf(group: string | undefined): string {
  if (group !== undefined) return `Usage: hoist ${group} <command> [options]`;
  return "Usage: hoist [command] [options]\n       deno run -N jsr:@hoist/cli [command] [options]";
}

/** The exit codes of all commands, in one line. */
const EXIT_CODES =
  "0 success, 1 error, 2 invalid arguments, 3 cannot connect, 4 login refused, 5 timed out, 64 + code for an error of the server, 130 interrupted";

/** The left and the right column. */
type Row = readonly [string, string];

/** The variables of the commands that talk to a server. */
const VARIABLES: readonly Row[] = [
  ["HOIST_TOKEN", "Like --token. Ignored without --allow-env=HOIST_TOKEN"],
  ["HOIST_URL", "Like --url. Ignored without --allow-env=HOIST_URL"],
];

/** The variable of a server. */
const BROKER: Row = [
  "HOIST_BROKER",
  "Like --broker. Ignored without --allow-env=HOIST_BROKER",
];

function showArgument({ name, isOptional, isRepeated }: Argument): string {
  const shown = isRepeated === true ? `${name}...` : name;
  return isOptional === true ? `[${shown}]` : shown;
}

function showFlag(
  [key, { short, placeholder, help, default: standard }]: [
    string,
    Syntax["flags"][string],
  ],
): Row {
  const letter = short === undefined ? "    " : `-${short}, `;
  const value = placeholder === undefined ? "" : ` <${placeholder}>`;
  const rest = standard === undefined ? "" : ` [default: ${standard}]`;
  return [`${letter}--${flagName(key)}${value}`, help + rest];
}

/** Formats a list with two columns; an empty string if it has no rows. */
function section(title: string, rows: readonly Row[]): string {
  if (rows.length === 0) return "";
  const widths = rows.map(([left]) => left.length);
  const fitting = widths.filter((width) => width <= MAX_LEFT);
  const column = 4 + Math.max(0, ...fitting);
  const lines = rows.map(([left, right]) => {
    if (right === "") return `  ${left}`;
    const wrapped = wrap(right, column);
    return left.length <= MAX_LEFT
      ? `  ${left}`.padEnd(column) + wrapped
      : `  ${left}\n${" ".repeat(column)}${wrapped}`;
  });
  return `${title}:\n${lines.join("\n")}`;
}

/** Breaks a string into lines, of which all but the first are indented. */
function wrap(text: string, indent: number): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && indent + longer.length > WIDTH) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line].join(`\n${" ".repeat(indent)}`);
}
