/**
 * The client's side of the option `validate`: it compares what the server sends with the
 * contract.
 *
 * @module
 */

import { mapMaybePromise } from "../common/async.ts";
import { isApplicationError, ValidationError } from "../common/errors.ts";
import { throwCausedByPeer } from "../common/ignorable.ts";
import type { Json } from "../common/json.ts";
import {
  describeMessage,
  describeOperation,
  describeRoom,
  describeStream,
  quote,
} from "../common/text.ts";
import {
  type Contract,
  dataSchemaOf,
  errorsOf,
  type MessageEntries,
  ownEntry,
  repliesTo,
} from "../contract/contract.ts";
import { findRoom } from "../contract/find_room.ts";
import { eventsOf } from "../contract/room_entry.ts";
import type { Schema } from "../contract/schema.ts";
import { validate } from "../contract/validate.ts";
import type { WireMessage } from "../protocol/message.ts";

/** The end of a check; throws, or rejects with, a `ValidationError` */
export type Checking = void | PromiseLike<void>;

/** Validates what a server sends. Values that schemas return are discarded. */
export class ContractChecks {
  readonly #contract: Contract;

  /**
   * Constructs `ContractChecks`.
   *
   * @param contract The contract
   */
  constructor(contract: Contract) {
    this.#contract = contract;
  }

  /**
   * Validates an event, or a reply to the message that the server says it replies to.
   *
   * @param wire The message
   * @param room The room into which the server has put the client; `undefined` for other events
   */
  message(wire: WireMessage, room?: string): Checking {
    if (room !== undefined) return this.roomEvent(room, wire);
    const { replying } = wire;
    if (replying !== null) return this.reply(replying.message, wire);
    return assertKnown("events", this.#contract.events, wire);
  }

  /** Validates an event of a room. */
  roomEvent(room: string, wire: WireMessage): Checking {
    const { entry = {} } = findRoom(this.#contract, room) ?? {};
    const kind = `events of ${describeRoom(room)}`;
    return assertKnown(kind, eventsOf(entry), wire);
  }

  /** Validates a reply to a message of this client. */
  reply(name: string, wire: WireMessage): Checking {
    const kind = `replies to ${describeMessage(name)}`;
    return assertKnown(kind, repliesTo(this.#contract.messages, name), wire);
  }

  /** Validates the result of an operation. */
  result(operation: string, result: Json): Checking {
    const subject = () => `Cannot finish ${describeOperation(operation)}`;
    const { output } = ownEntry(this.#contract.operations, operation) ?? {};
    return assertOutput(subject, "the result", output, result);
  }

  /** Validates an item of a stream. */
  item(operation: string, item: Json): Checking {
    const subject = () => `Cannot continue ${describeStream(operation)}`;
    const { yields } = ownEntry(this.#contract.operations, operation) ?? {};
    return assertOutput(subject, "an item", yields, item);
  }

  /** Validates an error that the application of the server threw, if the error is one. */
  error(
    part: "messages" | "operations",
    name: string,
    error: unknown,
  ): Checking {
    if (!isApplicationError(error)) return;
    const declared = errorsOf(ownEntry(this.#contract[part], name));
    const subject = () => `Cannot accept the error ${quote(error.kind)}`;
    const schema = ownEntry(declared, error.kind);
    if (schema === undefined) {
      throw unknownError(subject(), Object.keys(declared));
    }
    return assertMatches(
      subject,
      "'details'",
      schema ?? undefined,
      error.details,
    );
  }
}

function unknownError(
  subject: string,
  kinds: readonly string[],
): ValidationError {
  const names = kinds.join(", ") || "none";
  const issue = { path: [], message: `the errors are ${names}` };
  return new ValidationError(subject, "it is not in the contract", [issue]);
}

/** Checks that the contract contains a message, and that its data matches. */
function assertKnown(
  kind: string,
  entries: MessageEntries,
  { message: name, data }: WireMessage,
): Checking {
  const subject = () => `Cannot accept ${describeMessage(name)}`;
  const entry = ownEntry(entries, name);
  if (entry !== undefined) {
    return assertMatches(subject, "its data", dataSchemaOf(entry), data);
  }
  const names = Object.keys(entries).join(", ") || "none";
  const issue = { path: [], message: `the ${kind} are ${names}` };
  throw new ValidationError(subject(), "it is not in the contract", [issue]);
}

function assertMatches(
  subject: () => string,
  what: string,
  schema: Schema | undefined,
  value: unknown,
): Checking {
  if (schema === undefined) return;
  return mapMaybePromise(validateReceived(schema, value), ({ issues }) => {
    if (issues === undefined) return;
    const problem = `${what} does not match its schema`;
    throw new ValidationError(subject(), problem, issues);
  });
}

/** Accepts `null` for `undefined` also, because JSON has only `null`. */
function assertOutput(
  subject: () => string,
  what: string,
  schema: Schema | undefined,
  value: Json,
): Checking {
  if (schema === undefined || value !== null) {
    return assertMatches(subject, what, schema, value);
  }
  return mapMaybePromise(
    validateReceived(schema, undefined),
    ({ issues }) =>
      issues && assertMatches(subject, what, schema, value) as Promise<void>,
  );
}

/** Validates what the server sent. A schema that throws for it must not end the program. */
function validateReceived(schema: Schema, value: unknown) {
  try {
    const checked = validate(schema, value);
    return checked instanceof Promise
      ? checked.catch(throwCausedByPeer)
      : checked;
  } catch (error) {
    throwCausedByPeer(error);
  }
}
