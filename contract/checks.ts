/**
 * The checks of the parts of a contract, which the server and the client use, too. They do
 * not depend on the functions that define a contract.
 *
 * @module
 */

import { checkKeys, invalidType } from "../common/check.ts";
import { assertKindLength } from "../common/codes.ts";
import { quote, quoteName, suggestName } from "../common/text.ts";
import type { Contract } from "./contract.ts";
import { isSchema } from "./schema.ts";

/** The beginning of the errors of `defineContract`. */
export const DEFINE = "Cannot define the contract";

const OPERATION_KEYS = {
  input: true,
  output: true,
  yields: true,
  errors: true,
};

/** The keys of an operation of a contract. */
export const ENTRY_KEYS = { ...OPERATION_KEYS, requires: true };

/** The types of values that JSON cannot represent. */
const NO_JSON: Readonly<Partial<Record<string, true>>> = {
  bigint: true,
  function: true,
  symbol: true,
};

/** An object with these keys, whose values can be anything. */
export type Keys<Known> = { readonly [Key in keyof Known]?: unknown };

/**
 * Checks the schemas of an operation.
 *
 * @param subject What failed, such as `Cannot define the contract`
 * @param place What the error calls the schemas, such as `operations.add`
 * @param schemas The schemas
 * @param known The keys that they can have; an entry of a contract has more
 *
 * @throws {TypeError} If they are invalid
 */
export function assertOperation(
  subject: string,
  place: string,
  schemas: unknown,
  known: Keys<typeof ENTRY_KEYS> = OPERATION_KEYS,
): void {
  if (isSchema(schemas)) {
    throw new TypeError(
      `${subject}: ${
        quoteName(place)
      } is a schema. Pass an object such as { input: schema }.`,
    );
  }
  assertObject(subject, place, schemas);
  checkKeys(subject, schemas, known, place);
  const { errors, requires, ...values }: Keys<typeof ENTRY_KEYS> = schemas;
  for (const [key, schema] of Object.entries(values)) {
    if (schema !== undefined) assertSchema(subject, `${place}.${key}`, schema);
  }
  assertErrors(subject, `${place}.errors`, errors);
  assertRequires(subject, `${place}.requires`, requires);
  const { output, yields } = values;
  if (output === undefined || yields === undefined) return;
  throw new TypeError(
    `${subject}: ${
      quoteName(place)
    } has both 'output' and 'yields'. Remove one: an operation returns one result or a stream of items.`,
  );
}

/**
 * Checks the errors that an entry declares.
 *
 * @param subject What failed, such as `Cannot define the contract`
 * @param place What the error calls them, such as `operations.add.errors`
 * @param errors The schemas of the details, by the kinds of the errors
 *
 * @throws {TypeError} If a schema is invalid
 * @throws {RangeError} If a kind is empty or too long
 */
export function assertErrors(
  subject: string,
  place: string,
  errors: unknown,
): void {
  if (errors === undefined) return;
  assertObject(subject, place, errors);
  for (const [kind, schema] of Object.entries(errors)) {
    // Fails now instead of when the error is thrown.
    assertKindLength(`${subject}: ${quoteName(place)}`, kind);
    if (schema !== null) assertSchema(subject, `${place}.${kind}`, schema);
  }
}

/** Checks the value of `requires`, which is never sent: only mistakes are rejected. */
export function assertRequires(
  subject: string,
  place: string,
  value: unknown,
): void {
  const isConstant = !isSchema(value) && NO_JSON[typeof value] !== true;
  if (value === undefined || isConstant) return;
  throw invalidType(subject, quoteName(place), "a JSON value", value);
}

/**
 * Checks the option `contract`.
 *
 * @param subject What failed, such as `Cannot serve`
 * @param contract The contract; `undefined` is valid
 *
 * @throws {TypeError} If `defineContract` has not made it
 */
export function assertDefined(subject: string, contract: unknown): void {
  if (contract === undefined) return;
  const { describe, messages, events, operations, rooms }: Keys<Contract> =
    Object(contract);
  // The schemas of some libraries have a method `describe` as well.
  const isWhole = [messages, events, operations, rooms].every(isObject);
  if (typeof describe === "function" && isWhole) return;
  const needed = "the result of defineContract()";
  throw invalidType(subject, "'contract'", needed, contract);
}

/**
 * Checks that a contract has a name, for users without TypeScript.
 *
 * @param subject What failed, such as `Cannot broadcast message "news"`
 * @param entries The entries of the contract; without a contract, every name is valid
 * @param name The name
 *
 * @throws {TypeError} If the contract has no entry with this name
 */
export function assertNamed(
  subject: string,
  entries: object | undefined,
  name: string,
): void {
  if (entries === undefined || Object.hasOwn(entries, name)) return;
  throw new TypeError(
    `${subject}: the contract does not have this name. ${
      suggestName(name, Object.keys(entries), "names", quote)
    }`,
  );
}

/** The beginning of the names that only Hoist uses. */
const RESERVED = "hoist.";

/**
 * Checks that an application can use a name on a server.
 *
 * @param subject What failed, such as `Cannot register operation "hoist.x"`
 * @param name The name
 *
 * @throws {TypeError} If the name is reserved for Hoist
 */
export function assertFree(subject: string, name: unknown): void {
  if (typeof name !== "string" || !name.startsWith(RESERVED)) return;
  throw new TypeError(
    `${subject}: names that begin with "${RESERVED}" are reserved for Hoist. Choose another name.`,
  );
}

/**
 * Checks that a server can use all names of a contract.
 *
 * @param subject What failed, such as `Cannot serve`
 * @param contract The contract; `undefined` is valid
 *
 * @throws {TypeError} If a name is reserved for Hoist
 */
export function assertAllFree(
  subject: string,
  contract: Contract | undefined,
): void {
  if (contract === undefined) return;
  const { messages, events, operations, rooms } = contract;
  for (const part of [messages, events, operations, rooms]) {
    for (const name of Object.keys(part)) {
      assertFree(`${subject} the name ${quote(name)} of the contract`, name);
    }
  }
}

/**
 * Rejects a schema beside a contract, which has the schemas.
 *
 * @throws {TypeError} If there are both
 */
export function assertNoOwnSchema(
  subject: string,
  contract: Contract | undefined,
  schema: unknown,
): void {
  if (contract === undefined || schema === undefined) return;
  throw new TypeError(
    `${subject} with a schema: the server has a contract. Move the schema into the contract.`,
  );
}

/**
 * Checks a schema.
 *
 * @param subject What failed, such as `Cannot define the contract`
 * @param place What the error calls the schema, such as `operations.add.input`
 * @param schema The schema
 *
 * @throws {TypeError} If it is no schema
 */
export function assertSchema(
  subject: string,
  place: string,
  schema: unknown,
): void {
  if (isSchema(schema)) return;
  const needed = "a Standard Schema, for example of zod, valibot or arktype";
  throw invalidType(subject, quoteName(place), needed, schema);
}

/**
 * Checks an object.
 *
 * @param subject What failed, such as `Cannot define the contract`
 * @param place What the error calls the object, such as `operations`
 * @param value The value
 *
 * @throws {TypeError} If it is no object, or an array
 */
export function assertObject(
  subject: string,
  place: string,
  value: unknown,
): asserts value is object {
  if (isObject(value)) return;
  throw invalidType(subject, quoteName(place), "an object", value);
}

/** Returns whether a value is an object, and neither `null` nor an array. */
export function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
