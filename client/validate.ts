/**
 * Holding what a server sends against the contract: the client's side of `validate`.
 *
 * @module
 */

import { mapMaybePromise } from "../common/async.ts";
import { ValidationError } from "../common/errors.ts";
import { type Json } from "../common/json.ts";
import {
  describeMessage,
  describeOperation,
  describeStream,
} from "../common/text.ts";
import {
  type Contract,
  dataSchemaOf,
  type MessageEntries,
  ownEntry,
  repliesTo,
} from "../contract/contract.ts";
import { check, type Schema } from "../contract/schema.ts";
import { type WireMessage } from "../protocol/message.ts";
/** Nothing, at once or later; it throws, or rejects with, a `ValidationError`. */
export type Checking = void | PromiseLike<void>;

/** Checks what a server sends; what a schema turns it into does not count. */
export interface Checks {
  /** Checks what came by itself, by what the server says that it is. */
  message(wire: WireMessage): Checking;
  /** Checks a reply to a message of this side. */
  reply(asked: string, wire: WireMessage): Checking;
  /** Checks the result of an operation. */
  result(operation: string, result: Json): Checking;
  /** Checks an item of a stream. */
  item(operation: string, item: Json): Checking;
}

/** {@linkcode Checks} by a contract. */
export class ContractChecks implements Checks {
  readonly #contract: Contract;

  constructor(contract: Contract) {
    this.#contract = contract;
  }

  message(wire: WireMessage): Checking {
    const { replying } = wire;
    if (replying !== null) return this.reply(replying.message, wire);
    return assertKnown("events", this.#contract.events, wire);
  }

  reply(asked: string, wire: WireMessage): Checking {
    const what = `replies to ${describeMessage(asked)}`;
    return assertKnown(what, repliesTo(this.#contract.messages, asked), wire);
  }

  result(operation: string, result: Json): Checking {
    const subject = () => `Cannot finish ${describeOperation(operation)}`;
    const { output } = ownEntry(this.#contract.operations, operation) ?? {};
    return assertGiven(subject, "the result", output, result);
  }

  item(operation: string, item: Json): Checking {
    const subject = () => `Cannot go on with ${describeStream(operation)}`;
    const { yields } = ownEntry(this.#contract.operations, operation) ?? {};
    return assertGiven(subject, "an item", yields, item);
  }
}

/** What the server says has to be among what it may say. */
function assertKnown(
  what: string,
  entries: MessageEntries,
  { message: name, data }: WireMessage,
): Checking {
  const subject = () => `Cannot take ${describeMessage(name)}`;
  const entry = ownEntry(entries, name);
  if (entry !== undefined) {
    return assertFits(subject, "its data", dataSchemaOf(entry), data);
  }
  const names = Object.keys(entries).join(", ") || "none";
  const issue = { path: [], message: `the ${what} are ${names}` };
  throw new ValidationError(subject(), "it is not in the contract", [issue]);
}

function assertFits(
  subject: () => string,
  what: string,
  schema: Schema | undefined,
  value: unknown,
): Checking {
  if (schema === undefined) return;
  return mapMaybePromise(check(schema, value), ({ issues }) => {
    if (issues === undefined) return;
    const problem = `${what} does not match its schema`;
    throw new ValidationError(subject(), problem, issues);
  });
}

/** The same for what a handler gave, of which nothing at all has become `null`. */
function assertGiven(
  subject: () => string,
  what: string,
  schema: Schema | undefined,
  value: Json,
): Checking {
  if (schema === undefined || value !== null) {
    return assertFits(subject, what, schema, value);
  }
  return mapMaybePromise(
    check(schema, undefined),
    ({ issues }) =>
      issues && assertFits(subject, what, schema, value) as Promise<void>,
  );
}
