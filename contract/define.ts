/**
 * What a contract, and the schemas of an operation, have to be made of: for those
 * that no compiler has looked at.
 *
 * @module
 */

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

/**
 * Checks the parts of a contract.
 *
 * @throws {TypeError} If one of them is not what it has to be
 */
export function assertContract(parts: unknown): void {
  assertKeys(DEFINE, "the contract", parts, [
    "messages",
    "events",
    "operations",
  ]);
  const { messages = {}, events = {}, operations = {} } = parts;
  assertMessages("messages", messages);
  assertMessages("events", events);
  assertObject(DEFINE, "operations", operations);
  for (const [name, schemas] of Object.entries(operations)) {
    assertOperation(DEFINE, `operations.${name}`, schemas);
  }
}

/**
 * Checks the schemas of an operation.
 *
 * @param subject What cannot be done, such as `Cannot define the contract`
 * @param place What errors call them, such as `operations.add`
 * @param schemas What was passed
 *
 * @throws {TypeError} If they are not what they have to be
 */
export function assertOperation(
  subject: string,
  place: string,
  schemas: unknown,
): void {
  if (isSchema(schemas)) {
    throw new TypeError(
      `${subject} as a schema stands in place of ${place}: say what it is for, as in { input: schema }`,
    );
  }
  assertKeys(subject, place, schemas, ["input", "output", "yields"]);
  for (const [key, schema] of Object.entries(schemas)) {
    if (schema !== undefined) assertSchema(subject, `${place}.${key}`, schema);
  }
  const { output, yields } = schemas;
  if (output === undefined || yields === undefined) return;
  throw new TypeError(
    `${subject} as there are both 'output' and 'yields' in ${place}: it gives one result or a stream of items`,
  );
}

/**
 * Checks what has to be a schema.
 *
 * @throws {TypeError} If it is none
 */
export function assertSchema(
  subject: string,
  place: string,
  schema: unknown,
): void {
  if (isSchema(schema)) return;
  throw new TypeError(
    `${subject} as ${place} must implement Standard Schema, as the schemas of zod, valibot and arktype do: current value is of type ${
      typeOf(schema)
    }`,
  );
}

/**
 * Checks what is passed as a contract.
 *
 * @param subject What cannot be done, such as `Cannot serve`
 * @param contract What was passed; `undefined` is right
 *
 * @throws {TypeError} If `defineContract` has not made it
 */
export function assertDefined(subject: string, contract: unknown): void {
  if (contract === undefined) return;
  const { describe, messages, events, operations }: {
    readonly [key: string]: unknown;
  } = Object(contract);
  // Schemas can describe themselves, too.
  const isWhole = [messages, events, operations].every((part) =>
    typeOf(part) === "object"
  );
  if (typeof describe === "function" && isWhole) return;
  throw new TypeError(
    `${subject} as 'contract' must be what defineContract() returns: current value is of type ${
      typeOf(contract)
    }`,
  );
}

function assertMessages(place: string, entries: unknown): void {
  assertObject(DEFINE, place, entries);
  for (const [name, entry] of Object.entries(entries)) {
    if (!isSchema(entry)) assertMessage(`${place}.${name}`, entry);
  }
}

function assertMessage(place: string, entry: unknown): void {
  assertKeys(DEFINE, place, entry, ["data", "replies"]);
  const { data, replies = {} } = entry;
  if (data !== undefined) assertSchema(DEFINE, `${place}.data`, data);
  assertObject(DEFINE, `${place}.replies`, replies);
  for (const [name, reply] of Object.entries(replies)) {
    assertSchema(DEFINE, `${place}.replies.${name}`, reply);
  }
}

function assertKeys<Key extends string>(
  subject: string,
  place: string,
  value: unknown,
  keys: readonly Key[],
): asserts value is Readonly<Partial<Record<Key, unknown>>> {
  assertObject(subject, place, value);
  const isOther = (key: string) => !keys.some((known) => known === key);
  const other = Object.keys(value).find(isOther);
  if (other === undefined) return;
  throw new TypeError(
    `${subject} as there is no ${
      JSON.stringify(other)
    } in ${place}: there are ${keys.join(", ")}`,
  );
}

function assertObject(
  subject: string,
  place: string,
  value: unknown,
): asserts value is object {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return;
  }
  throw new TypeError(
    `${subject} as ${place} must be an object: current value is of type ${
      typeOf(value)
    }`,
  );
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

/**
 * Defines what a server and its clients agree on, in a module that both import. With
 * it in their options, both are typed from end to end, and the server checks what
 * comes in.
 *
 * @param parts The messages, events and operations
 * @returns The contract
 *
 * @throws {TypeError} If something is no schema where there has to be one, or stands
 * where there is nothing of its name
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
 * const where = { hostname: "127.0.0.1", port: 0 };
 * await using server = serve("test", { ...where, contract });
 * server.operation("add", ({ a, b }) => a + b);
 *
 * await using connection = await connect("test", { url: server.url, contract });
 * const sum: number = await connection.operation("add", { a: 1, b: 2 });
 * assert.equal(sum, 3);
 * ```
 */
export function defineContract<
  Messages extends MessageEntries = NoEntries,
  Events extends MessageEntries = NoEntries,
  Operations extends OperationEntries = NoEntries,
>(
  parts: ContractParts<Messages, Events, Operations>,
): Contract<Messages, Events, Operations> {
  assertContract(parts);
  // What is left out is empty, as its type says.
  const contract = {
    messages: parts.messages ?? {} as Messages,
    events: parts.events ?? {} as Events,
    operations: parts.operations ?? {} as Operations,
  };
  return { ...contract, describe: () => describe(contract) };
}
