/**
 * What the entries of a contract require of a client: `requires`.
 *
 * @module
 */

import type { Json } from "../common/json.ts";
import type { Contract } from "./contract.ts";
import { isSchema, type Schema } from "./schema.ts";

/** The values of `requires` in a part of a contract, and `undefined` for entries without it */
export type RequiredIn<Entries> = RequiredBy<Entries[keyof Entries]>;

/** The value of `requires` in an entry of a contract */
export type RequiredBy<Entry> = Entry extends Schema ? undefined
  : Entry extends { readonly requires: infer Requires } ? Requires
  : undefined;

/** Returns what a message or an operation of a contract requires; `undefined` for nothing. */
export function requirementOf(
  contract: Contract | undefined,
  kind: "message" | "operation" | "stream",
  name: string,
): Json | undefined {
  if (contract === undefined) return undefined;
  const { messages, operations } = contract;
  const entries = kind === "message" ? messages : operations;
  if (!Object.hasOwn(entries, name)) return undefined;
  const entry = entries[name]!;
  return isSchema(entry) ? undefined : entry.requires;
}

/** Returns the names of the messages and operations of a contract that require something. */
export function requiringNames(
  { messages, operations }: Contract,
): readonly string[] {
  return [...Object.entries(messages), ...Object.entries(operations)]
    .filter(([, entry]) => !isSchema(entry) && entry.requires !== undefined)
    .map(([name]) => name);
}
