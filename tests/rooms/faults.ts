/**
 * Servers with one fault each. The model has to notice every one of them.
 *
 * @module
 */

import type {
  Broker,
  BrokerEvents,
  HistoryRead,
  Order,
  Published,
  PublishOptions,
  ReadFrom,
  ReadOptions,
} from "../../broker/broker.ts";
import {
  comparePositions,
  parsePosition,
  type Position,
} from "../../broker/position.ts";
import type { Rooms } from "../../server/rooms.ts";
import type { Damage } from "./world.ts";

/** A broker that does what another one does. */
class Passing implements Broker {
  readonly name = "faulty";
  protected readonly broker: Broker;

  constructor(broker: Broker) {
    this.broker = broker;
  }

  start(events: BrokerEvents): Promise<void> {
    return this.broker.start(events);
  }

  subscribe(room: string): Promise<void> {
    return this.broker.subscribe(room);
  }

  unsubscribe(room: string): Promise<void> {
    return this.broker.unsubscribe(room);
  }

  publish(
    room: string,
    payload: string,
    options: PublishOptions,
  ): Promise<Published> {
    return this.broker.publish(room, payload, options);
  }

  read(
    room: string,
    from: ReadFrom,
    options: ReadOptions,
  ): Promise<HistoryRead> {
    return this.broker.read(room, from, options);
  }

  clear(room: string): Promise<void> {
    return this.broker.clear(room);
  }

  order(a: string, b: string): Order {
    return this.broker.order(a, b);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.broker[Symbol.asyncDispose]();
  }
}

/** Trusts the number of a position, and not its check. */
class Unchecked extends Passing {
  override order(a: string, b: string): Order {
    const [first, second] = [a, b].map(withoutCheck);
    return comparePositions(first!, second!);
  }

  override async read(
    room: string,
    from: ReadFrom,
    options: ReadOptions,
  ): Promise<HistoryRead> {
    const read = await super.read(room, from, options);
    if (!("since" in from) || read.lost !== "epoch") return read;
    const all = await super.read(room, { last: 1_000 }, options);
    const isAfter = ({ position }: { position: string | null }) =>
      this.order(position!, from.since) === "after";
    const isKnown = all.publications.some(({ position }) =>
      this.order(position!, from.since) === "same"
    );
    if (!isKnown) return read;
    const publications = all.publications.filter(isAfter);
    return { ...all, publications, from: from.since, lost: undefined };
  }
}

function withoutCheck(text: string): Position {
  const position = parsePosition(text) ?? { epoch: "", offset: 0 };
  return { ...position, check: "" };
}

/** Forgets the newest publication when somebody joins: an error by one. */
class OffByOne extends Passing {
  override async read(
    room: string,
    from: ReadFrom,
    options: ReadOptions,
  ): Promise<HistoryRead> {
    const read = await super.read(room, from, options);
    return { ...read, publications: read.publications.slice(0, -1) };
  }
}

/** Claims that nothing is missing. */
class Unflagged extends Passing {
  override async read(
    room: string,
    from: ReadFrom,
    options: ReadOptions,
  ): Promise<HistoryRead> {
    const read = await super.read(room, from, options);
    const since = "since" in from ? from.since : read.from;
    return { ...read, from: since, lost: undefined };
  }
}

/** Stores a publication as often as it is sent. */
class Repeating extends Passing {
  override publish(
    room: string,
    payload: string,
    options: PublishOptions,
  ): Promise<Published> {
    return super.publish(room, payload, { ...options, key: undefined });
  }
}

/** Forgets in the history who must not get a message. */
class Including extends Passing {
  override async read(
    room: string,
    from: ReadFrom,
    options: ReadOptions,
  ): Promise<HistoryRead> {
    const { publications, ...rest } = await super.read(room, from, options);
    const included = publications.map((each) => ({
      ...each,
      payload: each.payload.replace(/"except":"[^"]*"/, '"except":null'),
    }));
    return { ...rest, publications: included };
  }
}

/** Recognizes a client whatever user it logs in as. */
function trustSecrets({ identities }: Rooms): void {
  const claim = identities.claim.bind(identities);
  const users = new Map<string, string | undefined>();
  identities.claim = (owner, user, secret) => {
    const identity = claim(owner, users.get(secret ?? "") ?? user, secret);
    users.set(identity.secret, identity.user);
    return identity;
  };
}

/** Recognizes a client by what everybody can know: the public id of its connection. */
function trustPublicIds({ identities }: Rooms): void {
  const claim = identities.claim.bind(identities);
  const secrets = new Map<string, string>();
  identities.claim = (owner, user, secret) => {
    const known = secrets.get(secret ?? "") ?? secret;
    const identity = claim(owner, user, known);
    secrets.set(identity.connection.padEnd(22, "A"), identity.secret);
    return identity;
  };
}

/** The faults, by what is missing. */
export const FAULTS: Readonly<Record<string, Damage>> = {
  "the check of positions": { broker: (broker) => new Unchecked(broker) },
  "the newest message at a join": { broker: (broker) => new OffByOne(broker) },
  "the sign of a gap": { broker: (broker) => new Unflagged(broker) },
  "the memory of keys": { broker: (broker) => new Repeating(broker) },
  "the exclusion in the history": { broker: (broker) => new Including(broker) },
  "the user of a secret": { rooms: trustSecrets },
  "the secrecy of ids": { rooms: trustPublicIds },
};
