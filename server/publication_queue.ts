/**
 * The publications of a room that wait while its history is read.
 *
 * @module
 */

import type { Publication } from "../broker/broker.ts";

/** The maximum number of publications in a queue. */
const MAX_COUNT = 1_000;

/** The maximum length of all payloads in a queue together, in UTF-16 units. */
const MAX_UNITS = 1_048_576;

/** Publications in the order in which the broker has reported them. */
export class PublicationQueue {
  #publications: Publication[] = [];
  #units = 0;

  /** The number of publications */
  get size(): number {
    return this.#publications.length;
  }

  /** The publication that is next */
  get first(): Publication | undefined {
    return this.#publications[0];
  }

  /** Adds a publication; returns whether there was space for it. */
  add(publication: Publication): boolean {
    const { length } = publication.payload;
    const fits = this.size < MAX_COUNT && this.#units + length <= MAX_UNITS;
    // A single publication always fits, because its room could not go on without it.
    if (!fits && this.size > 0) return false;
    this.#publications.push(publication);
    this.#units += length;
    return true;
  }

  /** Removes the publication that is next. */
  shift(): void {
    const first = this.#publications.shift();
    this.#units -= first?.payload.length ?? 0;
  }

  /** Keeps only some publications. */
  keep(isKept: (publication: Publication) => boolean): void {
    const kept = this.#publications.filter(isKept);
    this.#publications = kept;
    this.#units = kept.reduce((sum, { payload }) => sum + payload.length, 0);
  }

  /** Removes all publications. */
  clear(): void {
    this.#publications = [];
    this.#units = 0;
  }
}
