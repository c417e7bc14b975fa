/**
 * Defines a contract, and checks what it consists of: JavaScript users have no compiler
 * that does it.
 *
 * @module
 */

import { checkKeys } from "../common/check.ts";
import {
  assertErrors,
  assertObject,
  assertOperation,
  assertRequires,
  assertSchema,
  DEFINE,
  ENTRY_KEYS,
  type Keys,
} from "./checks.ts";
import type {
  Contract,
  ContractParts,
  MessageEntries,
  NoEntries,
  OperationEntries,
} from "./contract.ts";
import { assertRooms } from "./define_rooms.ts";
import { describe } from "./describe.ts";
import type { RoomEntries } from "./room_entry.ts";
import { isSchema } from "./schema.ts";

const PARTS = { messages: true, events: true, operations: true, rooms: true };

const EVENT_KEYS = { data: true, replies: true };

const MESSAGE_KEYS = { ...EVENT_KEYS, errors: true, requires: true };

/**
 * Checks the parts of a contract.
 *
 * @throws {TypeError} If a part is invalid
 */
export function assertContract(parts: unknown): void {
  assertObject(DEFINE, "contract", parts);
  checkKeys(DEFINE, parts, PARTS);
  const { messages = {}, events = {}, operations = {}, rooms = {} }: Parts =
    parts;
  assertMessages("messages", messages, MESSAGE_KEYS);
  assertMessages("events", events, EVENT_KEYS);
  assertObject(DEFINE, "operations", operations);
  for (const [name, schemas] of Object.entries(operations)) {
    assertOperation(DEFINE, `operations.${name}`, schemas, ENTRY_KEYS);
  }
  assertRooms(rooms);
}

type Parts = Keys<typeof PARTS>;

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

/**
 * Defines what a server and its clients send to each other, in a module that both
 * import. If both pass the contract as an option, TypeScript checks all names and types,
 * and the server validates everything that it receives.
 *
 * @param parts The messages, the events, the operations and the rooms
 * @returns The contract
 *
 * @throws {TypeError} If a part has an unknown key, or a value that is no schema; or if the
 * name or the pattern of a room is invalid
 * @throws {RangeError} If the name of a room has more than 200 bytes
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
  const Rooms extends RoomEntries = NoEntries,
  const Data = unknown,
>(
  parts: ContractParts<Messages, Events, Operations, Rooms, Data>,
): Contract<Messages, Events, Operations, Rooms> {
  assertContract(parts);
  // An omitted part is empty, as its type says.
  const contract = {
    messages: parts.messages ?? {} as Messages,
    events: parts.events ?? {} as Events,
    operations: parts.operations ?? {} as Operations,
    rooms: parts.rooms ?? {} as Rooms,
  };
  return { ...contract, describe: () => describe(contract) };
}
