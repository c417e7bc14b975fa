/**
 * What was published: the oracle of the model. It knows which publication follows which, and
 * who must get it.
 *
 * @module
 */

import type { Publication } from "../../broker/broker.ts";
import { parsePosition } from "../../broker/position.ts";
import { Violation } from "../fuzz/violation.ts";

/** The excluded connection and the publisher of a message: public ids. */
export interface Addressing {
  readonly publisher: string | null;
  readonly except: string | null;
  readonly from: string | null;
}

/** A publication in a history. */
interface Node extends Addressing {
  readonly n: number;
  /** The positions of the publications before it, in all histories that contained it */
  readonly parents: Set<string>;
}

/** What a client wants of a room. */
export interface Reader {
  readonly connection: string | undefined;
  readonly echo: boolean;
}

/** What is known about all publications. */
export class Truth {
  readonly #nodes = new Map<string, Node>();
  readonly #tops = new Map<string, string>();
  /** The publications that were stored and not lost again, in their order */
  #order: number[] = [];
  readonly #positions = new Map<number, string | null>();
  /** All places of publications in all histories, as `n position` */
  readonly #places = new Set<string>();
  #isRestored = false;
  readonly #lost = new Set<number>();
  readonly #expected = new Map<number, Addressing>();

  /** The number of stored publications */
  get size(): number {
    return this.#order.length;
  }

  /** Notes what is about to be published. */
  expect(n: number, addressing: Addressing): void {
    this.#expected.set(n, addressing);
  }

  /** Whether a publication was stored and not lost again. */
  isStored(n: number): boolean {
    return this.#positions.has(n);
  }

  /** The position of a stored publication; `null` without history */
  positionOf(n: number): string | null | undefined {
    return this.#positions.get(n);
  }

  /** Whether a publication was certainly stored before another one */
  isBefore(n: number, other: number): boolean {
    if (this.isLost(n) || this.isLost(other)) return false;
    return this.#order.indexOf(n) < this.#order.indexOf(other);
  }

  /** Whether a publication is or was at a position. */
  wasAt(n: number, position: string | null): boolean {
    return this.#places.has(`${n} ${position}`);
  }

  /** Records that a broker has stored a publication. */
  store(room: string, payload: string, position: string | null): void {
    const { n, ...addressing } = read(payload);
    const expected = this.#expected.get(n)!;
    if (JSON.stringify(addressing) !== JSON.stringify(expected)) {
      const envelopes = [addressing, expected].map((each) =>
        JSON.stringify(each)
      );
      fail(`${n} has the envelope ${envelopes.join(", not ")}`);
    }
    if (this.isStored(n)) fail(`${n} was stored twice in ${room}`);
    this.#positions.set(n, position);
    this.#places.add(`${n} ${position}`);
    this.#order.push(n);
    if (position === null) return;
    this.#add(room, position, this.#before(room, position), payload);
    this.#tops.set(room, position);
  }

  /** Records what a restored history contains. */
  learn(room: string, publications: readonly Publication[], top: string): void {
    for (const { position, previous, payload } of publications) {
      this.#add(room, position!, previous!, payload);
      this.#positions.set(read(payload).n, position);
    }
    this.#tops.set(room, top);
  }

  /** Whether an engine was ever restored */
  get isRestored(): boolean {
    return this.#isRestored;
  }

  /** Forgets the publications after the first ones, which an engine has lost. */
  cut(count: number): void {
    this.#isRestored = true;
    for (const n of this.#order.splice(count)) {
      this.#positions.delete(n);
      this.#lost.add(n);
    }
  }

  /** Whether an engine has lost a publication. */
  isLost(n: number): boolean {
    return this.#lost.has(n);
  }

  /** Checks that no message is missing for a reader that has everything up to `since`. */
  checkNext(room: string, since: string, position: string, reader: Reader) {
    const node = this.#nodes.get(`${room} ${position}`);
    if (node === undefined) fail(`nothing in ${room} is at ${position}`);
    if (!isFor(node, reader)) fail(`${node.n} is not for ${reader.connection}`);
    if (this.#hasAll(room, since, node.parents, reader)) return;
    fail(`messages of ${room} are missing between ${since} and ${position}`);
  }

  /** Checks that a reader with everything up to `since` has all messages. */
  checkTop(room: string, since: string, top: string, reader: Reader): void {
    if (this.#hasAll(room, since, new Set([top]), reader)) return;
    fail(`messages of ${room} are missing between ${since} and ${top}`);
  }

  /** Returns the data of the publication at a position. */
  at(room: string, position: string): Addressing & { readonly n: number } {
    return this.#nodes.get(`${room} ${position}`) ?? fail(`no ${position}`);
  }

  /** Checks a message of a room without history. */
  checkLive(n: number, reader: Reader): void {
    const wasStored = this.isStored(n) || this.isLost(n);
    if (!wasStored) fail(`${n} was never published`);
    if (!isFor(this.#expected.get(n)!, reader)) fail(`${n} is not for it`);
  }

  /** Whether only messages for others are between a position and one of several. */
  #hasAll(
    room: string,
    since: string,
    positions: ReadonlySet<string>,
    reader: Reader,
  ): boolean {
    for (const position of positions) {
      if (position === since) return true;
      const node = this.#nodes.get(`${room} ${position}`);
      if (node === undefined || isFor(node, reader)) continue;
      if (this.#hasAll(room, since, node.parents, reader)) return true;
    }
    return false;
  }

  #add(room: string, position: string, previous: string, payload: string) {
    const id = `${room} ${position}`;
    const known = this.#nodes.get(id);
    if (known !== undefined) return void known.parents.add(previous);
    this.#nodes.set(id, { ...read(payload), parents: new Set([previous]) });
  }

  /** Returns the position before a new one. */
  #before(room: string, position: string): string {
    const { epoch, offset } = parsePosition(position)!;
    const top = this.#tops.get(room);
    const last = top === undefined ? undefined : parsePosition(top)!;
    if (offset === 1) return `${epoch}.0.`;
    const isNext = last?.epoch === epoch && last.offset === offset - 1;
    return isNext ? top! : fail(`${position} follows ${top} in ${room}`);
  }
}

function isFor(
  { except, publisher }: Addressing,
  { connection, echo }: Reader,
): boolean {
  return connection !== except && (echo || connection !== publisher);
}

function read(payload: string): Addressing & { readonly n: number } {
  const { publisher, except, from, data: { n } } = JSON.parse(payload);
  return { n, publisher, except, from };
}

export function fail(problem: string): never {
  throw new Violation(problem);
}
