/**
 * The command `completions`: scripts that complete commands and flags in a shell.
 *
 * @module
 */

import type { COMPLETION_FLAGS } from "./client_flags.ts";
import type { Command, CommandInput } from "./command.ts";
import type { CommandContext } from "./context.ts";
import { allFlags, flagName } from "./parse.ts";
import { SHELLS } from "./client_flags.ts";
import { showValue } from "../common/text.ts";

/** Prints the script of a shell. */
export function run(
  { words: [shell = ""], commands }: CommandInput<typeof COMPLETION_FLAGS>,
  { print, printError }: CommandContext,
): number {
  const script = SCRIPTS.get(shell);
  if (script === undefined) {
    printError(
      `error: The shell must be one of ${SHELLS.join(", ")}, not ${
        showValue(shell)
      }.`,
    );
    return 2;
  }
  print(script(commands.map(describe)));
  return 0;
}

/** A flag, as shells complete it. */
interface ShellFlag {
  readonly long: string;
  readonly short: string | undefined;
  readonly help: string;
  readonly values: readonly string[];
  readonly hasValue: boolean;
  readonly isFile: boolean;
}

/** A command, as shells complete it. */
interface ShellCommand {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly ShellFlag[];
  readonly values: readonly string[];
}

function describe(command: Command): ShellCommand {
  const flags = Object.entries(allFlags(command, true)).map(([key, flag]) => ({
    long: `--${flagName(key)}`,
    short: flag.short && `-${flag.short}`,
    help: flag.help,
    values: flag.values ?? [],
    hasValue: flag.placeholder !== undefined,
    isFile: flag.placeholder === "path",
  }));
  const values = command.arguments?.flatMap(({ values = [] }) => values) ?? [];
  return { name: command.name, summary: command.summary, flags, values };
}

const SCRIPTS: ReadonlyMap<
  string,
  (commands: readonly ShellCommand[]) => string
> = new Map([["bash", bash], ["zsh", zsh], ["fish", fish]]);

/** Returns all that can follow the name of a command. */
function wordsAfter({ flags, values }: ShellCommand): string {
  return [...values, ...flags.map(({ long }) => long)].join(" ");
}

/** Returns the first words of all commands, and by them the second words. */
function wordsOf(commands: readonly ShellCommand[]) {
  const words = commands.map(({ name }) => name.split(" "));
  const first = [...new Set(words.map(([word = ""]) => word))];
  const second = Map.groupBy(
    words.filter(([, word]) => word !== undefined),
    ([word = ""]) => word,
  );
  return { first, second };
}

function bash(commands: readonly ShellCommand[]): string {
  const { first, second } = wordsOf(commands);
  const flags = commands.flatMap(({ flags }) => flags);
  const cases = commands.map((command) =>
    `    ${JSON.stringify(command.name)}) words=${
      JSON.stringify(wordsAfter(command))
    } ;;`
  );
  const groups = [...second].map(([word, pairs]) =>
    `    ${word}) words=${
      JSON.stringify(pairs.map(([, next]) => next).join(" "))
    } ;;`
  );
  return `# Completions of hoist for bash. Add to ~/.bashrc:
#   source <(hoist completions bash)
_hoist() {
  local word=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  local words name=\${COMP_WORDS[1]}
  case $previous in
    ${bashPaths(flags)}) COMPREPLY=($(compgen -f -- "$word")); return ;;
${bashValues(flags)}
  esac
  case $name in
    ${[...second.keys()].join("|") || "-"})
      [ "$COMP_CWORD" -gt 2 ] && name="$name \${COMP_WORDS[2]}" ;;
  esac
  case $name in
${[...cases, ...groups].join("\n")}
    *) words=${JSON.stringify(`${first.join(" ")} --help --version`)} ;;
  esac
  [ "$COMP_CWORD" -eq 1 ] && words=${
    JSON.stringify(`${first.join(" ")} --help --version`)
  }
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _hoist hoist`;
}

function bashPaths(flags: readonly ShellFlag[]): string {
  const names = flags.filter(({ isFile }) => isFile).map(({ long }) => long);
  return [...new Set(names)].join("|");
}

function bashValues(flags: readonly ShellFlag[]): string {
  const lines = flags.filter(({ values }) => values.length > 0).map((
    { long, short, values },
  ) =>
    `    ${[long, short].filter(Boolean).join("|")}) COMPREPLY=($(compgen -W ${
      JSON.stringify(values.join(" "))
    } -- "$word")); return ;;`
  );
  return [...new Set(lines)].join("\n");
}

function zsh(commands: readonly ShellCommand[]): string {
  const { first, second } = wordsOf(commands);
  const summaryOf = (word: string) =>
    commands.find(({ name }) => name === word)?.summary ??
      `Commands that begin with ${word}`;
  const cases = commands.map(({ name, flags, values }) => {
    const specs = flags.map(zshFlag);
    const rest = values.length > 0
      ? `'*:value:(${values.join(" ")})'`
      : "'*:argument:_files'";
    return `    ${JSON.stringify(name)}) _arguments ${
      [...specs, rest].join(" ")
    } ;;`;
  });
  const groups = [...second].map(([word, pairs]) =>
    `    ${word}) compadd ${pairs.map(([, next]) => next).join(" ")} ;;`
  );
  return `#compdef hoist
# Completions of hoist for zsh. Save as _hoist in a folder of $fpath, or run:
#   source <(hoist completions zsh)
_hoist() {
  local -a commands
  local name=$words[2]
  commands=(
${
    first.map((word) => `    ${zshQuote(`${word}:${summaryOf(word)}`)}`).join(
      "\n",
    )
  }
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case $name in
    ${[...second.keys()].join("|") || "-"})
      (( CURRENT > 3 )) && name="$name $words[3]" ;;
  esac
  case $name in
${[...cases, ...groups].join("\n")}
  esac
}
compdef _hoist hoist`;
}

function zshFlag({ long, help, values, hasValue, isFile }: ShellFlag): string {
  const action = isFile
    ? ":path:_files"
    : values.length > 0
    ? `:value:(${values.join(" ")})`
    : hasValue
    ? ":value: "
    : "";
  const described = help.replaceAll(/[[\]:]/g, (char) => `\\${char}`);
  return zshQuote(`${long}[${described}]${action}`);
}

function zshQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function fish(commands: readonly ShellCommand[]): string {
  const { first, second } = wordsOf(commands);
  const lines = first.map((word) => {
    const summary = commands.find(({ name }) => name === word)?.summary ?? word;
    return `complete -c hoist -n __fish_use_subcommand -a ${word} -d ${
      fishQuote(summary)
    }`;
  });
  for (const [word, pairs] of second) {
    const next = pairs.map(([, next]) => next).join(" ");
    lines.push(
      `complete -c hoist -n "__fish_seen_subcommand_from ${word}; and not __fish_seen_subcommand_from ${next}" -a "${next}"`,
    );
  }
  for (const command of commands) lines.push(...fishCommand(command));
  return `# Completions of hoist for fish. Save as
# ~/.config/fish/completions/hoist.fish, or run:
#   hoist completions fish | source
complete -c hoist -f
${lines.join("\n")}`;
}

function fishCommand({ name, flags, values }: ShellCommand): string[] {
  const condition = name.split(" ").map((word) =>
    `__fish_seen_subcommand_from ${word}`
  ).join("; and ");
  const start = `complete -c hoist -n "${condition}"`;
  const words = values.length === 0
    ? []
    : [`${start} -a "${values.join(" ")}"`];
  const options = flags.map(
    ({ long, short, help, values, hasValue, isFile }) => {
      const letter = short === undefined ? "" : ` -s ${short.slice(1)}`;
      const value = isFile ? " -rF" : hasValue ? " -x" : "";
      const choices = values.length === 0 ? "" : ` -a "${values.join(" ")}"`;
      return `${start} -l ${long.slice(2)}${letter}${value}${choices} -d ${
        fishQuote(help)
      }`;
    },
  );
  return [...words, ...options];
}

function fishQuote(text: string): string {
  return `'${text.replaceAll(/['\\]/g, (char) => `\\${char}`)}'`;
}
