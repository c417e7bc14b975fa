/**
 * Recognizes the clients of rooms after a reconnect.
 *
 * The server sends each client a random secret, and the client returns it in its next
 * login. It then keeps its public id, its presence and its keys. No name that a client
 * chooses identifies it.
 *
 * @module
 */

import { TimeoutQueue } from "./scheduler.ts";

/** How long a client that has left is remembered, in milliseconds. Its keys live as long. */
const MEMORY = 130_000;

/** The bits of a secret and of a public id, as bytes. */
const SECRET_BYTES = 16;
const ID_BYTES = 12;

/** The identity of a client of rooms. */
export interface RoomIdentity {
  /** What only the client and the server know: 128 random bits */
  readonly secret: string;
  /** The public id of the connection, which the next connection of the client keeps */
  readonly connection: string;
  /** The public id of the member: of the user, or of the connection without a user */
  readonly member: string;
  /** The user that the login has named; `undefined` for none */
  readonly user: string | undefined;
  /** Whether the server has recognized the client after a reconnect */
  readonly isRecognized: boolean;
}

/** The connection that uses an identity. */
export interface IdentityOwner {
  /** Called when another connection of the same client takes the identity. */
  onReplaced(): void;
}

/** Recognizes the clients of rooms. */
export interface Identities {
  /**
   * Returns the identity of a client.
   *
   * @param owner The connection
   * @param user The user that its login has named
   * @param secret The secret that the client has returned
   */
  claim(
    owner: IdentityOwner,
    user: string | undefined,
    secret: string | undefined,
  ): RoomIdentity;
  /** Notes that the connection of a client has ended. */
  release(owner: IdentityOwner, identity: RoomIdentity): void;
  /** Forgets a client at once, so that no connection is recognized as it. */
  forget(identity: RoomIdentity): void;
  /** Forgets the clients that have left, because the server closes. */
  close(): void;
}

interface Entry {
  identity: RoomIdentity;
  /** `undefined` after the connection has ended */
  owner: IdentityOwner | undefined;
}

/** The public id of a user, while it has connections. */
interface User {
  readonly member: string;
  connections: number;
}

/** The identities of the clients of a server that is alone. */
export class RoomIdentities implements Identities {
  readonly #entries = new Map<string, Entry>();
  readonly #users = new Map<string, User>();
  /** The identities whose connection has ended, in the order of the ends */
  readonly #left = new Set<Entry>();
  readonly #timeouts = new TimeoutQueue<Entry>(
    MEMORY,
    (entry) => this.#forget(entry),
  );
  readonly #maxLeft: number;

  /**
   * Constructs `RoomIdentities`.
   *
   * @param maxLeft How many identities are remembered whose connection has ended, because a
   * client can connect any number of times. Beyond that, the oldest ones are forgotten
   */
  constructor(maxLeft: number) {
    this.#maxLeft = maxLeft;
  }

  claim(
    owner: IdentityOwner,
    user: string | undefined,
    secret: string | undefined,
  ): RoomIdentity {
    const known = secret === undefined ? undefined : this.#entries.get(secret);
    // The secret of another user is as good as none.
    if (known === undefined || known.identity.user !== user) {
      return this.#create(owner, user);
    }
    const previous = known.owner;
    known.owner = owner;
    this.#return(known);
    previous?.onReplaced();
    return known.identity = { ...known.identity, isRecognized: true };
  }

  release(owner: IdentityOwner, { secret }: RoomIdentity): void {
    const entry = this.#entries.get(secret);
    if (entry?.owner !== owner) return;
    entry.owner = undefined;
    this.#left.add(entry);
    this.#timeouts.add(entry);
    const [oldest] = this.#left;
    if (this.#left.size > this.#maxLeft) this.#forget(oldest!);
  }

  forget({ secret }: RoomIdentity): void {
    const entry = this.#entries.get(secret);
    if (entry !== undefined) this.#forget(entry);
  }

  close(): void {
    for (const entry of this.#left) this.#return(entry);
    this.#entries.clear();
  }

  #create(owner: IdentityOwner, user: string | undefined): RoomIdentity {
    const connection = randomId(ID_BYTES);
    const member = user === undefined ? connection : this.#memberOf(user);
    const secret = randomId(SECRET_BYTES);
    const identity = { secret, connection, member, user, isRecognized: false };
    this.#entries.set(secret, { identity, owner });
    return identity;
  }

  #memberOf(name: string): string {
    const user = this.#users.get(name) ??
      { member: randomId(ID_BYTES), connections: 0 };
    user.connections++;
    this.#users.set(name, user);
    return user.member;
  }

  /** The connection of an identity has not ended, or nothing needs it any more. */
  #return(entry: Entry): void {
    this.#left.delete(entry);
    this.#timeouts.delete(entry);
  }

  #forget(entry: Entry): void {
    this.#return(entry);
    const { secret, user: name } = entry.identity;
    this.#entries.delete(secret);
    const user = name === undefined ? undefined : this.#users.get(name);
    if (user !== undefined && --user.connections === 0) {
      this.#users.delete(name!);
    }
  }
}

/** Returns random bytes as base64url. */
function randomId(length: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}
