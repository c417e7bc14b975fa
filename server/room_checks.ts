/**
 * Validates what clients send to rooms of a contract.
 *
 * @module
 */

import { mapMaybePromise } from "../common/async.ts";
import type { JsonObject } from "../common/json.ts";
import { describeMessage, describeRoom } from "../common/text.ts";
import { dataSchemaOf, ownEntry } from "../contract/contract.ts";
import {
  canPublish,
  claimsOf,
  eventsOf,
  type RoomEntry,
} from "../contract/room_entry.ts";
import type { PresenceClaim } from "../protocol/room_fields.ts";
import { checkData, unknownNameError } from "./validate.ts";

/**
 * Validates an event that a client wants to publish.
 *
 * @param entry What the contract says about the room; without it, every event is valid
 * @param room The name of the room
 * @param event The name and the data of the event
 * @returns The output of the schema; a promise only if the schema is asynchronous
 *
 * @throws {RequestError} If clients cannot publish such an event, or its data is not valid
 * @throws What the schema throws; the promise rejects with all of these
 */
export function checkPublished(
  entry: RoomEntry | undefined,
  room: string,
  { name, data }: { readonly name: string; readonly data: JsonObject },
): JsonObject | PromiseLike<JsonObject> {
  if (entry === undefined) return data;
  const event = ownEntry(eventsOf(entry), name);
  if (event === undefined || !canPublish(entry, name)) {
    throw unknownNameError(
      `the contract has no ${
        describeMessage(name)
      } that clients can publish in ${describeRoom(room)}`,
    );
  }
  // What the schema returns is checked when it is encoded.
  return checkData(data, dataSchemaOf(event)) as JsonObject;
}

/**
 * Validates what a client claims about itself.
 *
 * @param entry What the contract says about the room; without it, every claim is valid
 * @param claimed What the client claims
 * @returns The output of the schema; a promise only if the schema is asynchronous
 *
 * @throws {RequestError} If the claim does not match its schema
 * @throws What the schema throws; the promise rejects with both
 */
export function checkClaim(
  entry: RoomEntry | undefined,
  claimed: PresenceClaim,
): PresenceClaim | PromiseLike<PresenceClaim> {
  if (entry === undefined || claimed === null || claimed === false) {
    return claimed;
  }
  return mapMaybePromise(
    checkData(claimed, claimsOf(entry)),
    // Only the function `presence` of the application gets the output.
    (output) => output as PresenceClaim,
  );
}
