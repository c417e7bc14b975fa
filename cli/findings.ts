/**
 * What the doctor finds at each step, and how it is shown.
 *
 * @module
 */

import type { JsonObject } from "../common/json.ts";
import { escapeControls } from "../common/text.ts";
import { clientCodeOf, inCommands } from "./exit_code.ts";

/** How a step ended. `warn` is a problem that does not prevent a connection. */
export type Result = "ok" | "warn" | "FAIL" | "skip";

/** What the doctor found at one step. */
export interface Finding {
  /** The name of the step */
  readonly step: string;
  readonly result: Result;
  /** What was found, without a full stop */
  readonly detail: string;
  /** What the user can do */
  readonly remedy?: string | undefined;
  /** The exit code of the command, if the step failed */
  readonly exitCode?: number;
  /** The numbers of the step, for programs */
  readonly values?: JsonObject;
}

/** The steps have the same width, so that the details are below each other. */
const STEP_WIDTH = 11;

/** The colors of the results, as numbers of ANSI escape sequences. */
const COLORS = { ok: 32, warn: 33, FAIL: 31, skip: 2 } as const;

/** Formats a finding for people: a line, and what to do in the line below. */
export function formatFinding(
  { step, result, detail, remedy }: Finding,
  hasColors = false,
): string {
  const word = result.padEnd(4);
  const mark = hasColors ? `\x1b[${COLORS[result]}m${word}\x1b[0m` : word;
  const line = `${mark}  ${step.padEnd(STEP_WIDTH)}  ${detail}`;
  return remedy === undefined ? line : `${line}\n      What to do: ${remedy}`;
}

/** Returns a finding for programs. */
export function toJson(finding: Finding): object {
  return { ...finding, result: finding.result.toLowerCase() };
}

/**
 * Returns the finding for a step that failed.
 *
 * @param step The name of the step
 * @param error The error of the client, whose message ends with what to do
 * @param base The URL of the server, with which the messages begin
 */
export function failed(step: string, error: unknown, base: string): Finding {
  const message = error instanceof Error ? error.message : String(error);
  const { detail, remedy } = splitAdvice(withoutSubject(message, base));
  const exitCode = clientCodeOf(error);
  return { step, result: "FAIL", detail, remedy, exitCode };
}

/** The heading of the report names the server already. */
function withoutSubject(message: string, base: string): string {
  const subject = [`Cannot connect to ${base}: `, `Cannot log in to ${base}: `]
    .find((subject) => message.startsWith(subject));
  return escapeControls(inCommands(message.slice(subject?.length ?? 0)));
}

/** The last sentence of an error says what to do. */
function splitAdvice(
  message: string,
): { readonly detail: string; readonly remedy: string | undefined } {
  const start = message.search(/(?<=[.)] )[A-Z][^.]*(\.[^ ][^.]*)*\.?$/);
  const detail = start < 0 ? message : message.slice(0, start);
  return {
    detail: detail.replace(/\. ?$/, ""),
    remedy: start < 0 ? undefined : message.slice(start),
  };
}

/** Formats a duration for people. */
export function formatTime(time: number): string {
  return `${time < 10 ? time.toFixed(2) : time.toFixed(0)} ms`;
}

/** Writes a number with its noun, such as `1 client` or `2 clients`. */
export function plural(count: number, noun: string): string {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

/** Rounds a number for programs to three decimals, such as milliseconds to microseconds. */
export function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
