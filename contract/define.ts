/**
 * Defines a contract, and checks what it consists of: JavaScript users have no compiler
 * that does it.
 *
 * @module
 */

import { checkKeys, invalidType } from "../common/check.ts";
import { assertKindLength } from "../common/error_kind.ts";
import { suggestName } from "../common/suggest.ts";
import { quote, quoteName } from "../common/text.ts";
import type {
  Contract,
  ContractParts,
  MessageEntries,
  NoEntries,
  OperationEntries,
} from "./contract.ts";
import { describe } from "./describe.ts";
import { isSchema } from "./schema.ts";

const DEFINE = "Cannot define the contract";

const PARTS = { messages: true, events: true, operations: true };

const EVENT_KEYS = { data: true, replies: true };

const MESSAGE_KEYS = { ...EVENT_KEYS, errors: true, requires: true };

const OPERATION_KEYS = {
  input: true,
  output: true,
  yields: true,
  errors: true,
};

/** The types of values that JSON cannot represent. */
const NO_JSON: Readonly<Partial<Record<string, true>>> = {
  bigint: true,
  function: true,
  symbol: true,
};

const ENTRY_KEYS = { ...OPERATION_KEYS, requires: true };

/**
 * Checks the parts of a contract.
 *
 * @throws {TypeError} If a part is invalid
 */
export function assertContract(parts: unknown): void {
  assertObject(DEFINE, "contract", parts);
  checkKeys(DEFINE, parts, PARTS);
  const { messages = {}, events = {}, operations = {} }: Parts = parts;
  assertMessages("messages", messages, MESSAGE_KEYS);
  assertMessages("events", events, EVENT_KEYS);
  assertObject(DEFINE, "operations", operations);
  for (const [name, schemas] of Object.entries(operations)) {
    assertOperation(DEFINE, `operations.${name}`, schemas, ENTRY_KEYS);
  }
}

/** An object with these keys, whose values can be anything. */
type Keys<Known> = { readonly [Key in keyof Known]?: unknown };

type Parts = Keys<typeof PARTS>;

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
 * Checks the option `contract`.
 *
 * @param subject What failed, such as `Cannot serve`
 * @param contract The contract; `undefined` is valid
 *
 * @throws {TypeError} If `defineContract` has not made it
 */
export function assertDefined(subject: string, contract: unknown): void {
  if (contract === undefined) return;
  const { describe, messages, events, operations }: Keys<Contract> = Object(
    contract,
  );
  // The schemas of some libraries have a method `describe` as well.
  const isWhole = [messages, events, operations].every(isObject);
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

function assertMessages(
  place: string,
  entries: unknown,
  known: Keys<typeof MESSAGE_KEYS>,
): void {
  assertObject(DEFINE, place, entries);
  for (const [name, entry] of Object.entries(entries)) {
    if (!isSchema(entry)) assertMessage(`${place}.${name}`, entry, known);
  }
}

function assertMessage(
  place: string,
  entry: unknown,
  known: Keys<typeof MESSAGE_KEYS>,
): void {
  assertObject(DEFINE, place, entry);
  checkKeys(DEFINE, entry, known, place);
  const { data, replies = {}, errors, requires }: Keys<typeof MESSAGE_KEYS> =
    entry;
  if (data !== undefined) assertSchema(DEFINE, `${place}.data`, data);
  assertObject(DEFINE, `${place}.replies`, replies);
  for (const [name, reply] of Object.entries(replies)) {
    assertSchema(DEFINE, `${place}.replies.${name}`, reply);
  }
  assertErrors(DEFINE, `${place}.errors`, errors);
  assertRequires(DEFINE, `${place}.requires`, requires);
}

function assertErrors(subject: string, place: string, errors: unknown): void {
  if (errors === undefined) return;
  assertObject(subject, place, errors);
  for (const [kind, schema] of Object.entries(errors)) {
    // Fails now instead of when the error is thrown.
    assertKindLength(`${subject}: ${quoteName(place)}`, kind);
    if (schema !== null) assertSchema(subject, `${place}.${kind}`, schema);
  }
}

/** Checks the value of `requires`, which is never sent: only mistakes are rejected. */
function assertRequires(subject: string, place: string, value: unknown): void {
  const isConstant = !isSchema(value) && NO_JSON[typeof value] !== true;
  if (value === undefined || isConstant) return;
  throw invalidType(subject, quoteName(place), "a JSON value", value);
}

function assertObject(
  subject: string,
  place: string,
  value: unknown,
): asserts value is object {
  if (isObject(value)) return;
  throw invalidType(subject, quoteName(place), "an object", value);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Defines what a server and its clients send to each other, in a module that both
 * import. If both pass the contract as an option, TypeScript checks all names and types,
 * and the server validates everything that it receives.
 *
 * @param parts The messages, the events and the operations
 * @returns The contract
 *
 * @throws {TypeError} If a part has an unknown key, or a value that is no schema
 *
 * @example
 * ```ts
 * import { connect, defineContract, serve } from "@hoist/cli";
 * import assert from "node:assert/strict";
 * import { z } from "zod";
 *
 * const contract = defineContract({
 *   operations: {
 *     add: { input: z.object({ a: z.number(), b: z.number() }), output: z.number() },
 *   },
 * });
 *
 * const options = { hostname: "127.0.0.1", port: 0, contract };
 * await using server = serve("test", options);
 * server.operation("add", ({ a, b }) => a + b);
 *
 * await using connection = await connect("test", { url: server.url, contract });
 * const sum: number = await connection.operation("add", { a: 1, b: 2 });
 * assert.equal(sum, 3);
 * ```
 */
export function defineContract<
  const Messages extends MessageEntries = NoEntries,
  const Events extends MessageEntries = NoEntries,
  const Operations extends OperationEntries = NoEntries,
>(
  parts: ContractParts<Messages, Events, Operations>,
): Contract<Messages, Events, Operations> {
  assertContract(parts);
  // An omitted part is empty, as its type says.
  const contract = {
    messages: parts.messages ?? {} as Messages,
    events: parts.events ?? {} as Events,
    operations: parts.operations ?? {} as Operations,
  };
  return { ...contract, describe: () => describe(contract) };
}
