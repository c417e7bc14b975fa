/**
 * Publishes over two servers while their engine fails, and checks what both servers receive.
 *
 * @module
 */

import type { Broker, Published } from "../../broker/broker.ts";
import { RoomFeed } from "../../server/room_feed.ts";
import { type Counts, Ledger } from "../../tools/chaos/ledger.ts";
import { dialPort, Relay } from "../../tools/lib/relay.ts";
import { GUARD } from "../support/timing.ts";

/** An engine that a test can break. */
export interface BreakableEngine extends AsyncDisposable {
  readonly port: number;
  freeze(): void;
  thaw(): void;
  kill(): Promise<void>;
  restart(): Promise<void>;
  /** Loses all data */
  wipe(): Promise<void>;
  save(): Promise<void>;
  /** Goes back to the data of the last `save` */
  restore(): Promise<void>;
}

/** What a stress consists of. */
export interface StressOptions {
  /** Starts an engine. */
  readonly start: () => Promise<BreakableEngine>;
  /** Creates a broker of a server that reaches the engine over a port. */
  readonly open: (port: number) => Broker;
  /** The number of messages to store at least */
  readonly count: number;
}

const ROOMS = ["a", "chat ü.*.>\r\n{x}", "b"];

const AUTHORS = 24;

const HISTORY = { size: 2_000, ttl: 600_000, maxBytes: 10_000_000 };

/** A server: its broker, its network, and a reader of each room. */
class Server implements AsyncDisposable {
  readonly relay: Relay;
  readonly broker: Broker;
  readonly #feeds = new Map<string, RoomFeed>();

  constructor({ port }: BreakableEngine, open: (port: number) => Broker) {
    this.relay = new Relay(dialPort(() => port));
    this.broker = open(this.relay.port);
  }

  async start(ledgers: ReadonlyMap<string, Ledger>): Promise<void> {
    await this.broker.start({
      onPublication: (room, publication) =>
        this.#feeds.get(room)?.receive(publication),
      onStale: (room) => {
        for (const [name, feed] of this.#feeds) {
          if (room === undefined || room === name) void feed.sync();
        }
      },
    });
    for (const [room, ledger] of ledgers) {
      const reader = ledger.addReader();
      const feed = new RoomFeed(room, this.broker, HISTORY, {
        onPublication: ({ payload, position }) => {
          const [author, n] = payload.split(" ");
          reader.take(author!, Number(n), position);
        },
        onGap: (reason) => reader.gap(reason),
        onFailure: () => {},
      });
      this.#feeds.set(room, feed);
      await feed.ready;
    }
  }

  /** Reads all rooms, because nothing follows the last message. */
  async sync(): Promise<void> {
    for (const feed of this.#feeds.values()) await feed.sync();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const feed of this.#feeds.values()) await feed.close();
    await this.broker[Symbol.asyncDispose]();
    await this.relay[Symbol.asyncDispose]();
  }
}

/** What a stress has found. */
export interface StressResult {
  readonly counts: readonly Counts[];
  /** Repetitions that were no duplicates, although nothing was lost */
  readonly doubled: number;
}

/** One run: two servers, many authors, and an engine that fails. */
class Stress {
  readonly #options: StressOptions;
  readonly #engine: BreakableEngine;
  readonly #servers: readonly Server[];
  readonly #ledgers = new Map(ROOMS.map((room) => [room, new Ledger()]));
  /** Changes when the engine begins to forget messages, and when it has; odd in between */
  #losses = 0;
  #doubled = 0;
  /** The number of messages that the engine has stored, also those that it has lost since */
  #stored = 0;
  /** Whether the engine has failed in all ways: a fast one stores the messages before */
  #hasFailed = false;

  constructor(options: StressOptions, engine: BreakableEngine) {
    this.#options = options;
    this.#engine = engine;
    this.#servers = [1, 2].map(() => new Server(engine, options.open));
  }

  async run(): Promise<StressResult> {
    await using stack = new AsyncDisposableStack();
    for (const server of this.#servers) {
      stack.use(server);
      await server.start(this.#ledgers);
    }
    const authors = Array.from({ length: AUTHORS }, (_, n) => this.#write(n));
    const breaking = this.#break();
    await Promise.all(authors);
    await breaking;
    await this.#settle();
    const counts = [...this.#ledgers.values()].map((each) => each.count());
    return { counts, doubled: this.#doubled };
  }

  get #isDone(): boolean {
    return this.#hasFailed && this.#stored >= this.#options.count;
  }

  /** Waits until some more messages are stored. */
  async #progress(count: number): Promise<void> {
    const target = this.#stored + count;
    while (this.#stored < target && !this.#isDone) await pause(10);
  }

  /** Publishes as one author, one message after the other. */
  async #write(index: number): Promise<void> {
    const room = ROOMS[index % ROOMS.length]!;
    const author = `author${index}`;
    const ledger = this.#ledgers.get(room)!;
    for (let n = 1; !this.#isDone; n++) {
      ledger.send(author, n);
      const losses = this.#losses;
      if (!await this.#deliver(room, author, n)) continue;
      this.#stored++;
      if (this.#isKept(losses)) ledger.acknowledge(author, n);
      await pause(Math.random() * 20);
    }
  }

  /** Publishes until it succeeds; returns whether it has. */
  async #deliver(room: string, author: string, n: number): Promise<boolean> {
    const attempt = (isRepeated: boolean) =>
      pick(this.#servers).broker.publish(room, `${author} ${n}`, {
        history: HISTORY,
        key: { publisher: author, key: String(n), isRepeated },
      });
    const losses = this.#losses;
    for (let isRepeated = false;; isRepeated = true) {
      try {
        const first = attempt(isRepeated);
        // Over both servers at the same time, for example.
        const both = Math.random() < 0.2
          ? await Promise.all([first, attempt(true)])
          : [await first];
        if (Math.random() < 0.1) both.push(await attempt(true));
        if (this.#isKept(losses)) this.#compare(both, isRepeated);
        return true;
      } catch (error) {
        if (/has lost the history/.test(String(error))) return false;
        await pause(20 + Math.random() * 80);
      }
    }
  }

  /** Whether the engine has forgotten nothing since a time. */
  #isKept(losses: number): boolean {
    return losses === this.#losses && losses % 2 === 0;
  }

  #compare(all: readonly Published[], isRepeated: boolean): void {
    const stored = all.filter(({ isDuplicate }) => !isDuplicate).length;
    const isOne = isRepeated ? stored <= 1 : stored === 1;
    const positions = new Set(
      all.map(({ position }) => withoutCheck(position!)),
    );
    if (!isOne || positions.size !== 1) this.#doubled++;
  }

  /** Breaks the engine and the network in all ways, again and again. */
  async #break(): Promise<void> {
    const engine = this.#engine;
    const lose = async (run: () => Promise<void>) => {
      this.#losses++;
      await run();
      this.#losses++;
    };
    const ways: readonly (() => Promise<void>)[] = [
      () => this.#cut(0),
      () => engine.kill().then(() => pause(300)).then(() => engine.restart()),
      () => this.#stop(500),
      () => lose(() => engine.wipe()),
      () => this.#stop(4_000),
      // A reader that was away meanwhile cannot know what the engine has forgotten.
      () =>
        lose(async () => {
          await engine.save();
          await this.#progress(60);
          await engine.restore();
        }),
      () => this.#cut(1),
      () => engine.kill().then(() => engine.restart()),
    ];
    for (let n = 0; !this.#isDone; n++) {
      await pause(700);
      await ways[n % ways.length]!();
      this.#hasFailed ||= n === ways.length - 1;
    }
  }

  async #stop(milliseconds: number): Promise<void> {
    this.#engine.freeze();
    await pause(milliseconds);
    this.#engine.thaw();
  }

  async #cut(index: number): Promise<void> {
    const { relay } = this.#servers[index]!;
    relay.cut();
    await pause(Math.random() * 500);
    relay.mend();
  }

  async #settle(): Promise<void> {
    const end = performance.now() + GUARD;
    const isSettled = () =>
      [...this.#ledgers.values()].every((each) => each.isSettled);
    while (!isSettled() && performance.now() < end) {
      await pause(200);
      for (const server of this.#servers) await server.sync();
    }
  }
}

/** Runs a stress. */
export async function stress(options: StressOptions): Promise<StressResult> {
  await using engine = await options.start();
  return await new Stress(options, engine).run();
}

function withoutCheck(position: string): string {
  return position.slice(0, position.lastIndexOf("."));
}

function pick<Value>(values: readonly Value[]): Value {
  return values[Math.floor(Math.random() * values.length)]!;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
