/**
 * The types that TypeScript infers from a contract: its names, and the data of each name.
 * Every type is looked up by name at its use, so that the use of a large contract compiles
 * as fast as that of a small one.
 *
 * @module
 */

import type {
  ApplicationError,
  ErrorDetailsOptions,
} from "../common/application_error.ts";
import type { Json, JsonObject } from "../common/json.ts";
import type { JsonOf, NoData, ReceivedAs } from "../common/json_types.ts";
import type { RequestOptions } from "../common/request_options.ts";
import type { Contract, NoEntries } from "./contract.ts";
import type { InputOf, OutputOf, Schema } from "./schema.ts";
import type { TrackedItem } from "../common/tracked.ts";

export type {
  JsonOf,
  NoData,
  ReceivedAs,
  Unsendable,
} from "../common/json_types.ts";

/** Any message, without a contract */
export interface OpenMessage {
  /** Any object */
  readonly data: Schema<JsonObject>;
  /** Any object, for any name */
  readonly replies: Readonly<Record<string, Schema<JsonObject>>>;
}

/** Any operation, without a contract */
export interface OpenOperation {
  /** Any object */
  readonly input: Schema<JsonObject>;
  /** Any JSON value */
  readonly output: Schema<unknown, Json>;
  /** Any JSON value */
  readonly yields: Schema<unknown, Json>;
}

/** Any room, without a contract */
export interface OpenRoom {
  /** Any object, for any name */
  readonly events: Readonly<Record<string, Schema<JsonObject>>>;
  /** Any object */
  readonly presence: Schema<JsonObject>;
}

/** The contract that applies if there is none: any name, with any JSON data */
export type OpenContract = Contract<
  Readonly<Record<string, OpenMessage>>,
  Readonly<Record<string, OpenMessage>>,
  Readonly<Record<string, OpenOperation>>,
  Readonly<Record<string, OpenRoom>>
>;

/** The names of a part of a contract */
export type NameIn<Entries> = Extract<keyof Entries, string>;

/**
 * The entry of a part of a contract with a name. TypeScript defers this until it knows the
 * name. Otherwise it would compare all entries in each call.
 */
export type EntryIn<Entries, Name> = OpenEntries extends Entries
  ? Entries[keyof Entries]
  : [Entries, Name] extends [
    infer All extends Readonly<Record<string, unknown>>,
    infer One extends string,
  ] ? All[One]
  : never;

/** The entries that apply without a contract */
export type OpenEntries = Readonly<Record<string, OpenMessage & OpenOperation>>;

/** The names of the messages of a contract */
export type MessageName<Of extends Contract> = NameIn<Of["messages"]>;

/** The names of the events of a contract */
export type EventName<Of extends Contract> = NameIn<Of["events"]>;

/** The names of the messages or events that have replies */
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

/** The names of the operations of a contract that return one result */
export type OperationName<Of extends Contract> = OperationNameIn<
  Of["operations"]
>;

/** The names of the operations that return one result */
export type OperationNameIn<Operations> = string extends keyof Operations
  ? string
  : Exclude<NameIn<Operations>, StreamNameIn<Operations>>;

/** The names of the operations of a contract that return a stream */
export type StreamName<Of extends Contract> = StreamNameIn<Of["operations"]>;

/** The names of the operations that return a stream */
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

/** The schema of the data of a message or an event */
export type SchemaIn<Entry> = Entry extends Schema ? Entry
  : Entry extends { readonly data: infer Data extends Schema } ? Data
  : Schema<NoData>;

/** The data of a message or an event, as the sender passes it */
export type DataIn<Entry> = InputOf<SchemaIn<Entry>>;

/** The data of an event or a reply, as a client receives it */
export type SentDataIn<Entry> = JsonOf<DataIn<Entry>>;

/** The data of a message, as a listener of the server receives it */
export type CheckedDataIn<Entry> = OutputOf<SchemaIn<Entry>>;

/** The replies to a message or an event, by their names */
export type RepliesIn<Entry> = Entry extends Schema ? NoEntries
  : Entry extends { readonly replies: infer Replies } ? Replies
  : NoEntries;

/** The errors that a message or an operation declares, by their kinds */
export type ErrorsIn<Entry> = Entry extends Schema ? NoEntries
  : Entry extends { readonly errors: infer Errors extends object } ? Errors
  : NoEntries;

/** The functions that make the errors of a message or an operation, by their kinds */
export type ErrorMakers<Errors> = {
  readonly [Kind in NameIn<Errors>]: (
    ...detailsAndOptions: DataAndOptions<
      ErrorInputIn<Errors[Kind]>,
      ErrorDetailsOptions
    >
  ) => ApplicationError<Kind, ErrorInputIn<Errors[Kind]>>;
};

/** The details of an error, as the server passes them */
export type ErrorInputIn<Of> = Of extends Schema<infer _Input, unknown>
  ? InputOf<Of> extends infer Input extends object ? Input : never
  : NoData;

/** The schema of the arguments of an operation */
export type InputSchemaIn<Operation> = Operation extends
  { readonly input: infer Input extends Schema } ? Input : Schema<NoData>;

/** The schemas of an operation without a contract, which accepts any object */
export type LooseIn<Schemas> = Schemas extends { readonly input: Schema }
  ? Schemas
  : Schemas & { readonly input: Schema<JsonObject> };

/** The arguments of an operation, as the caller passes them */
export type ArgumentsIn<Operation> = InputOf<InputSchemaIn<Operation>>;

/** The arguments of an operation, as its handler receives them */
export type CheckedArgumentsIn<Operation> = OutputOf<InputSchemaIn<Operation>>;

/** The return type of the handler of an operation */
export type ReturnIn<Operation> = Operation extends
  { readonly output: infer Output extends Schema }
  ? unknown extends InputOf<Output> ? Anything : Awaitable<InputOf<Output>>
  : Operation extends { readonly yields: infer Item extends Schema }
    ? Awaitable<AsyncIterable<InputOf<Item> | TrackedItem<InputOf<Item>>>>
  : Anything;

/** A value, or a promise of it */
export type Awaitable<Value> = Value | PromiseLike<Value>;

/**
 * Any return value of a handler. With `unknown` instead, TypeScript would widen literals
 * in the results of other handlers to `string` and `number`.
 */
export type Anything = NonNullable<unknown> | null | undefined | void;

/** The result of an operation, as its caller receives it */
export type ResultIn<Operation> = Operation extends
  { readonly output: infer Output extends Schema }
  ? ReceivedAs<OutputOf<Output>>
  : Json;

/** An item of the stream of an operation, as its caller receives it */
export type ItemIn<Operation> = Operation extends
  { readonly yields: infer Item extends Schema } ? ReceivedAs<OutputOf<Item>>
  : Json;

/**
 * The parameter `data: Data`. It is optional, `data?: Data`, if the data can be an object
 * without keys. `deno doc` prints both branches without the difference.
 */
export type OptionalData<Data> = MayBeEmpty<Data> extends true ? [data?: Data]
  : [data: Data];

/**
 * The parameters `data: Data` and `options?: Options`. The first one is optional, too, if the
 * data can be an object without keys. `deno doc` prints both branches without the difference.
 */
export type DataAndOptions<Data, Options> = MayBeEmpty<Data> extends true
  ? [data?: Data, options?: Options]
  : [data: Data, options?: Options];

/** Whether data can be an object without keys, for each possible name */
export type MayBeEmpty<Data> = [
  Data extends unknown ? NoEntries extends Data ? never : Data : never,
] extends [never] ? true
  : false;

/** The data of an event, which can be omitted if it can be empty */
export type EventArguments<Of extends Contract, Name> = OptionalData<
  DataIn<EntryIn<Of["events"], Name>>
>;

/** The data of a request to a client, and its options */
export type ClientRequestArguments<Of extends Contract, Name> = DataAndOptions<
  DataIn<EntryIn<Of["events"], Name>>,
  RequestOptions
>;

/** The data of a reply to a message, which can be omitted if it can be empty */
export type ClientMessageReplyArguments<
  Of extends Contract,
  Name extends string,
  Reply extends NameIn<RepliesIn<Of["messages"][Name]>>,
> = OptionalData<DataIn<RepliesIn<Of["messages"][Name]>[Reply]>>;
