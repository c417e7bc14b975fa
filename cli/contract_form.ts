/**
 * Checks that a value from outside is a described contract.
 *
 * @module
 */

import type { ContractDescription } from "../client.ts";
import { isDeeperThan, isJsonObject, type Json } from "../common/json.ts";

/** How deep a contract can be nested, so that reading it cannot exhaust the stack. */
const MAX_DEPTH = 512;

/** Returns whether a value has the form of a described contract. */
export function isContract(value: unknown): value is ContractDescription {
  return isObject(value) && !isDeeperThan(value as Json, MAX_DEPTH) &&
    isTable(value.messages, isMessage) && isTable(value.events, isMessage) &&
    isTable(value.operations, isOperation) &&
    isOptional(value.rooms, (rooms) => isTable(rooms, isRoom));
}

type Check = (value: unknown) => boolean;

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return isJsonObject(value);
}

function isTable(value: unknown, isEntry: Check): boolean {
  return isObject(value) && Object.values(value).every(isEntry);
}

function isOptional(value: unknown, check: Check): boolean {
  return value === undefined || check(value);
}

/** A schema is `null` if it accepts everything. */
function isSchema(value: unknown): boolean {
  return value === undefined || value === null || isObject(value);
}

function isErrors(value: unknown): boolean {
  return isOptional(value, (errors) => isTable(errors, isSchema));
}

function isMessage(value: unknown): boolean {
  return isObject(value) && isSchema(value.data) &&
    isTable(value.replies, isSchema) && isErrors(value.errors);
}

function isOperation(value: unknown): boolean {
  return isObject(value) && isErrors(value.errors) &&
    [value.input, value.output, value.yields].every(isSchema);
}

function isRoom(value: unknown): boolean {
  return isObject(value) && isTable(value.events, isRoomEvent) &&
    Array.isArray(value.publishes) &&
    value.publishes.every((name) => typeof name === "string") &&
    isSchema(value.presence) && isSchema(value.claims);
}

function isRoomEvent(value: unknown): boolean {
  return isObject(value) && isSchema(value.data);
}
