/**
 * What a server and its clients agree on: the names of messages, events and
 * operations, and what each of them carries.
 *
 * @module
 */

import { type JsonObject } from "../common/json.ts";
import { type InputOf, isSchema, type Schema } from "./schema.ts";
/** The schema of what a message or a call carries, which is always an object */
export type DataSchema = Schema<object, unknown>;

/** A message or an event of a contract: what it carries, and the replies to it */
export interface MessageSchemas {
  /** What it carries; nothing if left out */
  readonly data?: DataSchema;
  /** What each of the replies to it carries, by its name; there are none if left out */
  readonly replies?: Readonly<Record<string, DataSchema>>;
}

/** An operation of a contract: what it takes and what it gives */
export interface OperationSchemas {
  /** What it takes; nothing if left out */
  readonly input?: DataSchema;
  /** Its result, which JSON has to be able to hold; anything if left out */
  readonly output?: Schema;
  /** Each item of the stream that it gives in place of one result */
  readonly yields?: Schema;
}

/** The messages, or the events, of a contract: a schema stands for `{ data: schema }` */
export type MessageEntries = Readonly<
  Record<string, DataSchema | MessageSchemas>
>;

/** The operations of a contract */
export type OperationEntries = Readonly<Record<string, OperationSchemas>>;

/** What a server and its clients agree on; {@linkcode defineContract} makes it */
export interface Contract<
  Messages extends MessageEntries = MessageEntries,
  Events extends MessageEntries = MessageEntries,
  Operations extends OperationEntries = OperationEntries,
> {
  /** What clients send */
  readonly messages: Messages;
  /** What the server sends */
  readonly events: Events;
  /** What clients call */
  readonly operations: Operations;
  /**
   * Describes the contract to people and programs that do not have its code.
   *
   * @returns What JSON can hold: all names and, of each schema whose library can say
   * it, the JSON Schema
   *
   * @example
   * ```ts
   * import { defineContract } from "@hoist/cli";
   * import assert from "node:assert/strict";
   * import { z } from "zod";
   *
   * const contract = defineContract({ events: { news: z.object({ n: z.int() }) } });
   * const { events } = contract.describe();
   * assert.deepEqual(events.news?.data?.required, ["n"]);
   * ```
   */
  describe(): ContractDescription;
}

/** The parts of a contract, as {@linkcode defineContract} takes them */
export interface ContractParts<
  Messages extends MessageEntries,
  Events extends MessageEntries,
  Operations extends OperationEntries,
> {
  /**
   * What clients send, by its name, with the replies to it.
   *
   * @default {{}}
   */
  readonly messages?: (Messages & MessagesOnly<Messages>) | undefined;
  /**
   * What the server sends, by its name: broadcasts, and messages and requests to one
   * client, with the replies to these.
   *
   * @default {{}}
   */
  readonly events?: (Events & MessagesOnly<Events>) | undefined;
  /**
   * What clients call, by its name.
   *
   * @default {{}}
   */
  readonly operations?: (Operations & OperationsOnly<Operations>) | undefined;
}

/** Makes the compiler refuse what is misspelt in messages or events, and lists */
export type MessagesOnly<Entries> = {
  readonly [Name in keyof Entries]: Entries[Name] extends Schema
    ? NoList<Entries[Name]>
    :
      & Without<
        Exclude<keyof Entries[Name], keyof MessageSchemas>,
        "there is no such key: there are 'data' and 'replies'"
      >
      & (Entries[Name] extends { readonly data: infer Data extends Schema }
        ? { readonly data: NoList<Data> }
        : unknown);
};

/**
 * Makes the compiler refuse what is misspelt in operations, what excludes each other, and
 * lists
 */
export type OperationsOnly<Entries> = {
  readonly [Name in keyof Entries]:
    & Without<
      Exclude<keyof Entries[Name], keyof OperationSchemas>,
      "there is no such key: there are 'input', 'output' and 'yields'"
    >
    & (Entries[Name] extends { readonly output: Schema }
      ? Without<"yields", "there is an 'output' already: it gives one of them">
      : unknown)
    & (Entries[Name] extends { readonly input: infer Input extends Schema }
      ? { readonly input: NoList<Input> }
      : unknown);
};

/** What has none of some keys; the compiler says why */
export type Without<Keys extends PropertyKey, Why extends string> =
  [Keys] extends [never] ? unknown : { readonly [Key in Keys]?: Why };

/** The compiler refuses the schema of a list, which is an object to it */
export type NoList<Of extends Schema> = InputOf<Of> extends readonly unknown[]
  ? "what is sent is an object: put the list into one"
  : unknown;

/** A part of a contract that was left out */
export type NoEntries = Readonly<Record<never, never>>;

/** What a message or an event carries; `undefined` for any object. */
export function dataSchemaOf(
  entry: DataSchema | MessageSchemas,
): DataSchema | undefined {
  return isSchema(entry) ? entry : entry.data;
}

/** The replies to a message or an event, by their names. */
export function repliesOf(
  entry: DataSchema | MessageSchemas,
): Readonly<Record<string, DataSchema>> {
  return isSchema(entry) ? {} : entry.replies ?? {};
}

/** The replies to the message or the event of a name. */
export function repliesTo(
  entries: MessageEntries,
  name: string,
): Readonly<Record<string, DataSchema>> {
  const entry = ownEntry(entries, name);
  return entry === undefined ? {} : repliesOf(entry);
}

/** What has a name of its own: every object has `toString`, too. */
export function ownEntry<Entry>(
  entries: Readonly<Record<string, Entry>>,
  name: string,
): Entry | undefined {
  return Object.hasOwn(entries, name) ? entries[name] : undefined;
}

/** A message of a client, as far as a contract has something to say of it. */
export interface Incoming {
  readonly name: string;
  /** What it replies to, according to the client */
  readonly replying: { readonly message: string } | null;
  /** Whether the server has asked for it, and waits */
  readonly isAwaited: boolean;
}

/**
 * What a message of a client has to be.
 *
 * @returns Its schema, if it has one; `undefined` if the contract has no such message
 */
export function findMessage(
  contract: Contract,
  { name, replying, isAwaited }: Incoming,
): { readonly schema: DataSchema | undefined } | undefined {
  const reply = replying === null
    ? undefined
    : findReply(contract, replying.message, name);
  const message = ownEntry(contract.messages, name);
  // Who replies to nothing must not choose another schema than listeners rely on.
  const entry = isAwaited ? reply ?? message : message ?? reply;
  return entry && { schema: dataSchemaOf(entry) };
}

/**
 * Refuses what the other side could not know: a compiler is not always asked.
 *
 * @param subject What cannot be done, such as `Cannot broadcast message "news"`
 * @param entries What there is; anything if there is no contract
 * @param name What is asked for
 *
 * @throws {TypeError} If it is not there
 */
export function assertNamed(
  subject: string,
  entries: object | undefined,
  name: string,
): void {
  if (entries === undefined || Object.hasOwn(entries, name)) return;
  const names = Object.keys(entries).join(", ") || "none";
  throw new TypeError(
    `${subject} as the contract has none of that name: there are ${names}`,
  );
}

/** Whether the contract has a reply of that name to an event. */
export function isReply(
  contract: Contract,
  event: string,
  name: string,
): boolean {
  return findReply(contract, event, name) !== undefined;
}

function findReply(
  { events }: Contract,
  event: string,
  name: string,
): DataSchema | undefined {
  return ownEntry(repliesTo(events, event), name);
}

/** What a contract says, as JSON can hold it; schemas are JSON Schema 2020-12 */
export interface ContractDescription {
  /** What clients send, by its name */
  readonly messages: Readonly<Record<string, MessageDescription>>;
  /** What the server sends, by its name */
  readonly events: Readonly<Record<string, MessageDescription>>;
  /** What clients call, by its name */
  readonly operations: Readonly<Record<string, OperationDescription>>;
}

/** A message or an event of a {@linkcode ContractDescription} */
export interface MessageDescription {
  /** What it carries; `null` if that may be anything, or its library cannot say it */
  readonly data: JsonObject | null;
  /** What each of the replies to it carries, by its name */
  readonly replies: Readonly<Record<string, JsonObject | null>>;
}

/** An operation of a {@linkcode ContractDescription} */
export interface OperationDescription {
  /** What it takes; `null` if that may be anything, or its library cannot say it */
  readonly input: JsonObject | null;
  /** Its result; not there if it gives a stream */
  readonly output?: JsonObject | null;
  /** Each item of its stream; not there if it gives one result */
  readonly yields?: JsonObject | null;
}
