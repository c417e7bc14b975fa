/**
 * The names of the keys and channels in Redis. All keys of a room contain the same hash tag,
 * so a cluster of Redis stores them on one node.
 *
 * @module
 */

import type { PublicationKey } from "./broker.ts";
import { shortTokenOf } from "./short_token.ts";
import { tokenOf } from "./token.ts";

/** The names of a room. */
export interface RoomKeys {
  /** The hash with its position */
  readonly meta: string;
  /** The stream with its history */
  readonly log: string;
  /** Its channel */
  readonly live: string;
}

interface NamedRoom extends RoomKeys {
  readonly room: string;
  /** How all names of the room begin */
  readonly base: string;
}

/** The names in Redis. All begin with the prefix of the deployment. */
export class RedisNames {
  readonly #prefix: string;
  /** The room that was used last, and its names */
  #last: NamedRoom | undefined;

  /** Constructs `RedisNames`. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** The sorted set of the nodes and the ends of their leases */
  get leases(): string {
    return `${this.#prefix}:leases`;
  }

  /** The hash of the shared state */
  get state(): string {
    return `${this.#prefix}:state`;
  }

  /** The channel to all nodes */
  get nodes(): string {
    return `${this.#prefix}:nodes`;
  }

  /** Returns the channel to a node. */
  node(node: string): string {
    return `${this.#prefix}:node:${tokenOf(node)}`;
  }

  /** Returns the names of a room. */
  room(room: string): RoomKeys {
    return this.#namesOf(room);
  }

  /** Returns the name under which the key of a publication is stored. */
  key(room: string, { publisher, key }: PublicationKey): string {
    const id = `${tokenOf(publisher)}:${shortTokenOf(key)}`;
    return `${this.#namesOf(room).base}:key:${id}`;
  }

  #namesOf(room: string): NamedRoom {
    // Often, several messages to one room come in a row.
    if (this.#last?.room === room) return this.#last;
    const base = `${this.#prefix}:room:{${shortTokenOf(room)}}`;
    this.#last = {
      ...{ room, base },
      meta: `${base}:meta`,
      log: `${base}:log`,
      live: `${base}:live`,
    };
    return this.#last;
  }
}
