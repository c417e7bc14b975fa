/**
 * What comes from Redis about a room. Other programs can write to a Redis, so everything is
 * checked before use.
 *
 * @module
 */

import { detach } from "../common/text.ts";
import type { HistoryRead, LossReason, Publication } from "./broker.ts";
import { formatPosition, isPosition, parsePosition } from "./position.ts";

/** The longest message of a channel, in characters. No server sends a longer one. */
export const MAX_MESSAGE = 64 * 1_048_576;

/** A message in the channel of a room. */
export type RoomMessage =
  /** A publication */
  | Publication
  /** The history has begun again */
  | "stale";

/** Parses a message in the channel of a room; `undefined` if it is none. */
export function parseRoomMessage(message: string): RoomMessage | undefined {
  if (message === "S") return "stale";
  if (message.length > MAX_MESSAGE) return undefined;
  if (message.startsWith("M ")) {
    return { position: null, previous: null, payload: message.slice(2) };
  }
  if (!message.startsWith("P ")) return undefined;
  const middle = message.indexOf(" ", 2);
  const end = message.indexOf(" ", middle + 1);
  // The room keeps its position, but not the message.
  const position = detach(message.slice(2, middle));
  const previous = message.slice(middle + 1, end);
  const isValid = end > middle && isPosition(position) && isPosition(previous);
  if (!isValid) return undefined;
  return { position, previous, payload: message.slice(end + 1) };
}

/** An entry of a history: its offset, its check and its payload. */
type Entry = readonly [offset: number, check: string, payload: string];

const REASONS: readonly string[] = ["", "expired", "epoch", "limit"];

/**
 * Parses the answer of the script that reads a history.
 *
 * @returns The history; `undefined` if the answer is none
 */
export function parseHistory(reply: unknown): HistoryRead | undefined {
  if (!Array.isArray(reply) || reply.length !== 7) return undefined;
  const [epoch, offset, check, fromOffset, fromCheck, lost, newest] = reply;
  const top = positionOf(epoch, offset, check);
  const from = positionOf(epoch, fromOffset, fromCheck);
  if (top === undefined || from === undefined || !isEntries(newest)) {
    return undefined;
  }
  const publications = toPublications(epoch, from, newest.toReversed());
  const isWhole = Number(offset) - Number(fromOffset) === newest.length &&
    (publications.at(-1)?.position ?? from) === top;
  if (!isWhole || !REASONS.includes(lost)) return undefined;
  const reason = lost === "" ? undefined : lost as LossReason;
  return { publications, from, top, lost: reason };
}

function isEntries(value: unknown): value is readonly Entry[] {
  return Array.isArray(value) &&
    value.every((entry) =>
      Array.isArray(entry) && entry.length === 3 &&
      typeof entry[2] === "string"
    );
}

function toPublications(
  epoch: unknown,
  from: string,
  entries: readonly Entry[],
): Publication[] {
  let previous = from;
  return entries.map(([offset, check, payload]) => {
    const position = positionOf(epoch, offset, check) ?? "";
    const publication = { position, previous, payload };
    previous = position;
    return publication;
  });
}

/** Formats a position, whose offset is a number or its digits; `undefined` if it is none. */
function positionOf(
  epoch: unknown,
  offset: unknown,
  check: unknown,
): string | undefined {
  const position = parsePosition(`${epoch}.${offset}.${check}`);
  return position && formatPosition(position);
}
