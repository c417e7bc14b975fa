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
import type { Cluster, ClusterEvents } from "../../broker/cluster.ts";
import {
  comparePositions,
  parsePosition,
  type Position,
} from "../../broker/position.ts";
import type { Rooms } from "../../server/rooms.ts";
import { PassingBroker } from "../support/passing_broker.ts";
import type { Damage } from "./model_server.ts";

/** Trusts the number of a position, and not its check. */
class Unchecked extends PassingBroker {
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

type Change = (read: HistoryRead, from: ReadFrom) => HistoryRead;

/** Changes what is read. */
class Rereading extends PassingBroker {
  readonly #change: Change;

  constructor(broker: Broker, change: Change) {
    super(broker);
    this.#change = change;
  }

  override async read(
    room: string,
    from: ReadFrom,
    options: ReadOptions,
  ): Promise<HistoryRead> {
    return this.#change(await super.read(room, from, options), from);
  }
}

/** Forgets the newest publication when a client joins: an error by one. */
function withoutNewest(read: HistoryRead): HistoryRead {
  return { ...read, publications: read.publications.slice(0, -1) };
}

/** Claims that nothing is missing. */
function withoutGap(read: HistoryRead, from: ReadFrom): HistoryRead {
  const since = "since" in from ? from.since : read.from;
  return { ...read, from: since, lost: undefined };
}

/** Forgets which client must not get a message. */
function withoutExclusion(read: HistoryRead): HistoryRead {
  const publications = read.publications.map((each) => ({
    ...each,
    payload: each.payload.replace(/"except":"[^"]*"/, '"except":null'),
  }));
  return { ...read, publications };
}

/** Stores a publication as often as it is sent. */
class Repeating extends PassingBroker {
  override publish(
    room: string,
    payload: string,
    options: PublishOptions,
  ): Promise<Published> {
    return super.publish(room, payload, { ...options, key: undefined });
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

/** Gives each client a new identity at each connection. */
function forgetClients({ identities }: Rooms): void {
  const claim = identities.claim.bind(identities);
  identities.claim = (owner, user) => claim(owner, user, undefined);
}

/** Does not agree with the other servers on a value. */
function disagreeing(cluster: Cluster): Cluster {
  return changed(cluster, {
    create: (_key, value) => Promise.resolve(value),
  });
}

/** Does not get the messages of other servers of a kind. */
function deafTo(kind: string): Damage {
  return {
    cluster: (cluster) =>
      changed(cluster, {
        start: (node, events) =>
          cluster.start(node, {
            ...bound(events),
            onTold: (from, payload) => {
              if (JSON.parse(payload).kind !== kind) {
                events.onTold(from, payload);
              }
            },
          }),
      }),
  };
}

/** Does not report the messages that other servers have published. */
class Deaf extends PassingBroker {
  readonly #own = new Set<string>();

  override publish(
    room: string,
    payload: string,
    options: PublishOptions,
  ): Promise<Published> {
    this.#own.add(payload);
    return super.publish(room, payload, options);
  }

  override start(events: BrokerEvents): Promise<void> {
    return super.start({
      onStale: () => {},
      onPublication: (room, publication) => {
        if (!this.#own.has(publication.payload)) return;
        events.onPublication(room, publication);
      },
    });
  }
}

function changed(cluster: Cluster, change: Partial<Cluster>): Cluster {
  return new Proxy(cluster, {
    get: (target, name) => {
      const value = Reflect.get(change, name) ?? Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

function bound(events: ClusterEvents): ClusterEvents {
  return {
    onTold: (...args) => events.onTold(...args),
    onAsked: (...args) => events.onAsked(...args),
    onNodes: (...args) => events.onNodes(...args),
    onState: (...args) => events.onState(...args),
  };
}

function changing(change: Change): Damage {
  return { broker: (broker) => new Rereading(broker, change) };
}

/** The faults of a server that is alone, by what is missing. */
export const FAULTS: Readonly<Record<string, Damage>> = {
  "the check of positions": { broker: (broker) => new Unchecked(broker) },
  "the newest message at a join": changing(withoutNewest),
  "the sign of a gap": changing(withoutGap),
  "the memory of keys": { broker: (broker) => new Repeating(broker) },
  "the exclusion in the history": changing(withoutExclusion),
  "the user of a secret": { rooms: trustSecrets },
  "the secrecy of ids": { rooms: trustPublicIds },
};

/** The faults of servers that act as one, by what is missing. */
export const SHARED_FAULTS: Readonly<Record<string, Damage>> = {
  "the identity of a client that moves": { rooms: forgetClients },
  "a common key for the ids": { cluster: disagreeing },
  "the end of the old connection of a client that moves": deafTo("claimed"),
  "the members of the other server": deafTo("presence"),
  "the messages of the other server": { broker: (broker) => new Deaf(broker) },
  "the check of positions": FAULTS["the check of positions"]!,
  "the memory of keys": FAULTS["the memory of keys"]!,
  "the user of a secret": FAULTS["the user of a secret"]!,
};
