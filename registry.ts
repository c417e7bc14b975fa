/**
 * What a server answers with: its listeners and operations, as its contract has them.
 *
 * @module
 */

import { assertSchema } from "./assert_contract.ts";
import { checkedListener } from "./checking.ts";
import type { ClientMessage, OperationContext } from "./client_message.ts";
import {
  assertNamed,
  type Contract,
  type OperationSchemas,
  ownEntry,
} from "./contract.ts";
import { assertListener, type Listener, Listeners } from "./message.ts";
import {
  isAsyncGenerator,
  type OperationHandler,
  Operations,
} from "./operation.ts";
import { isSchema, type Schema } from "./schema.ts";

/** The listeners and operations of a server. */
export class Registry {
  readonly listeners = new Listeners<ClientMessage>();
  readonly operations: Operations<OperationContext>;
  readonly #contract: Contract | undefined;

  /**
   * Constructs a `Registry`.
   *
   * @param contract What there may be; anything if left out
   * @param isSupported Whether clients may call an operation
   */
  constructor(
    contract: Contract | undefined,
    isSupported: (name: string) => boolean,
  ) {
    this.#contract = contract;
    this.operations = new Operations(isSupported);
  }

  /** The operations of the contract that nobody handles */
  get missing(): readonly string[] {
    const names = Object.keys(this.#contract?.operations ?? {});
    return names.filter((name) => !this.operations.has(name));
  }

  /** Adds a listener to messages of some names, whose data a schema may check. */
  receive(
    names: string | readonly string[],
    listener: Listener<ClientMessage>,
    schema: Schema | undefined,
  ): Disposable {
    for (const name of [names].flat()) {
      const subject = `Cannot receive message ${JSON.stringify(name)}`;
      assertNamed(subject, this.#contract?.messages, name);
      assertAlone(subject, this.#contract, schema);
    }
    assertNoSchema(listener);
    assertListener(listener);
    if (schema === undefined) return this.listeners.add(names, listener);
    assertSchema("Cannot receive messages", "the schema", schema);
    return this.listeners.add(names, checkedListener(schema, listener));
  }

  /** Adds an operation. */
  operation(
    name: string,
    handler: OperationHandler<OperationContext, never>,
    schemas: OperationSchemas | undefined,
  ): Disposable {
    const subject = `Cannot register operation ${JSON.stringify(name)}`;
    assertNamed(subject, this.#contract?.operations, name);
    assertAlone(subject, this.#contract, schemas);
    const agreed = this.#agreed(name);
    if (agreed !== undefined) assertKind(subject, agreed, handler);
    return this.operations.add(name, handler, agreed ?? schemas);
  }

  /** Adds an operation of our own, which a contract may have or not. */
  builtin(
    name: string,
    handler: OperationHandler<OperationContext, never>,
  ): void {
    this.operations.add(name, handler, this.#agreed(name));
  }

  #agreed(name: string): OperationSchemas | undefined {
    return ownEntry(this.#contract?.operations ?? {}, name);
  }
}

/** Those of arktype are functions, which could pass for listeners. */
function assertNoSchema(listener: unknown): void {
  if (!isSchema(listener)) return;
  throw new TypeError(
    "Cannot receive messages as there is a schema and no listener: pass one behind it",
  );
}

/** What a contract says nothing of is one result to whoever calls it. */
function assertKind(
  subject: string,
  { output, yields }: OperationSchemas,
  handler: unknown,
): void {
  const isSaid = output !== undefined || yields !== undefined;
  if (isSaid || !isAsyncGenerator(handler)) return;
  throw new TypeError(
    `${subject} as its handler is a generator, and the contract does not say what it 'yields'`,
  );
}

function assertAlone(
  subject: string,
  contract: Contract | undefined,
  schema: unknown,
): void {
  if (contract === undefined || schema === undefined) return;
  throw new TypeError(
    `${subject} with a schema of its own as the server has a contract: put it there`,
  );
}
