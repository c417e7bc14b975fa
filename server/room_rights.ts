/**
 * What a client can do in a room: what the functions of the room definition decide about
 * it, which can return anything at run time, and what the contract allows it to send.
 *
 * @module
 */

import type { ReadFrom } from "../broker/broker.ts";
import { isPromiseLike, mapMaybePromise } from "../common/async.ts";
import { checkBoolean, checkKeys } from "../common/check.ts";
import { describeChange } from "../common/encode_json.ts";
import type { JsonObject } from "../common/json.ts";
import { describeMessage, describeRoom, fitsInto } from "../common/text.ts";
import { dataSchemaOf, ownEntry } from "../contract/contract.ts";
import {
  canPublish as isPublishable,
  claimsOf,
  eventsOf,
  type RoomEntry,
} from "../contract/room_entry.ts";
import { MAX_PRESENCE, type PresenceClaim } from "../protocol/room_fields.ts";
import type { JoinRequest } from "../protocol/room_frames.ts";
import type { ConnectionLog } from "./connection_log.ts";
import type { Client } from "./message.ts";
import { forbidden } from "./room_errors.ts";
import type { RoomDefinition, RoomInfo, RoomRights } from "./room_options.ts";
import { checkData, unknownNameError } from "./validate.ts";

const SUBJECT = "Cannot let the client join";

const RIGHTS: Readonly<Record<keyof RoomRights, true>> = {
  history: true,
  publish: true,
};

/**
 * Returns the rights that `authorize` has granted. An error, and another instance of a class
 * without keys, is no object with rights: an error that is returned must not let the client in.
 *
 * @throws {RequestError} If it has refused the client
 * @throws {TypeError} If the rights are invalid, because a right that is misspelled would
 * otherwise allow too much
 */
export function rightsOf(decision: unknown): RoomRights {
  if (decision === true) return {};
  if (decision === false) throw forbidden("'authorize' refused it");
  if (typeof decision !== "object" || decision === null) {
    throw forbidden(
      `'authorize' returned a value of type ${typeof decision}. Return true or an object to allow it`,
    );
  }
  if (!isPlain(decision) && Object.keys(decision).length === 0) {
    throw forbidden(
      "'authorize' returned an instance of a class. Return true or an object to allow it",
    );
  }
  checkKeys(SUBJECT, decision, RIGHTS);
  const { history, publish } = decision as Record<string, never>;
  checkBoolean(SUBJECT, "history", history);
  checkBoolean(SUBJECT, "publish", publish);
  return decision;
}

/** Whether an object is no instance of a class, in any realm. */
function isPlain(object: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(object);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Returns whether a client can publish, unless the function `publish` refuses a message. */
export function canPublish(
  { publish = false }: RoomDefinition,
  rights: RoomRights,
): boolean {
  return rights.publish ?? publish !== false;
}

/** Where a client begins that wants no history. */
export const NOTHING: ReadFrom = { last: 0 };

/** Returns where a client begins, as far as it can read the history. */
export function wantedOf(
  { since, last }: JoinRequest,
  { history }: RoomRights,
): ReadFrom {
  if (history === false) return NOTHING;
  if (since !== null) return { since };
  return last === null || last === 0 ? NOTHING : { last };
}

/** A room, and a client that appears in it. */
export interface PresenceRequester {
  readonly client: Client;
  readonly log: ConnectionLog;
  readonly info: RoomInfo;
  readonly definition: RoomDefinition;
}

/** A member without presence. */
const NONE = "";

/**
 * Returns what the server shows about a client in a room.
 *
 * @param requester The room and the client
 * @param claimed What the client claims
 * @returns The presence as JSON, which is empty if only the id is shown; `false` to hide the
 * client. A result that cannot be shown is logged, and counts as empty
 */
export function presenceOf(
  { client, log, info, definition: { presence } }: PresenceRequester,
  claimed: PresenceClaim,
): string | false {
  if (presence === undefined) return claimed === false ? false : NONE;
  const subject = `'presence' of the ${describeRoom(log.redact(info.name))}`;
  try {
    const shown: unknown = presence(client, claimed);
    if (shown === false) return false;
    const json = JSON.stringify(shown) ?? NONE;
    const fault = faultOf(shown, json);
    if (fault === undefined) return json;
    log.error(`${subject} ${fault}. The member is shown without presence`);
  } catch (error) {
    log.exception(`${subject} failed`, error);
  }
  return NONE;
}

/** Returns what is wrong with a presence; `undefined` if it can be shown. */
function faultOf(shown: unknown, json: string): string | undefined {
  if (isPromiseLike(shown)) {
    Promise.resolve(shown).catch(() => {});
    return "returned a promise, but nothing waits for it";
  }
  if (!json.startsWith("{")) return "returned neither an object nor false";
  if (!fitsInto(json, MAX_PRESENCE)) {
    return `returned more than ${MAX_PRESENCE} bytes of JSON`;
  }
  const change = describeChange(shown, "presence");
  return change && `returned an object that JSON changes: ${change.text}`;
}

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
  if (event === undefined || !isPublishable(entry, name)) {
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
