/**
 * A message to a room, as brokers carry it, and the queue of messages that wait while the
 * history is read. A message is encoded once, by the server that publishes it. Each server
 * adds its own message number.
 *
 * @module
 */

import type { Publication } from "../broker/broker.ts";
import { stringifyData } from "../common/encode_json.ts";
import { isJsonObject, type JsonObject, parseJson } from "../common/json.ts";
import { describeMessage } from "../common/text.ts";
import { hasLatest, latestKeyOf } from "../contract/find_room.ts";
import type { RoomEntry } from "../contract/room_entry.ts";

/** The facts about a message to a room that its data does not contain. */
export interface Envelope {
  /** The publication: the name of the server and a number, which need no escapes in JSON */
  readonly origin: string;
  /** The public id of the connection that published it; `null` for the server */
  readonly publisher: string | null;
  /** The public id of the connection that does not get it; `null` for none */
  readonly except: string | null;
  /** The public id of the member that sent it; `null` for the server */
  readonly from: string | null;
}

/** A message to a room. */
export interface RoomMessage extends Envelope {
  readonly name: string;
  readonly data: JsonObject;
  /** The name and the data as JSON, without braces */
  readonly json: string;
}

const ID = '(?:null|"([\\w.-]{1,64})")';

/** The part before the name and the data, as `encodeRoomMessage` writes it. */
const HEAD = new RegExp(
  `^\\{"origin":${ID},"publisher":${ID},"except":${ID},"from":${ID},`,
);

/**
 * Encodes a message to a room.
 *
 * @throws {TypeError} If the data is not a JSON object
 */
export function encodeRoomMessage(
  { origin, publisher, except, from }: Envelope,
  name: string,
  data: JsonObject,
): string {
  const json = stringifyData(data, () => describeMessage(name));
  // Most of these are null, and `JSON.stringify` of an object is several times slower.
  const head = `"origin":"${origin}","publisher":${
    encodeId(publisher)
  },"except":${encodeId(except)},"from":${encodeId(from)}`;
  return `{${head},"message":${JSON.stringify(name)},"data":${json}}`;
}

function encodeId(id: string | null): string {
  return id === null ? "null" : JSON.stringify(id);
}

/**
 * Decodes a message to a room.
 *
 * @param payload What a broker carried, which can be anything
 * @returns The message; `undefined` if it is invalid
 */
export function decodeRoomMessage(payload: string): RoomMessage | undefined {
  const head = HEAD.exec(payload);
  if (head === null || !payload.endsWith("}")) return undefined;
  const json = payload.slice(head[0].length, -1);
  // The JSON is sent to clients as it is, so exactly this is checked.
  const value = parseJson(`{${json}}`);
  if (!isJsonObject(value)) return undefined;
  const { message: name, data } = value;
  const isMessage = typeof name === "string" && isJsonObject(data);
  if (!isMessage || Object.keys(value).length !== MESSAGE_KEYS) {
    return undefined;
  }
  return { ...envelopeOf(head), name, data, json };
}

/** Decodes only the envelope of a message, which is fast. */
export function decodeEnvelope(payload: string): Envelope | undefined {
  const head = HEAD.exec(payload);
  return head === null ? undefined : envelopeOf(head);
}

/** The name and the data */
const MESSAGE_KEYS = 2;

function envelopeOf(
  [, origin = "", publisher, except, from]: readonly (string | undefined)[],
): Envelope {
  return {
    origin,
    publisher: publisher ?? null,
    except: except ?? null,
    from: from ?? null,
  };
}

/**
 * Checks the latest key of a message while the sender can still get the error.
 *
 * @throws What the function `latest` of the contract throws
 */
export function assertLatest(
  entry: RoomEntry | undefined,
  name: string,
  payload: string,
): void {
  if (entry === undefined || !hasLatest(entry, name)) return;
  // The function gets the data as clients receive it.
  const message = decodeRoomMessage(payload);
  if (message !== undefined) latestKeyOf(entry, name, message.data);
}

/** The maximum number of publications in a queue. */
const MAX_COUNT = 1_000;

/** The maximum length of all payloads in a queue together, in UTF-16 units. */
const MAX_UNITS = 1_048_576;

/** Publications in the order in which the broker has reported them. */
export class PublicationQueue {
  #publications: Publication[] = [];
  #units = 0;

  /** The number of publications */
  get size(): number {
    return this.#publications.length;
  }

  /** The publication that is next */
  get first(): Publication | undefined {
    return this.#publications[0];
  }

  /** Adds a publication; returns whether there was space for it. */
  add(publication: Publication): boolean {
    const { length } = publication.payload;
    const fits = this.size < MAX_COUNT && this.#units + length <= MAX_UNITS;
    // A single publication always fits, because its room could not go on without it.
    if (!fits && this.size > 0) return false;
    this.#publications.push(publication);
    this.#units += length;
    return true;
  }

  /** Removes the publication that is next. */
  shift(): void {
    const first = this.#publications.shift();
    this.#units -= first?.payload.length ?? 0;
  }

  /** Keeps only some publications. */
  keep(isKept: (publication: Publication) => boolean): void {
    const kept = this.#publications.filter(isKept);
    this.#publications = kept;
    this.#units = kept.reduce((sum, { payload }) => sum + payload.length, 0);
  }

  /** Removes all publications. */
  clear(): void {
    this.#publications = [];
    this.#units = 0;
  }
}
