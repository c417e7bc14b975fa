/**
 * The counts of what several servers have sent to their clients: how many members of all
 * servers received a message to a room.
 *
 * @module
 */

import type { JsonObject } from "../common/json.ts";
import { detach } from "../common/text.ts";
import { type BroadcastCounts, NO_CLIENTS } from "./broadcaster.ts";
import type { ServerNode } from "./node.ts";
import { countIn, stringIn } from "./node_messages.ts";

/** How long the other servers have to count, in milliseconds: as long as a lease. */
export const LEDGER_TIMEOUT = 3_000;

const NAMES = Object.keys(NO_CLIENTS) as (keyof BroadcastCounts)[];

/** Adds up counts. */
export function addCounts(counts: readonly BroadcastCounts[]): BroadcastCounts {
  const sum = { ...NO_CLIENTS };
  for (const each of counts) {
    for (const name of NAMES) sum[name] += each[name];
  }
  return sum;
}

/** Reads the counts in the answer of another server. What is missing counts as 0. */
export function countsIn(fields: JsonObject): BroadcastCounts {
  const entries = NAMES.map((name) => [name, countIn(fields, name) ?? 0]);
  return Object.fromEntries(entries);
}

/** How many of the last messages are remembered. */
const MAX_KNOWN = 1_000;

/** How many messages other servers can wait for. */
const MAX_AWAITED = 1_000;

const COUNTS = "publication-counts";

/** The counts of a message on all servers. */
export interface LedgerResult extends BroadcastCounts {
  readonly silentNodes: readonly string[];
}

/** A message that was sent to the members on this server. */
interface KnownMessage {
  readonly origin: string;
  readonly counts: Promise<BroadcastCounts>;
}

/** Knows what has become of the last messages on one server. */
export class PublicationLedger {
  readonly #node: ServerNode;
  /** Whether the messages of a room reach this server */
  readonly #hasRoom: (room: string) => boolean;
  /**
   * The last messages. The oldest one is replaced by the next one: a map from which the oldest
   * entry is deleted with each message needs several times the CPU.
   */
  readonly #known: KnownMessage[] = [];
  /** The index of the next message in `#known` */
  #next = 0;
  /** What waits for messages that have not come yet */
  readonly #awaited = new Map<
    string,
    (counts: Promise<BroadcastCounts>) => void
  >();

  /**
   * Constructs a `PublicationLedger`, which answers other servers.
   *
   * @param node Connects the server to the others
   * @param hasRoom Returns whether the messages of a room reach this server
   */
  constructor(node: ServerNode, hasRoom: (room: string) => boolean) {
    this.#node = node;
    this.#hasRoom = hasRoom;
    node.handle(COUNTS, (fields) => this.#answer(fields));
  }

  /** Notes a message that this server sends to its members. */
  note(origin: string, counts: Promise<BroadcastCounts>): void {
    // The origin is a part of the whole message, which can be long.
    this.#known[this.#next] = { origin: detach(origin), counts };
    this.#next = (this.#next + 1) % MAX_KNOWN;
    if (this.#awaited.size === 0) return;
    this.#awaited.get(origin)?.(counts);
    this.#awaited.delete(origin);
  }

  /** Adds the counts of the other servers to those of this one. */
  async collect(
    room: string,
    origin: string,
    own: Promise<BroadcastCounts>,
  ): Promise<LedgerResult> {
    const fields = { room, origin };
    const [counts, { answers, silent }] = await Promise.all([
      own,
      this.#node.survey(COUNTS, fields, LEDGER_TIMEOUT),
    ]);
    const others = [...answers.values()].map(countsIn);
    return { ...addCounts([counts, ...others]), silentNodes: silent };
  }

  async #answer(fields: JsonObject): Promise<JsonObject | undefined> {
    const room = stringIn(fields, "room");
    const origin = stringIn(fields, "origin");
    if (room === undefined || origin === undefined) return undefined;
    const known = this.#find(origin);
    if (known === undefined && !this.#hasRoom(room)) return { ...NO_CLIENTS };
    return { ...await (known?.counts ?? this.#wait(origin)) };
  }

  /** Finds a message. Most questions are about one of the newest. */
  #find(origin: string): KnownMessage | undefined {
    for (let age = 1; age <= this.#known.length; age++) {
      const index = (this.#next - age + MAX_KNOWN) % MAX_KNOWN;
      if (this.#known[index]?.origin === origin) return this.#known[index];
    }
  }

  /** Waits for a message that has not come yet. If it does not come, the server is silent. */
  #wait(origin: string): Promise<BroadcastCounts> {
    const [oldest] = this.#awaited.keys();
    if (this.#awaited.size >= MAX_AWAITED) this.#awaited.delete(oldest!);
    return new Promise((resolve) => this.#awaited.set(origin, resolve));
  }
}
