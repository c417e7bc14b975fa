/**
 * Brokers that break the promise of rooms, for the controls of the chaos test: if the ledger
 * does not see what they lose, it sees nothing.
 *
 * @module
 */

import type {
  Broker,
  BrokerEvents,
  HistoryRead,
  Order,
  Publication,
  ReadFrom,
  ReadOptions,
} from "../../broker/broker.ts";
import type { Engine } from "../../broker/engine.ts";
import {
  comparePositions,
  parsePosition,
  type Position,
} from "../../broker/position.ts";
import { PassingBroker } from "../../tests/support/passing_broker.ts";
import type { Control } from "./commands.ts";

/** Returns an engine whose broker breaks the promise. */
export function breakEngine(engine: Engine, control: Control): Engine {
  const Broken = control === "gaps" ? BlindBroker : TrustingBroker;
  return {
    name: engine.name,
    open() {
      const { broker, cluster } = engine.open();
      return { broker: new Broken(broker), cluster };
    },
  };
}

/**
 * How many publications of each room a {@linkcode BlindBroker} loses after the connection to the
 * engine was lost: more than those that are in progress then, which nobody has acknowledged.
 */
export const LOST = 20;

/**
 * A broker that takes each publication for the one after the last one. Whether a node misses any
 * after a loss of the connection depends on how fast each node connects again, so that this
 * broker loses some itself.
 */
export class BlindBroker extends PassingBroker {
  /** The last positions, by rooms */
  readonly #last = new Map<string, string>();
  /** How many publications are still to be lost, by rooms */
  readonly #losing = new Map<string, number>();

  override start(events: BrokerEvents): Promise<void> {
    return super.start({
      onPublication: (room, publication) => {
        if (this.#loses(room)) return;
        events.onPublication(room, this.#follow(room, publication));
      },
      onStale: (room) => {
        if (room !== undefined) return;
        for (const each of this.#last.keys()) this.#losing.set(each, LOST);
      },
    });
  }

  #loses(room: string): boolean {
    const rest = this.#losing.get(room) ?? 0;
    if (rest > 0) this.#losing.set(room, rest - 1);
    return rest > 0;
  }

  #follow(room: string, publication: Publication): Publication {
    const { position } = publication;
    if (position === null) return publication;
    const previous = this.#last.get(room) ?? publication.previous;
    this.#last.set(room, position);
    return { ...publication, previous };
  }
}

/** A broker that compares positions by their offset, and not by their check. */
export class TrustingBroker extends PassingBroker {
  constructor(broker: Broker) {
    super(broker);
  }

  override async read(
    room: string,
    from: ReadFrom,
    options: ReadOptions,
  ): Promise<HistoryRead> {
    const since = "since" in from ? parsePosition(from.since) : undefined;
    if (since === undefined) return await super.read(room, from, options);
    const read = await super.read(room, { last: options.limit }, options);
    const top = parsePosition(read.top)!;
    if (top.epoch !== since.epoch) {
      return await super.read(room, from, options);
    }
    return readAfter(read, since, Object(from).since);
  }

  override order(a: string, b: string): Order {
    const [one, other] = [parsePosition(a), parsePosition(b)];
    if (one === undefined || other === undefined) return super.order(a, b);
    return comparePositions(uncheck(one), uncheck(other));
  }
}

/** Returns the part of a history after an offset, as if the position before it was right. */
function readAfter(
  { publications, top }: HistoryRead,
  { offset }: Position,
  since: string,
): HistoryRead {
  const later = publications.filter(({ position }) =>
    parsePosition(position)!.offset > offset
  );
  const end = later.length === 0 ? since : top;
  return { publications: later, from: since, top: end, lost: undefined };
}

function uncheck(position: Position): Position {
  return { ...position, check: "" };
}
