/**
 * The messages of servers about the members of a room, and the survey that finds the servers
 * with an open room.
 *
 * @module
 */

import { isJsonObject, type JsonObject, parseJson } from "../common/json.ts";
import { fitsInto } from "../common/text.ts";
import { isMemberId, MAX_PRESENCE } from "../protocol/room_fields.ts";
import type { Shown } from "./member.ts";
import type { ServerNode } from "./node.ts";
import { countIn, type NodeSurvey, stringIn } from "./node_messages.ts";
import { Retry } from "./scheduler.ts";

/**
 * How long the entries of one message are, in UTF-16 units, at most. As a part of the message, a
 * unit can take three bytes.
 */
const MAX_PART = 128_000;

/** How long an entry is without its presence and its user, roughly. */
const ENTRY = 100;

/** A change of the members of a room, or a part of the whole list. */
export interface PresencePart {
  /** The number of the last change that it contains */
  readonly sequence: number;
  /** The number of a part of the whole list, from 0; `undefined` for a change */
  readonly index: number | undefined;
  /** Whether it is the last part of the list */
  readonly isLast: boolean;
  /** The connections that have appeared or changed */
  readonly shown: readonly Shown[];
  /** The public ids of the connections that have left */
  readonly hidden: readonly string[];
}

/** Encodes connections, in parts that are short enough. There is at least one part. */
export function encodeShown(shown: Iterable<Shown>): readonly JsonObject[][] {
  const parts: JsonObject[][] = [[]];
  let length = 0;
  for (const { identity: { connection, member, user }, presence } of shown) {
    const entry = { connection, member, user: user ?? null, presence };
    // The JSON of a control character has six.
    length += ENTRY + presence.length + JSON.stringify(entry.user).length;
    if (length > MAX_PART) {
      parts.push([]);
      length = 0;
    }
    parts.at(-1)!.push(entry);
  }
  return parts;
}

/**
 * Decodes a part.
 *
 * @param fields What another server has sent, which can be anything
 * @returns The part; `undefined` if it is invalid
 */
export function decodePart(fields: JsonObject): PresencePart | undefined {
  const sequence = countIn(fields, "sequence");
  const { hidden = [] } = fields;
  const shown = decodeShown(fields.shown);
  if (sequence === undefined || shown === undefined) return undefined;
  if (!Array.isArray(hidden) || !hidden.every(isMemberId)) return undefined;
  const index = countIn(fields, "index");
  return { sequence, index, isLast: fields.isLast === true, shown, hidden };
}

/**
 * Decodes which rooms another server has open.
 *
 * @param fields What the server has sent, which can be anything
 * @returns The numbers of the last changes, by the rooms; `undefined` if it is invalid
 */
export function decodeState(
  { rooms }: JsonObject,
): ReadonlyMap<string, number> | undefined {
  if (!Array.isArray(rooms)) return undefined;
  const isValid = rooms.every((entry) =>
    Array.isArray(entry) && typeof entry[0] === "string" &&
    typeof entry[1] === "number"
  );
  return isValid ? new Map(rooms as [string, number][]) : undefined;
}

/** Decodes connections; returns `undefined` if one of them is invalid. */
export function decodeShown(value: unknown): readonly Shown[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const shown = value.map(decodeEntry);
  return shown.includes(undefined) ? undefined : shown as Shown[];
}

function decodeEntry(value: unknown): Shown | undefined {
  if (!isJsonObject(value)) return undefined;
  const { connection, member } = value;
  if (!isMemberId(connection) || !isMemberId(member)) return undefined;
  const user = stringIn(value, "user");
  const presence = stringIn(value, "presence");
  if (presence === undefined || !isPresence(presence)) return undefined;
  const identity = {
    ...{ secret: "", connection, member, user, isRecognized: false },
  };
  return { identity, presence };
}

/** Whether a string is the JSON of an object that clients can get as it is, or empty. */
function isPresence(json: string): boolean {
  if (json === "") return true;
  if (!fitsInto(json, MAX_PRESENCE)) return false;
  return isJsonObject(parseJson(json));
}

/** The message that asks. */
export const OPEN = "presence-open";

/** How long rooms are collected after the last survey, in milliseconds. */
const SURVEY_WINDOW = 20;

/** How many rooms one survey names. A name has at most 200 bytes. */
const MAX_SURVEYED = 400;

/** How long the other servers have to answer, in milliseconds. */
const SURVEY_TIMEOUT = 500;

/** The rooms of one question. */
interface Question {
  readonly rooms: string[];
  /** Resolves to the servers, by the rooms that they have open */
  readonly answered: PromiseWithResolvers<ReadonlyMap<string, string[]>>;
}

/**
 * Asks about many rooms at once, because the clients of a server that has ended come to another
 * one at the same time.
 */
export class RoomSurvey {
  readonly #node: ServerNode;
  #next: Question | undefined;
  #window: Retry | undefined;
  #isEnded = false;

  constructor(node: ServerNode) {
    this.#node = node;
  }

  /** Returns the other servers that have a room open. It waits only for a short time. */
  async ask(room: string): Promise<readonly string[]> {
    const question = this.#next ??= createQuestion();
    question.rooms.push(room);
    const isFull = question.rooms.length >= MAX_SURVEYED;
    if (isFull || this.#isEnded) this.#send();
    else this.#schedule();
    return (await question.answered.promise).get(room) ?? [];
  }

  /** Asks at once, now and later, because the server closes. */
  end(): void {
    this.#isEnded = true;
    this.#window?.end();
    this.#send();
  }

  /** Sends the first question at the end of the tick, and the others at the end of the window. */
  #schedule(): void {
    if (this.#window !== undefined) return;
    this.#window = new Retry(SURVEY_WINDOW, () => {
      this.#window = undefined;
      if (this.#next !== undefined) this.#schedule();
    });
    queueMicrotask(() => this.#send());
  }

  #send(): void {
    const question = this.#next;
    if (question === undefined) return;
    this.#next = undefined;
    const { rooms, answered } = question;
    answered.resolve(
      this.#node.survey(OPEN, { rooms }, SURVEY_TIMEOUT)
        .then((survey) => serversOf(rooms, survey)),
    );
  }
}

/**
 * Returns which rooms of a question are open.
 *
 * @param rooms The rooms, which can be anything
 * @param isOpen Returns whether a room is open
 * @returns Their indices; `undefined` if the question is invalid
 */
export function openRooms(
  rooms: unknown,
  isOpen: (room: string) => boolean,
): number[] | undefined {
  if (!Array.isArray(rooms)) return undefined;
  return [...rooms.keys()].filter((index) => isOpen(String(rooms[index])));
}

function createQuestion(): Question {
  return { rooms: [], answered: Promise.withResolvers() };
}

function serversOf(
  rooms: readonly string[],
  { answers }: NodeSurvey,
): ReadonlyMap<string, string[]> {
  const servers = new Map<string, string[]>(rooms.map((room) => [room, []]));
  for (const [node, { open }] of answers) {
    for (const index of new Set(Array.isArray(open) ? open : [])) {
      servers.get(rooms[Number(index)] ?? "")?.push(node);
    }
  }
  return servers;
}
