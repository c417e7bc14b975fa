/**
 * The output of the commands that talk to a server. What a peer sent never reaches the terminal
 * with characters that the terminal interprets.
 *
 * @module
 */

import { HoistError } from "../common/errors.ts";
import { escapeControls, escapeJson } from "../common/text.ts";
import type { CommandContext } from "./context.ts";

/** The styles, as numbers of ANSI escape sequences. */
const STYLES = { key: 36, string: 32, literal: 33, name: 1, faint: 2 } as const;

type Style = keyof typeof STYLES;

/** How long a line about a peer can be. The result itself has no limit. */
const MAX_SHOWN = 400;

/** How long a value is that people can read on many lines, in UTF-16 units of JSON. */
const MAX_READABLE = 4_194_304;

/** How deep it is nested. The indentation of a deep value is far longer than the value. */
const MAX_DEPTH = 32;

/** What decides about the output. */
interface OutputFlags {
  readonly json: boolean;
  readonly quiet: boolean;
}

/** Prints results to the standard output, and progress to the standard error. */
export class Output {
  readonly #context: CommandContext;
  readonly #flags: OutputFlags;

  /** Constructs an `Output`. */
  constructor(flags: OutputFlags, context: CommandContext) {
    this.#flags = flags;
    this.#context = context;
  }

  /** Whether each result is one line of JSON. */
  get isJson(): boolean {
    return this.#flags.json;
  }

  /** Prints a value: with `--json` in one line, otherwise in as many as are easy to read. */
  value(value: unknown): void {
    const compact = encode(value);
    if (this.isJson || !isReadable(compact)) return this.#print(compact);
    const json = encode(value, 2);
    // The line breaks are those of the format: JSON escapes those of strings.
    const lines = json.split("\n").map((line) => this.#paint(escapeJson(line)));
    this.#context.print(lines.join("\n"));
  }

  /** Prints a value in one line. */
  line(value: unknown): void {
    this.#print(encode(value));
  }

  /**
   * Prints what arrived, in one line.
   *
   * @param label What the line begins with, after the time
   * @param details What a line of JSON contains, besides the time
   * @param data What follows the label; nothing if it is `undefined`
   */
  event(
    label: string,
    details: Readonly<Record<string, unknown>>,
    data?: unknown,
  ): void {
    const now = new Date();
    if (this.isJson) return this.line({ time: now.toISOString(), ...details });
    const time = this.#style("faint", now.toTimeString().slice(0, 8));
    const shown = this.#style("name", escapeControls(label));
    const rest = data === undefined ? "" : ` ${this.#compact(data)}`;
    this.#context.print(`${time} ${shown}${rest}`);
  }

  /** Writes a line about the progress to the standard error, unless `--quiet` is set. */
  progress(line: string): void {
    if (!this.#flags.quiet) {
      this.#context.printError(escapeControls(line, MAX_SHOWN));
    }
  }

  #print(json: string): void {
    this.#context.print(this.#paint(escapeJson(json)));
  }

  #compact(value: unknown): string {
    return this.#paint(escapeJson(encode(value)));
  }

  /** Colors the strings, the keys and the words of JSON. */
  #paint(json: string): string {
    // The pattern needs a stack that grows with the length of a string.
    if (!this.#context.hasColors || json.length > MAX_READABLE) return json;
    return json.replaceAll(
      /("(?:[^"\\]|\\.)*")(?=\s*(:)?)|[\w.+-]+/g,
      (token, string: string | undefined, colon: string | undefined) => {
        if (string === undefined) return this.#style("literal", token);
        return this.#style(colon === undefined ? "string" : "key", token);
      },
    );
  }

  #style(style: Style, text: string): string {
    if (!this.#context.hasColors) return text;
    return `\x1b[${STYLES[style]}m${text}\x1b[0m`;
  }
}

/** Encodes what a server sent. It can be nested deeper than the stack allows. */
function encode(value: unknown, space = 0): string {
  try {
    return JSON.stringify(value ?? null, null, space);
  } catch (cause) {
    throw new HoistError(
      "Cannot print what the server sent: it is nested too deeply.",
      { cause },
    );
  }
}

/** Returns whether people can read JSON on many lines, which a server must not make too long. */
function isReadable(json: string): boolean {
  if (json.length > MAX_READABLE) return false;
  let depth = 0;
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g)) {
    if (token === "[" || token === "{") depth++;
    if (token === "]" || token === "}") depth--;
    if (depth > MAX_DEPTH) return false;
  }
  return true;
}
