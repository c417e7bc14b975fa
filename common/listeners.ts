/**
 * The listeners of one side, by the name of the message.
 *
 * @module
 */

import { invalidType } from "./check.ts";

/**
 * Handles a message. If it returns a promise, the message is finished when the promise
 * settles.
 *
 * @param message The message
 */
export type Listener<Received extends { readonly name: string }> = (
  message: Received,
) => unknown;

/** Thrown by a listener that has a schema, if the data of the message does not match it. */
export class Mismatch {
  /** Describes why the data does not match */
  readonly error: unknown;
  readonly #isMismatch = true;

  /**
   * Constructs a `Mismatch`.
   *
   * @param error Describes why the data does not match
   */
  constructor(error: unknown) {
    this.error = error;
  }

  /** Returns whether a thrown value is a `Mismatch`; runs no code of the value. */
  static is(thrown: unknown): thrown is Mismatch {
    return typeof thrown === "object" && thrown !== null &&
      #isMismatch in thrown;
  }
}

/** A registration of a listener: the same listener can be registered more than once. */
interface Entry<Received extends { readonly name: string }> {
  readonly listener: Listener<Received>;
  removed: boolean;
}

/** The listeners of one side. */
export class Listeners<Received extends { readonly name: string }> {
  readonly #byName = new Map<string, readonly Entry<Received>[]>();
  #toAll: readonly Entry<Received>[] = [];

  /**
   * Adds a listener.
   *
   * @param names One or more names, or the listener to all messages
   * @param listener The listener, if names are passed
   * @returns An object that removes the listener when it is disposed of
   *
   * @throws {TypeError} If the listener is not a function, or a name is not a string
   */
  add(
    names: string | readonly string[] | Listener<Received>,
    listener?: Listener<Received>,
  ): Disposable {
    if (typeof names === "function") return this.#addToAll(entryOf(names));
    return this.#addToNames(namesOf(names), entryOf(listener));
  }

  /**
   * Calls the listeners to a message one after the other: first the listeners to its
   * name, then the listeners to all messages, each in the order of registration.
   *
   * A listener whose schema does not match the message is not called. This is an error
   * only if no other listener to the name accepts the message.
   *
   * @param message The message
   * @param onError Called with the error of a listener; the others still run
   * @param isNamed Whether the listeners to the name are called
   * @returns The number of listeners that were called
   */
  dispatch(
    message: Received,
    onError: (error: unknown) => void,
    isNamed = true,
  ): Promise<number> {
    const named = isNamed ? this.#byName.get(message.name) : undefined;
    const toAll = this.#toAll;
    // The fewer promises, the faster.
    if (named === undefined) return callEach(toAll, message, onError);
    const called = callEach(named, message, onError);
    if (toAll.length === 0) return called;
    return called.then(async (count) =>
      count + await callEach(toAll, message, onError)
    );
  }

  /** The names that have listeners */
  get names(): readonly string[] {
    return [...this.#byName.keys()];
  }

  /** Returns whether there is a listener to messages with a name. */
  has(name: string): boolean {
    return this.#toAll.length > 0 || this.#byName.has(name);
  }

  /** Returns whether there is a listener to this name, and not only to all messages. */
  hasNamed(name: string): boolean {
    return this.#byName.has(name);
  }

  #addToAll(entry: Entry<Received>): Disposable {
    this.#toAll = [...this.#toAll, entry];
    return { [Symbol.dispose]: () => this.#remove(entry) };
  }

  #addToNames(names: Iterable<string>, entry: Entry<Received>): Disposable {
    for (const name of names) {
      this.#byName.set(name, [...this.#byName.get(name) ?? [], entry]);
    }
    return { [Symbol.dispose]: () => this.#remove(entry) };
  }

  #remove(entry: Entry<Received>): void {
    entry.removed = true;
    const isOther = (other: Entry<Received>) => other !== entry;
    this.#toAll = this.#toAll.filter(isOther);
    for (const [name, entries] of this.#byName) {
      const rest = entries.filter(isOther);
      if (rest.length > 0) this.#byName.set(name, rest);
      else this.#byName.delete(name);
    }
  }
}

/** Calls listeners one after the other; returns how many accepted the message. */
async function callEach<Received extends { readonly name: string }>(
  entries: readonly Entry<Received>[],
  message: Received,
  onError: (error: unknown) => void,
): Promise<number> {
  let accepted = 0;
  let mismatches: Mismatch[] | undefined;
  for (const entry of entries) {
    if (entry.removed) continue;
    accepted++;
    // A call of entry.listener would pass the entry as `this`.
    const { listener } = entry;
    try {
      await listener(message);
    } catch (thrown) {
      if (!Mismatch.is(thrown)) onError(thrown);
      else {
        accepted--;
        (mismatches ??= []).push(thrown);
      }
    }
  }
  if (accepted === 0) mismatches?.forEach(({ error }) => onError(error));
  return accepted;
}

function entryOf<Received extends { readonly name: string }>(
  listener: Listener<Received> | undefined,
): Entry<Received> {
  assertListener(listener);
  return { listener, removed: false };
}

const SUBJECT = "Cannot receive messages";

/**
 * Checks a listener.
 *
 * @throws {TypeError} If it is not a function
 */
export function assertListener<Received extends { readonly name: string }>(
  listener: Listener<Received> | undefined,
): asserts listener is Listener<Received> {
  if (typeof listener === "function") return;
  throw invalidType(SUBJECT, "the listener", "a function", listener);
}

function namesOf(names: string | readonly string[]): ReadonlySet<string> {
  const unique = new Set(Array.isArray(names) ? names : [names]);
  for (const name of unique) assertName(name);
  if (unique.size > 0) return unique;
  throw new TypeError(
    `${SUBJECT}: the array of names is empty. Omit it to receive all messages.`,
  );
}

function assertName(name: unknown): void {
  if (typeof name === "string") return;
  throw invalidType(SUBJECT, "the name of a message", "a string", name);
}
