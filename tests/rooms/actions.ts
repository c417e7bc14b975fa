/**
 * What happens in a run of the model: actions of clients, of the application and of time.
 *
 * @module
 */

import type { Random } from "../fuzz/random.ts";
import { endOfTick } from "../support/timing.ts";
import { ModelClient } from "./client.ts";
import { fail } from "./truth.ts";
import { ROOMS, type World } from "./world.ts";

/** An action with its weight. */
type Action = readonly [weight: number, name: string, run: () => unknown];

const USERS = [undefined, "ada", "ada", "bob", undefined, undefined] as const;

/** How long the server certainly knows a client, and how long it certainly does not. */
const KNOWN = { least: 110_000, most: 135_000 };

/** A time after which the server has forgotten clients and keys. */
const LONG = 140_000;

/** The actors of a run. */
export class Actions {
  readonly world: World;
  readonly clients: readonly ModelClient[];
  readonly #random: Random;
  readonly #connections = new Map<string, ModelClient>();
  /** The connections that a client has given up, without the server knowing it */
  readonly #lives = new Map<ModelClient, number>();
  /** The secrets that clients have returned although they are not their own */
  readonly #forged = new Set<string>();
  /** Broadcasts that can be repeated */
  #broadcasts: { room: string; n: number; at: number }[] = [];
  /** What has happened, for the report of a violation */
  readonly trace: string[] = [];
  #last = 0;

  constructor(world: World) {
    this.world = world;
    this.#random = world.random;
    this.clients = USERS.map((user, index) => this.#create(user, index));
  }

  /** Does something. */
  async step(): Promise<void> {
    const [name, run] = this.#random.weigh(
      this.#actions().map(([weight, ...rest]) => [weight, rest]),
    );
    this.trace.push(name);
    await run();
    await this.#pause();
    this.world.checkErrors();
  }

  /** Lets every client that has lost its connection come back, and read everything. */
  async converge(): Promise<void> {
    const { tasks, clock, setting } = this.world;
    for (const client of this.clients) {
      if (client.link === undefined) this.#connect(client, client.secret);
    }
    // A broker that loses nothing does not have to do this.
    if (setting.faults > 0 || setting.isWild) this.world.resync();
    for (let round = 0; round < 3; round++) {
      await tasks.settle();
      tasks.runPolls();
      await tasks.settle();
      for (const client of this.clients) this.#readAll(client);
    }
    clock.pass(1_000);
    await tasks.settle();
  }

  /** Sends a message of the application to a room; returns its number. */
  broadcast(room: string, except?: ModelClient): number {
    const n = ++this.#last;
    const id = except?.connection ?? null;
    this.world.truth.expect(n, { publisher: null, except: id, from: null });
    this.#send(room, n, except);
    if (except === undefined) {
      this.#broadcasts.push({ room, n, at: this.world.now });
    }
    return n;
  }

  #actions(): readonly Action[] {
    const { isWild, isSlow, isTorn } = this.world.setting;
    const [wild, torn] = [Number(isWild), Number(isTorn)];
    const read = isSlow ? 6 : 15;
    return [
      [read, "read", () => this.#readSome()],
      [10, "run", () => this.world.tasks.runOne()],
      [5, "settle", () => this.world.tasks.settle()],
      [8, "join", () => this.#join()],
      [2, "leave", () => this.#leave()],
      [10, "publish", () => this.#publish()],
      [12, "broadcast", () => this.broadcast(this.#room())],
      [4, "except", () => this.#broadcastExcept()],
      [2, "again", () => this.#broadcastAgain()],
      [2, "put", () => this.#put()],
      [1, "put out", () => this.#putOut()],
      [5, "cut", () => this.#cut()],
      [3, "vanish", () => this.#vanish()],
      [2, "bury", () => this.bury()],
      [8, "connect", () => this.#reconnect()],
      [wild, "forge", () => this.#forge()],
      [3, "repeat", () => this.#repeat()],
      [3, "wait", () => this.#wait()],
      [wild, "resync", () => this.world.resync()],
      [wild, "clear", () => this.#clear()],
      [wild, "restore", () => this.#restore()],
      [wild / 2, "restart", () => this.#restart()],
      [torn, "cut off", () => this.world.anyServer.cutOff()],
      [torn, "freeze", () => this.world.anyServer.freeze()],
      [3 * torn, "mend", () => this.world.anyServer.mend()],
    ];
  }

  #create(user: string | undefined, index: number): ModelClient {
    const client = new ModelClient(this.world.truth, {
      name: index === 4 ? "without history" : `client ${index}`,
      user,
      echo: index !== 3,
      isPlain: index === 5,
      ...{ follows: index !== 2, isAlone: !this.world.isCluster },
    });
    client.onConnection = (id, isSame) => {
      if (!isSame && this.#connections.has(id)) {
        fail(`${id} belongs to another`);
      }
      this.#connections.set(id, client);
    };
    this.#connect(client, undefined);
    return client;
  }

  #connect(client: ModelClient, secret: string | undefined): void {
    const { world } = this;
    const latest = world.latest.get(client);
    const isAttached = latest?.closed === undefined;
    const ended = isAttached ? world.now : world.endedAt.get(client);
    const away = world.now - (ended ?? -Infinity);
    const isSameLife = this.#lives.get(client) === world.life;
    client.expectation = "any";
    if (world.isCluster) {
      client.expectation = secret === undefined ? "new" : "same";
    } else if (secret === undefined || !isSameLife || away > KNOWN.most) {
      client.expectation = "new";
    } else if (away < KNOWN.least && client.isSecretGood) {
      client.expectation = "same";
    }
    if (client.expectation !== "same") client.isSecretGood = false;
    this.#lives.set(client, world.life);
    world.connect(client, secret);
  }

  #reconnect(): void {
    const client = this.#pick(({ link }) => link === undefined);
    if (client === undefined) return;
    this.#connect(client, client.secret);
    for (const view of client.views.values()) {
      if (view.isWanted) this.#rejoin(client, view.name);
    }
  }

  /** A client returns a secret that is not its own. */
  #forge(): void {
    const client = this.#pick(({ link, isPlain }) =>
      link === undefined && !isPlain
    );
    const other = this.#pick((each) =>
      each !== client && each.connection !== undefined
    );
    if (client === undefined || other === undefined) return;
    // A user can use the secrets of its own connections.
    const isOfOther = other.user !== client.user && other.secret !== undefined;
    const known = other.connection!.padEnd(22, "A");
    const secret = isOfOther && this.#random.chance(0.5) ? other.secret : known;
    // Two clients with the same invented secret would be one for servers that act as one.
    const forged = `${client.user} ${secret}`;
    if (this.#forged.has(forged)) return;
    this.#forged.add(forged);
    this.#connect(client, secret);
    this.#expectOther(client);
    client.secret = undefined;
    const view = client.view(this.#room());
    this.#rejoin(client, view.name);
  }

  /** Servers that act as one accept each secret, but only its own leads to a client. */
  #expectOther(client: ModelClient): void {
    client.expectation = this.world.isCluster ? "other" : "new";
    // A client that invents a secret can also repeat what it has sent as another one.
    if (this.world.isCluster) client.unanswered.clear();
  }

  #join(): void {
    const client = this.#pick(isOnline);
    if (client === undefined || client.isPlain) return;
    this.#rejoin(client, this.#room());
  }

  #rejoin(client: ModelClient, room: string): void {
    const { position } = client.view(room);
    const hasPosition = typeof position === "string";
    const since = hasPosition && this.#random.chance(0.9) ? position : null;
    const last = this.#random.pick([null, 0, 2, 1_000]);
    client.join(room, { since, last: since === null ? last : null });
  }

  #leave(): void {
    const client = this.#pick(isOnline);
    const view = client && this.#pickOf([...client.views.values()]);
    if (view !== undefined && !client!.isPlain) client!.leave(view.name);
  }

  #publish(): void {
    const client = this.#pick((each) => isOnline(each) && each.isKnown);
    const view = client && this.#pickOf(client.joined);
    if (view === undefined) return;
    const { connection: publisher = null, member: from } = client!;
    const n = ++this.#last;
    this.world.truth.expect(n, { publisher, except: null, from });
    const data = { n, pad: this.#pad() };
    const sentAt = this.world.now;
    client!.publish({ room: view.name, n, data, sentAt }, false);
  }

  /** Sends the messages again whose answer was lost with the connection. */
  #repeat(): void {
    for (const client of this.clients) {
      for (const message of client.unanswered.values()) {
        const { n, room, sentAt } = message;
        const isOld = this.world.now - sentAt > KNOWN.least;
        if (isOld) client.unanswered.delete(n);
        else if (client.view(room).isJoined && !client.isPending(n)) {
          client.publish(message, true);
        }
      }
    }
  }

  #broadcastExcept(): void {
    const client = this.#pick((each) => isOnline(each) && each.isKnown);
    if (client !== undefined) this.broadcast(this.#room(), client);
  }

  #broadcastAgain(): void {
    const sent = this.#pickOf(this.#broadcasts);
    if (sent === undefined || this.world.now - sent.at > KNOWN.least) return;
    this.#send(sent.room, sent.n);
  }

  #send(room: string, n: number, except?: ModelClient): void {
    const data = { n, pad: this.#pad() };
    const options = {
      key: `${n}`,
      ...except && { except: this.world.objectOf(except.link!.transport) },
    };
    const server = except === undefined
      ? this.world.anyServer
      : this.world.serverOf(except.link!.transport);
    const sending = server.room(room).broadcast("say", data, options);
    this.world.watch(`the broadcast of ${n}`, sending);
  }

  /** The server puts a client into a room that the client does not use itself. */
  #put(): void {
    const [transport, client] = this.#pickOf([...this.world.transports]) ?? [];
    const room = this.#room();
    // The client does not use a connection any more that it has given up.
    if (transport === undefined || client!.link?.transport !== transport) {
      return;
    }
    const view = client!.view(room);
    if (view.isWanted || view.isJoined) return;
    view.isPut = true;
    const object = this.world.objectOf(transport);
    const { clients } = this.world.serverOf(transport);
    this.world.watch(`put ${room}`, clients.put(object, transport, room));
  }

  #putOut(): void {
    const [transport] = this.#pickOf([...this.world.transports]) ?? [];
    if (transport === undefined) return;
    this.world.serverOf(transport).clients.putOut(transport, this.#room());
  }

  /** A connection breaks, and the server notices it. */
  async #cut(): Promise<void> {
    const client = this.#pick(isOnline);
    if (client === undefined) return;
    const { transport } = client.link!;
    await this.#readPart(client);
    client.drop();
    transport.close(this.#random.pick([1006, 1006, 1000]), "");
  }

  /** A connection breaks, and the server does not notice it. */
  async #vanish(): Promise<void> {
    const client = this.#pick(isOnline);
    if (client === undefined) return;
    await this.#readPart(client);
    client.drop();
  }

  /** The server notices that a connection is broken. */
  bury(): void {
    for (const [transport, client] of this.world.transports) {
      if (client.link?.transport !== transport) transport.close(1006, "");
    }
  }

  async #wait(): Promise<void> {
    const times = [20, 100, 1_000, 5_000];
    if (this.world.setting.isWild) times.push(LONG);
    const time = this.#random.pick(times);
    // The network is not as slow as that, and no server is frozen as long as that.
    if (time === LONG) await this.world.mend();
    this.world.clock.pass(time);
  }

  #clear(): void {
    const name = this.#random.pick(ROOMS.slice(0, 2));
    const room = this.world.anyServer.room(name);
    this.world.watch("clear", room.clear());
  }

  async #restore(): Promise<void> {
    await this.world.restore(this.#random.between(1, 5));
  }

  async #restart(): Promise<void> {
    // The keys of the application do not survive a server that is alone.
    if (!this.world.isCluster) this.#broadcasts = [];
    await this.world.restart();
  }

  async #readSome(): Promise<void> {
    const client = this.#pick(({ link }) => link !== undefined);
    if (client !== undefined) await this.#readPart(client);
  }

  async #readPart(client: ModelClient): Promise<void> {
    // The network needs a moment.
    await endOfTick();
    const count = this.#random.pick([1, 5, Infinity]);
    for (let n = 0; n < count && client.read(); n++);
    this.#notice(client);
  }

  #readAll(client: ModelClient): void {
    while (client.read());
    this.#notice(client);
    for (const view of client.views.values()) {
      const isMissing = view.isWanted && !view.isJoined;
      if (client.link !== undefined && isMissing && !client.isJoining(view)) {
        this.#rejoin(client, view.name);
      }
    }
  }

  /** A client that has read everything notices that the server has closed. */
  #notice(client: ModelClient): void {
    const { transport } = client.link ?? {};
    const isOver = transport?.closed !== undefined;
    if (isOver && transport!.unread.length === 0) client.drop();
  }

  #pick(
    isEligible: (client: ModelClient) => boolean,
  ): ModelClient | undefined {
    return this.#pickOf(this.clients.filter(isEligible));
  }

  #pickOf<Item>(items: readonly Item[]): Item | undefined {
    return items.length === 0 ? undefined : this.#random.pick(items);
  }

  #room(): string {
    return this.#random.pick(ROOMS);
  }

  #pad(): string {
    const { isSlow } = this.world.setting;
    return "x".repeat(this.#random.below(isSlow ? 1_000 : 100));
  }

  /** Lets more or less of what follows happen. */
  async #pause(): Promise<void> {
    if (this.#random.chance(0.5)) return await endOfTick();
    const count = this.#random.below(4);
    for (let n = 0; n < count; n++) await undefined;
  }
}

function isOnline({ link }: ModelClient): boolean {
  return link !== undefined && link.transport.closed === undefined;
}
