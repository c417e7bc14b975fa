/**
 * Compares two contracts: which changes break clients that were written for the first one.
 *
 * @module
 */

import type { ContractDescription } from "../client.ts";
import {
  findNarrower,
  openObjects,
  type Problems,
  type SchemaJson,
} from "./schema_changes.ts";

/** A difference between two contracts. */
export interface Change {
  /** Such as `operation "add"` */
  readonly subject: string;
  readonly what: string;
  /** Whether a client that was written for the first contract can fail */
  readonly isBreaking: boolean;
}

/** Returns the differences. */
export function compareContracts(
  before: ContractDescription,
  after: ContractDescription,
): readonly Change[] {
  return [
    ...compareEntries(
      "message",
      before.messages,
      after.messages,
      (one, two) => [
        ...sent("data", one.data, two.data),
        ...eachReply(one.replies, two.replies, received),
        ...eachError(one.errors, two.errors),
      ],
    ),
    ...compareEntries("event", before.events, after.events, (one, two) => [
      ...received("data", one.data, two.data),
      // Clients reply to events.
      ...eachReply(one.replies, two.replies, sent),
    ]),
    ...compareEntries(
      "operation",
      before.operations,
      after.operations,
      compareOperations,
    ),
    ...compareEntries(
      "room",
      before.rooms ?? {},
      after.rooms ?? {},
      compareRooms,
    ),
  ];
}

type Operation = ContractDescription["operations"][string];

function compareOperations(one: Operation, two: Operation): Problems {
  const isStream = "yields" in one;
  if (isStream !== "yields" in two) {
    return [isStream ? "returns no stream any more" : "returns a stream now"];
  }
  return [
    ...sent("input", one.input, two.input),
    ...returned("output", one.output, two.output),
    ...returned("yields", one.yields, two.yields),
    ...eachError(one.errors, two.errors),
  ];
}

type Room = ContractDescription["rooms"][string];

function compareRooms(one: Room, two: Room): Problems {
  const events = Object.entries(one.events).flatMap(([name, { data }]) => {
    const other = entryOf(two.events, name);
    if (other === undefined) return [`the event "${name}" was removed`];
    const what = `the event "${name}"`;
    const canPublish = [one, two].every(({ publishes }) =>
      publishes.includes(name)
    );
    return [
      ...received(what, data, other.data),
      ...canPublish ? sent(what, data, other.data) : [],
    ];
  });
  const lost = one.publishes.filter((name) => !two.publishes.includes(name));
  return [
    ...events,
    ...lost.map((name) => `clients cannot publish "${name}" any more`),
    ...received("presence", one.presence, two.presence),
    ...sent("claims", one.claims, two.claims),
  ];
}

function compareEntries<Entry>(
  kind: string,
  before: Readonly<Record<string, Entry>>,
  after: Readonly<Record<string, Entry>>,
  compare: (before: Entry, after: Entry) => Problems,
): Change[] {
  const changes = Object.entries(before).flatMap(([name, entry]) => {
    const other = entryOf(after, name);
    const problems = other === undefined
      ? ["was removed"]
      : compare(entry, other);
    const subject = `${kind} "${name}"`;
    return problems.map((what) => ({ subject, what, isBreaking: true }));
  });
  const added = Object.keys(after).filter((name) =>
    !Object.hasOwn(before, name)
  );
  return [
    ...changes,
    ...added.map((name) => ({
      subject: `${kind} "${name}"`,
      what: "was added",
      isBreaking: false,
    })),
  ];
}

/** Returns the entry with a name, which can be that of a method of all objects. */
function entryOf<Entry>(
  entries: Readonly<Record<string, Entry>>,
  name: string,
): Entry | undefined {
  return Object.hasOwn(entries, name) ? entries[name] : undefined;
}

function eachReply(
  before: Readonly<Record<string, SchemaJson>>,
  after: Readonly<Record<string, SchemaJson>>,
  compare: typeof sent,
): Problems {
  return Object.entries(before).flatMap(([name, data]) =>
    Object.hasOwn(after, name)
      ? compare(`the reply "${name}"`, data, after[name])
      : [`the reply "${name}" was removed`]
  );
}

/** An error that a client does not know is an error for it, too. Its details can break it. */
function eachError(
  before: Readonly<Record<string, SchemaJson>> = {},
  after: Readonly<Record<string, SchemaJson>> = {},
): Problems {
  return Object.entries(before).flatMap(([kind, details]) =>
    Object.hasOwn(after, kind)
      ? returned(`the error "${kind}"`, details, after[kind])
      : []
  );
}

/** Compares what clients send: the new schema must accept everything that the old one did. */
function sent(what: string, before: SchemaJson, after: SchemaJson): Problems {
  return findNarrower(what, before, after, "the server");
}

/** Compares what clients receive: the old schema must accept everything that the new one does. */
function received(
  what: string,
  before: SchemaJson,
  after: SchemaJson,
): Problems {
  return findNarrower(what, after, before, "a client");
}

/**
 * Compares what clients receive as the output of a schema. That the server sends no other
 * fields does not mean that a client rejects them: zod describes each object so.
 */
function returned(
  what: string,
  before: SchemaJson,
  after: SchemaJson,
): Problems {
  return received(what, openObjects(before), openObjects(after));
}
