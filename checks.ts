/**
 * Holding what a server sends against the contract: the client's side of `validate`.
 *
 * @module
 */

import {
  type Contract,
  dataSchemaOf,
  type MessageEntries,
  ownEntry,
  repliesOf,
} from "./contract.ts";
import {
  describeMessage,
  describeOperation,
  describeStream,
} from "./encode.ts";
import { ValidationError } from "./errors.ts";
import type { Json } from "./json.ts";
import type { WireMessage } from "./protocol.ts";
import { check, type Schema } from "./schema.ts";
import { chain } from "./thenable.ts";

/** Nothing, at once or later; it throws, or rejects with, a `ValidationError`. */
export type Checking = void | PromiseLike<void>;

/** Checks what a server sends; what a schema turns it into does not count. */
export interface Checks {
  /** Checks an event or a reply. */
  message(wire: WireMessage): Checking;
  /** Checks the result of an operation. */
  result(operation: string, result: Json): Checking;
  /** Checks an item of a stream. */
  item(operation: string, item: Json): Checking;
}

/** What the server may say, with what errors call it. */
interface Known {
  readonly what: string;
  readonly entries: MessageEntries;
}

/** {@linkcode Checks} by a contract. */
export class ContractChecks implements Checks {
  readonly #contract: Contract;

  constructor(contract: Contract) {
    this.#contract = contract;
  }

  message({ message: name, data, replying }: WireMessage): Checking {
    const subject = () => `Cannot take ${describeMessage(name)}`;
    const { what, entries } = this.#known(replying);
    const entry = ownEntry(entries, name);
    if (entry === undefined) {
      const names = Object.keys(entries).join(", ") || "none";
      const issue = { path: [], message: `the ${what} are ${names}` };
      throw new ValidationError(subject(), "it is not in the contract", [
        issue,
      ]);
    }
    return assertFits(subject, "its data", dataSchemaOf(entry), data);
  }

  result(operation: string, result: Json): Checking {
    const subject = () => `Cannot finish ${describeOperation(operation)}`;
    const { output } = ownEntry(this.#contract.operations, operation) ?? {};
    return assertFits(subject, "the result", output, result);
  }

  item(operation: string, item: Json): Checking {
    const subject = () => `Cannot go on with ${describeStream(operation)}`;
    const { yields } = ownEntry(this.#contract.operations, operation) ?? {};
    return assertFits(subject, "an item", yields, item);
  }

  /** What the server may say: events and, to a message, the replies to it. */
  #known(replying: WireMessage | null): Known {
    const { events, messages } = this.#contract;
    if (replying === null) return { what: "events", entries: events };
    const asked = ownEntry(messages, replying.message);
    return {
      what: `replies to ${describeMessage(replying.message)}`,
      entries: asked === undefined ? {} : repliesOf(asked),
    };
  }
}

function assertFits(
  subject: () => string,
  what: string,
  schema: Schema | undefined,
  value: unknown,
): Checking {
  if (schema === undefined) return;
  return chain(check(schema, value), ({ issues }) => {
    if (issues === undefined) return;
    const problem = `${what} does not fit its schema`;
    throw new ValidationError(subject(), problem, issues);
  });
}
