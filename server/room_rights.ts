/**
 * What the functions of a room definition decide about a client. They can return anything
 * at run time.
 *
 * @module
 */

import type { ReadFrom } from "../broker/broker.ts";
import { isPromiseLike } from "../common/async.ts";
import { checkBoolean, checkKeys } from "../common/check.ts";
import { fitsInto, quote } from "../common/text.ts";
import { MAX_PRESENCE, type PresenceClaim } from "../protocol/room_fields.ts";
import type { JoinRequest } from "../protocol/room_frames.ts";
import type { ConnectionLog } from "./connection_log.ts";
import type { Client } from "./message.ts";
import { forbidden } from "./room_errors.ts";
import type { RoomDefinition, RoomInfo, RoomRights } from "./room_options.ts";

const SUBJECT = "Cannot let the client join";

const RIGHTS: Readonly<Record<keyof RoomRights, true>> = {
  history: true,
  publish: true,
};

/**
 * Returns the rights that `authorize` has granted.
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
  checkKeys(SUBJECT, decision, RIGHTS);
  const { history, publish } = decision as Record<string, never>;
  checkBoolean(SUBJECT, "history", history);
  checkBoolean(SUBJECT, "publish", publish);
  return decision;
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
  const subject = `'presence' of the room ${quote(info.name)}`;
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
  return fitsInto(json, MAX_PRESENCE)
    ? undefined
    : `returned more than ${MAX_PRESENCE} bytes of JSON`;
}
