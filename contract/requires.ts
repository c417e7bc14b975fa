/**
 * What the entries of a contract require of a client: `requires`.
 *
 * @module
 */

import { invalidType } from "../common/check.ts";
import type { Json } from "../common/json.ts";
import { quoteName } from "../common/text.ts";
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

/**
 * Checks the value of `requires`.
 *
 * @param subject What failed, such as `Cannot define the contract`
 * @param place What the error calls the value, such as `operations.add.requires`
 * @param value The value; `undefined` is valid
 *
 * @throws {TypeError} If it is not a JSON value
 */
export function assertRequires(
  subject: string,
  place: string,
  value: unknown,
): void {
  const isConstant = !isSchema(value) && NO_JSON[typeof value] !== true;
  if (value === undefined || isConstant) return;
  throw invalidType(subject, quoteName(place), "a JSON value", value);
}

/** The types of values that JSON cannot represent. */
const NO_JSON: Readonly<Partial<Record<string, true>>> = {
  bigint: true,
  function: true,
  symbol: true,
};
