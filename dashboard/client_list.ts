/**
 * The clients of the server, as the stream reports them.
 *
 * @module
 */

import type { AdminClient, AdminClientsChange } from "../admin/types.ts";
import { Cell } from "./cell.ts";

/** A column by which the clients can be sorted. */
export type SortKey =
  | "id"
  | "name"
  | "address"
  | "version"
  | "connectedAt"
  | "rooms"
  | "pending"
  | "buffered";

/** Keeps the clients, and reports changes at most ten times per second. */
export class ClientList {
  /** A number that grows with each change */
  readonly changes: Cell<number> = new Cell(0);
  readonly #clients = new Map<number, AdminClient>();
  isComplete = false;
  #isScheduled = false;

  /** The number of clients. */
  get size(): number {
    return this.#clients.size;
  }

  /** Returns a client; `undefined` if it has left. */
  get(id: number): AdminClient | undefined {
    return this.#clients.get(id);
  }

  /** Forgets all clients, before the stream reports them again. */
  clear(): void {
    this.#clients.clear();
    this.isComplete = false;
    this.#schedule();
  }

  /** Applies an item of the stream. */
  apply({ joined, changed, left, isComplete }: AdminClientsChange): void {
    for (const client of [...joined, ...changed]) {
      this.#clients.set(client.id, client);
    }
    for (const id of left) this.#clients.delete(id);
    this.isComplete = isComplete;
    this.#schedule();
  }

  /** Returns the clients that match a search, in order. */
  find(search: string, key: SortKey, isDescending: boolean): AdminClient[] {
    const words = search.toLowerCase().split(/\s+/).filter(Boolean);
    const found = [...this.#clients.values()].filter((client) =>
      words.every((word) => textOf(client).includes(word))
    );
    const sign = isDescending ? -1 : 1;
    return found.sort((a, b) =>
      sign * compare(valueOf(a, key), valueOf(b, key)) || a.id - b.id
    );
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setTimeout(() => {
      this.#isScheduled = false;
      this.changes.value++;
    }, 100);
  }
}

/** Returns the name of a client: its user, or the name of its token. */
export function nameOf({ user, name }: AdminClient): string {
  return user ?? name ?? "";
}

/** The lower-case string in which a search looks, which is made once for each client. */
const texts = new WeakMap<AdminClient, string>();

function textOf(client: AdminClient): string {
  const known = texts.get(client);
  if (known !== undefined) return known;
  const { id, user, name, address, version, globalId } = client;
  const text = [`#${id}`, user, name, address, version, globalId]
    .map((value) => String(value ?? "").slice(0, 1_000)).join("\n")
    .toLowerCase();
  texts.set(client, text);
  return text;
}

function valueOf(client: AdminClient, key: SortKey): string | number {
  return key === "name" ? nameOf(client) : client[key];
}

function compare(a: string | number, b: string | number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
