/**
 * The issues that a schema finds in a value: how they are read, sent and described.
 *
 * @module
 */

import { isJsonObject, type Json } from "./json.ts";
import { escapeControls, formatPath, truncate } from "./text.ts";

/** One thing that is wrong with a value: docs/reference/protocol.md, "Frames", code 2 */
export interface Issue {
  /** The keys and the indexes from the outermost object to the value */
  readonly path: readonly (string | number)[];
  /** What is wrong, as a sentence */
  readonly message: string;
}

/** How many issues are sent. */
const MAX_ISSUES = 16;

/** How many keys of a path are sent. */
const MAX_PATH = 16;

/** How many characters of a message are sent: some libraries quote the whole value. */
const MAX_MESSAGE = 300;

/** An issue of a schema library. */
interface FoundIssue {
  readonly message: string;
  readonly path?:
    | readonly (PropertyKey | { readonly key: PropertyKey })[]
    | undefined;
}

/** Converts the issues of a schema library into issues that can be sent and shown. */
export function issuesOf(issues: readonly FoundIssue[]): readonly Issue[] {
  // Some libraries return a subclass of Array, whose methods return the subclass again.
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

/** Returns the issues in the data of an error frame; an empty array if it has none. */
export function readIssues(data: unknown): readonly Issue[] {
  const { issues }: { readonly issues?: unknown } = Object(data);
  return Array.isArray(issues) ? issuesOf(issues.filter(isIssue)) : [];
}

function isIssue(
  value: Json,
): value is { message: string; path: (string | number)[] } {
  return isJsonObject(value) && typeof value.message === "string" &&
    Array.isArray(value.path) && value.path.every(isKey);
}

function isKey(value: unknown): value is string | number {
  return typeof value === "string" || typeof value === "number";
}

/** How many issues a sentence contains. */
const MAX_DESCRIBED = 3;

/**
 * Returns where the issues are, but not what they are, because a message can quote what
 * was sent.
 *
 * @param issues The issues
 * @returns The end of a sentence, such as ` at a, b`; empty if no issue has a path
 */
export function placesOf(issues: readonly Issue[]): string {
  const places = issues.slice(0, MAX_DESCRIBED)
    .map(({ path }) => formatPath(path)).filter((place) => place !== "");
  return places.length === 0 ? "" : ` at ${places.join(", ")}`;
}

/** Describes where the issues are, and what they are. */
export function describeIssues(issues: readonly Issue[]): string {
  const parts = issues.slice(0, MAX_DESCRIBED).map(({ path, message }) => {
    const shown = escapeControls(message);
    return path.length === 0 ? shown : `${formatPath(path)}: ${shown}`;
  });
  const rest = issues.length - parts.length;
  if (rest > 0) parts.push(`and ${rest} more`);
  return parts.join("; ") || "the schema gives no reason";
}
