/**
 * What a contract is to the compiler: which names there are, and what goes with each
 * of them. All is looked up by name where it is used, so that no use of a contract
 * costs more because the contract has many names.
 *
 * @module
 */

import { type Json, type JsonObject } from "../common/json.ts";
import { type Contract, type NoEntries } from "./contract.ts";
import { type InputOf, type OutputOf, type Schema } from "./schema.ts";
/** Any message, where there is no contract */
export interface OpenMessage {
  /** Any object */
  readonly data: Schema<JsonObject>;
  /** Any object, by any name */
  readonly replies: Readonly<Record<string, Schema<JsonObject>>>;
}

/** Any operation, where there is no contract */
export interface OpenOperation {
  /** Any object */
  readonly input: Schema<JsonObject>;
  /** Whatever JSON can hold */
  readonly output: Schema<unknown, Json>;
  /** Whatever JSON can hold */
  readonly yields: Schema<unknown, Json>;
}

/** What holds without a contract: any name, and any JSON that goes with it */
export type OpenContract = Contract<
  Readonly<Record<string, OpenMessage>>,
  Readonly<Record<string, OpenMessage>>,
  Readonly<Record<string, OpenOperation>>
>;

/** The names of a part of a contract */
export type NameIn<Entries> = Extract<keyof Entries, string>;

/**
 * What a part of a contract has under a name. The compiler puts that off until it knows
 * the name: it would go through all that there is, in each call, for what they have in
 * common.
 */
export type EntryIn<Entries, Name> = OpenEntries extends Entries
  ? Entries[keyof Entries]
  : [Entries, Name] extends [
    infer All extends Readonly<Record<string, unknown>>,
    infer One extends string,
  ] ? All[One]
  : never;

/** What there is by any name, where there is no contract */
export type OpenEntries = Readonly<Record<string, OpenMessage & OpenOperation>>;

/** The names of the messages of a contract */
export type MessageName<Of extends Contract> = NameIn<Of["messages"]>;

/** The names of the events of a contract */
export type EventName<Of extends Contract> = NameIn<Of["events"]>;

/** The names of those messages, or events, to which there are replies */
export type RequestNameIn<Entries> = string extends keyof Entries ? string
  : NameIn<
    {
      [
        Name in keyof Entries as Entries[Name] extends {
          readonly replies: object;
        } ? Name
          : never
      ]: true;
    }
  >;

/** The names of the operations of a contract that give one result */
export type OperationName<Of extends Contract> = OperationNameIn<
  Of["operations"]
>;

/** The names of those operations that give one result */
export type OperationNameIn<Operations> = string extends keyof Operations
  ? string
  : Exclude<NameIn<Operations>, StreamNameIn<Operations>>;

/** The names of the operations of a contract that give a stream of items */
export type StreamName<Of extends Contract> = StreamNameIn<Of["operations"]>;

/** The names of those operations that give a stream of items */
export type StreamNameIn<Operations> = string extends keyof Operations ? string
  : NameIn<
    {
      [
        Name in keyof Operations as Operations[Name] extends {
          readonly yields: Schema;
        } ? Name
          : never
      ]: true;
    }
  >;

/** What is carried where a contract does not say what: an object without keys */
export type NoData = Readonly<Record<string, never>>;

/** The schema of what a message or an event carries */
export type SchemaIn<Entry> = Entry extends Schema ? Entry
  : Entry extends { readonly data: infer Data extends Schema } ? Data
  : Schema<NoData>;

/** What a message or an event carries, as it is sent */
export type DataIn<Entry> = InputOf<SchemaIn<Entry>>;

/** What an event or a reply carries, as a client gets it */
export type SentDataIn<Entry> = JsonOf<DataIn<Entry>>;

/** What a message carries once the server has checked it */
export type CheckedDataIn<Entry> = OutputOf<SchemaIn<Entry>>;

/** The replies to a message or an event, by their names */
export type RepliesIn<Entry> = Entry extends Schema ? NoEntries
  : Entry extends { readonly replies: infer Replies } ? Replies
  : NoEntries;

/** The schema of what an operation takes */
export type InputSchemaIn<Operation> = Operation extends
  { readonly input: infer Input extends Schema } ? Input : Schema<NoData>;

/** The schemas of an operation outside of a contract, where it takes any object */
export type LooseIn<Schemas> = Schemas extends { readonly input: Schema }
  ? Schemas
  : Schemas & { readonly input: Schema<JsonObject> };

/** What an operation takes, as it is sent */
export type ArgumentsIn<Operation> = InputOf<InputSchemaIn<Operation>>;

/** What an operation takes once the server has checked it */
export type CheckedArgumentsIn<Operation> = OutputOf<InputSchemaIn<Operation>>;

/** What a handler of an operation returns */
export type ReturnIn<Operation> = Operation extends
  { readonly output: infer Output extends Schema }
  ? unknown extends InputOf<Output> ? Anything : Awaitable<InputOf<Output>>
  : Operation extends { readonly yields: infer Item extends Schema }
    ? Awaitable<AsyncIterable<InputOf<Item>>>
  : Anything;

/** A value, or a promise of it */
export type Awaitable<Value> = Value | PromiseLike<Value>;

/**
 * Whatever a handler may return. With `unknown` in its place, the compiler would take
 * the literals in what any other handler returns for texts and numbers.
 */
export type Anything = NonNullable<unknown> | null | undefined | void;

/** The result of an operation, as its caller gets it */
export type ResultIn<Operation> = Operation extends
  { readonly output: infer Output extends Schema } ? GivenAs<OutputOf<Output>>
  : Json;

/** An item of the stream of an operation, as its caller gets it */
export type ItemIn<Operation> = Operation extends
  { readonly yields: infer Item extends Schema } ? GivenAs<OutputOf<Item>>
  : Json;

/** What becomes of what a handler gives: nothing at all is `null` to its caller */
export type GivenAs<Value> = unknown extends Value ? Value
  : Value extends undefined | void ? null
  : JsonOf<Value>;

/** What becomes of a value on its way as JSON: a `Date` arrives as a text, say */
export type JsonOf<Value> = unknown extends Value ? Value
  : Value extends Json | undefined ? Value
  : Value extends { toJSON(): infer Text } ? JsonOf<Text>
  : Value extends Unsendable ? never
  : Value extends readonly unknown[]
    ? { [Key in keyof Value]: GivenAs<Value[Key]> }
  : Value extends object ? { [Key in keyof Value]: JsonOf<Value[Key]> }
  : never;

/** What has no JSON form, or one that says nothing */
export type Unsendable =
  | bigint
  | symbol
  | ((...args: never[]) => unknown)
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>;

/** The data of a message, which may be left out where it may be empty */
export type OptionalData<Data> = MayBeEmpty<Data> extends true ? [data?: Data]
  : [data: Data];

/** The data of a message or a call, which may be left out where it may be empty, and options */
export type DataAndOptions<Data, Options> = MayBeEmpty<Data> extends true
  ? [data?: Data, options?: Options]
  : [data: Data, options?: Options];

/** Whether data may be an object without keys, for each name that it may belong to */
export type MayBeEmpty<Data> = [
  Data extends unknown ? NoEntries extends Data ? never : Data : never,
] extends [never] ? true
  : false;
