/**
 * Tables and figures in a terminal.
 *
 * @module
 */

import { unicodeWidth } from "@std/cli/unicode-width";
import { escapeControls } from "../common/text.ts";

/** A column of a table. */
export interface Column<Row> {
  readonly title: string;
  /** Returns what a row shows, which can come from a stranger */
  readonly show: (row: Row) => string;
  /** Whether the values are numbers, which end in the same place */
  readonly isNumber?: boolean;
}

/** The widest value of a table, in columns of the terminal. */
const MAX_WIDTH = 32;

/**
 * Formats a table; the first line contains the titles.
 *
 * @param columns The columns
 * @param rows The rows
 */
export function formatTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): readonly string[] {
  const cells = rows.map((row) =>
    columns.map(({ show }) => fit(escapeControls(show(row)), MAX_WIDTH))
  );
  const lines = [columns.map(({ title }) => title), ...cells];
  // A hostile client can open more rooms than a call can have arguments.
  const widths = columns.map((_, index) =>
    lines.reduce((max, line) => Math.max(max, unicodeWidth(line[index]!)), 0)
  );
  return lines.map((line) =>
    line.map((cell, index) => {
      const space = " ".repeat(widths[index]! - unicodeWidth(cell));
      return columns[index]!.isNumber ? space + cell : cell + space;
    }).join("  ").trimEnd()
  );
}

/** Shortens a string, so that it needs at most a number of columns of the terminal. */
export function fit(text: string, columns: number): string {
  if (unicodeWidth(text) <= columns) return text;
  let short = "";
  let width = 1;
  for (const character of text) {
    width += unicodeWidth(character);
    if (width > columns) break;
    short += character;
  }
  return columns > 0 ? `${short}…` : "";
}

/** Formats a number of bytes in units of 1,024, as those of the limits and of the dashboard. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  for (; value >= 1_023.5 && unit < units.length - 1; unit++) value /= 1_024;
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** Formats how long something has lasted, with one or two units. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
