/// <reference lib="dom" />
/** Keeps what a page has shown in the browser, until the user comes back. */

import type { Say } from "./contract.ts";
import type { Topic } from "./topics.ts";

/** Something that the page shows in a room */
export type Entry =
  | { readonly type: "message"; readonly message: Say }
  | { readonly type: "gap"; readonly reason: string };

/** What a page has shown of a room */
export interface Saved {
  readonly entries: readonly Entry[];
  /** The position of the last entry, from which the next page continues */
  readonly position: string;
}

/** How many entries of a room are kept. */
const MAX_ENTRIES = 500;

/** Keeps the entries and their position together, so that they always match. */
export class RoomStorage {
  readonly #key: string;

  constructor(user: string, topic: Topic) {
    this.#key = `chat ${user} ${topic}`;
  }

  load(): Saved | undefined {
    const text = localStorage.getItem(this.#key);
    return text === null ? undefined : JSON.parse(text);
  }

  save({ entries, position }: Saved): void {
    const saved = { entries: entries.slice(-MAX_ENTRIES), position };
    try {
      localStorage.setItem(this.#key, JSON.stringify(saved));
    } catch {
      // The storage is full. The next page continues from what was kept last.
    }
  }
}
