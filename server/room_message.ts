/**
 * A message to a room, as brokers carry it. It is encoded once, by the server that
 * publishes it. Each server adds its own message number.
 *
 * @module
 */

import { isJsonObject, type JsonObject } from "../common/json.ts";
import { stringifyData } from "../common/encode_json.ts";
import { describeMessage } from "../common/text.ts";

/** The facts about a message to a room that its data does not contain. */
export interface Envelope {
  /** The publication: the name of the server and a number */
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
  const head = JSON.stringify({ origin, publisher, except, from });
  const json = stringifyData(data, () => describeMessage(name));
  return `${head.slice(0, -1)},"message":${
    JSON.stringify(name)
  },"data":${json}}`;
}

/**
 * Decodes a message to a room.
 *
 * @param payload What a broker carried, which can be anything
 * @returns The message; `undefined` if it is invalid
 */
export function decodeRoomMessage(payload: string): RoomMessage | undefined {
  const head = HEAD.exec(payload);
  const envelope = head === null ? undefined : envelopeOf(head);
  const value = envelope && parse(payload);
  if (head === null || !isJsonObject(value)) return undefined;
  const { message: name, data, ...rest } = value;
  const isMessage = typeof name === "string" && isJsonObject(data);
  // The JSON is sent to clients as it is, so it must have no other key.
  if (!isMessage || Object.keys(rest).length !== ENVELOPE_KEYS) {
    return undefined;
  }
  const json = payload.slice(head[0].length, -1);
  return { ...envelope!, name, data, json };
}

/** Decodes only the envelope of a message, which is fast. */
export function decodeEnvelope(payload: string): Envelope | undefined {
  const head = HEAD.exec(payload);
  return head === null ? undefined : envelopeOf(head);
}

const ENVELOPE_KEYS = 4;

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

function parse(payload: string): unknown {
  try {
    return JSON.parse(payload);
  } catch {
    return undefined;
  }
}
