/**
 * The listeners of one side, and how they are called.
 *
 * @module
 */

import { invalidType } from "./check.ts";

/** What a listener is called with: a message, or anything else that has a name. */
export interface Named {
  /** The name that listeners are registered for */
  readonly name: string;
}

/**
 * Is called with each message that it was registered for. A promise that it returns
 * is waited for.
 *
 * @param message The message
 */
export type Listener<Received extends Named> = (
  message: Received,
) => unknown;

/** A listener as it was added: each time anew, so that each is removed alone. */
interface Entry<Received extends Named> {
  readonly listener: Listener<Received>;
  removed: boolean;
}

/** The listeners of one side, by the name of the message. */
export class Listeners<Received extends Named> {
  readonly #byName = new Map<string, readonly Entry<Received>[]>();
  #toAll: readonly Entry<Received>[] = [];

  /**
   * Adds a listener.
   *
   * @param names The messages to listen to, or the listener to all of them
   * @param listener What to call, if names are given
   * @returns Removes the listener when disposed of
   */
  add(
    names: string | readonly string[] | Listener<Received>,
    listener?: Listener<Received>,
  ): Disposable {
    if (typeof names === "function") return this.#addToAll(entryOf(names));
    return this.#addToNames(namesOf(names), entryOf(listener));
  }

  /**
   * Calls the listeners to a message one after the other: those to its name first,
   * then those to all messages, each in the order of registration.
   *
   * @param message The message
   * @param onError Is called with what a listener throws; the others still run
   * @param isNamed Whether those to its name are called, too
   * @returns The number of listeners that were called
   */
  async dispatch(
    message: Received,
    onError: (error: unknown) => void,
    isNamed = true,
  ): Promise<number> {
    let called = 0;
    const named = isNamed ? this.#byName.get(message.name) : undefined;
    const entries = [...named ?? [], ...this.#toAll];
    for (const entry of entries) {
      if (entry.removed) continue;
      called++;
      // Apart from its entry, which is none of a listener's business as `this`.
      const { listener } = entry;
      try {
        await listener(message);
      } catch (error) {
        onError(error);
      }
    }
    return called;
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

function entryOf<Received extends Named>(
  listener: Listener<Received> | undefined,
): Entry<Received> {
  assertListener(listener);
  return { listener, removed: false };
}

/** Refuses what cannot be called with a message. */
export function assertListener<Received extends Named>(
  listener: Listener<Received> | undefined,
): asserts listener is Listener<Received> {
  if (typeof listener === "function") return;
  throw new TypeError(
    `Cannot receive messages as the listener must be a function: current value is of type ${typeof listener}`,
  );
}

function namesOf(names: string | readonly string[]): ReadonlySet<string> {
  const list = new Set(Array.isArray(names) ? names : [names]);
  for (const name of list) assertName(name);
  if (list.size > 0) return list;
  throw new TypeError(
    "Cannot receive messages as the list of names is empty: leave it out to receive all",
  );
}

function assertName(name: unknown): void {
  if (typeof name === "string") return;
  throw new TypeError(
    `Cannot receive messages as each name must be a text: current value is of type ${typeof name}`,
  );
}
