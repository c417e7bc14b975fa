/**
 * What is wrong with a value, and where: as schemas find it, as it is sent, and in
 * words.
 *
 * @module
 */

import { isJsonObject, type Json } from "./json.ts";
import { escapeControls, truncate } from "./text.ts";
/** What a schema finds wrong, as Standard Schema v1 has it */
export interface SchemaIssue {
  /** What is wrong, in words */
  readonly message: string;
  /** Where: the keys from the outermost object to the value */
  readonly path?:
    | readonly (PropertyKey | { readonly key: PropertyKey })[]
    | undefined;
}

/** What is wrong with a value, and where: docs/protocol.md, "Frames", code 2 */
export interface Issue {
  /** The keys and the indices from the outermost object to the value */
  readonly path: readonly (string | number)[];
  /** What is wrong, in words */
  readonly message: string;
}

/** How many issues are told: enough to go on with. */
const MAX_ISSUES = 16;

/** How deep a path is told. */
const MAX_PATH = 16;

/** How many characters of a message are told: some libraries quote what was sent. */
const MAX_MESSAGE = 300;

/** What a schema found, as it can be sent and shown. */
export function issuesOf(issues: readonly SchemaIssue[]): readonly Issue[] {
  // Libraries have arrays of their own, whose methods make more of these.
  return Array.from(issues).slice(0, MAX_ISSUES).map(({ path, message }) => ({
    path: Array.from(path ?? []).slice(0, MAX_PATH).map(keyOf),
    message: truncate(String(message), MAX_MESSAGE),
  }));
}

function keyOf(
  segment: PropertyKey | { readonly key: PropertyKey },
): string | number {
  const key = typeof segment === "object" ? segment.key : segment;
  return typeof key === "number" ? key : truncate(String(key));
}

/** The issues that the data of an error tells; none if it does not. */
export function readIssues(data: unknown): readonly Issue[] {
  const { issues }: { readonly issues?: unknown } = Object(data);
  return Array.isArray(issues) ? issuesOf(issues.filter(isIssue)) : [];
}

function isIssue(value: Json): value is { message: string; path: string[] } {
  return isJsonObject(value) && typeof value.message === "string" &&
    Array.isArray(value.path) && value.path.every(isKey);
}

function isKey(value: unknown): value is string | number {
  return typeof value === "string" || typeof value === "number";
}

/** How much of a path is shown. */
const MAX_SHOWN = 200;

/** Says where something is, as one would write it: `rows[3].name`. */
export function formatPath(path: Issue["path"]): string {
  const steps = path.map((key, index) => {
    if (typeof key === "number") return `[${key}]`;
    if (!/^[\w$]+$/.test(key)) return `[${JSON.stringify(key)}]`;
    return index === 0 ? key : `.${key}`;
  });
  return escapeControls(truncate(steps.join(""), MAX_SHOWN));
}

/** How many issues a sentence has. */
const MAX_DESCRIBED = 3;

/** Says where something is wrong, and nothing of what: ` at a, b`. */
export function placesOf(issues: readonly Issue[]): string {
  const places = issues.slice(0, MAX_DESCRIBED)
    .map(({ path }) => formatPath(path)).filter((place) => place !== "");
  return places.length === 0 ? "" : ` at ${places.join(", ")}`;
}

/** Says what is wrong, and where. */
export function describeIssues(issues: readonly Issue[]): string {
  const parts = issues.slice(0, MAX_DESCRIBED).map(({ path, message }) => {
    const text = escapeControls(message);
    return path.length === 0 ? text : `${formatPath(path)}: ${text}`;
  });
  const rest = issues.length - parts.length;
  if (rest > 0) parts.push(`and ${rest} more`);
  return parts.join("; ") || "it does not say why";
}
