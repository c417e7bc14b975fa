/**
 * The clients of a scenario: readers of one room, and publishers that number their messages.
 *
 * @module
 */

import {
  connect,
  ConnectError,
  type Connection,
  ConnectionClosedError,
  type ConnectOptions,
} from "@hoist/cli";
import { PublishError, ResponseError, TimeoutError } from "@hoist/cli/errors";
import { pause } from "../lib/deadline.ts";
import { type Message, PUBLISH, SAY, TOKEN } from "./commands.ts";
import type { Ledger } from "./ledger.ts";
import type { Reader } from "./reader.ts";

/** The number of readers. */
export const READERS = 10;

/** The number of members that publish. */
const MEMBERS = 2;

/** The number of clients that let a server publish. */
const CALLERS = 2;

/** The mean time between two messages of a publisher, in milliseconds. */
const INTERVAL = 40;

/** The time until a publisher tries again, in milliseconds. */
const RETRY = 100;

/** The longest wait for a connection or an answer, in milliseconds. */
const TIMEOUT = 30_000;

/** How often it is looked whether everything has arrived, in milliseconds. */
const LOOK = 50;

const RECONNECT = { minDelay: 20, maxDelay: 500 };

/** Publishes one message; returns whether it is known to be published. */
type Publish = (message: Message) => Promise<boolean>;

/** The clients of a scenario. */
export class Population implements AsyncDisposable {
  readonly #url: string;
  readonly #room: string;
  readonly #ledger: Ledger;
  readonly #report: (problem: string) => void;
  readonly #connections: Connection[] = [];
  /** The room, as each reader sees it */
  readonly #rooms: { readonly members: ReadonlyMap<string, unknown> }[] = [];
  readonly #publishers: Promise<void>[] = [];
  #isOver = false;

  private constructor(
    url: string,
    room: string,
    ledger: Ledger,
    report: (problem: string) => void,
  ) {
    this.#url = url;
    this.#room = room;
    this.#ledger = ledger;
    this.#report = report;
  }

  /**
   * Connects the clients. The readers join, and then the publishers begin.
   *
   * @param url The URL of the balancer
   * @param room The room, which nobody has used before
   * @param report Called with everything that must not happen
   */
  static async start(
    url: string,
    room: string,
    ledger: Ledger,
    report: (problem: string) => void,
  ): Promise<Population> {
    const population = new Population(url, room, ledger, report);
    const readers = Array.from({ length: READERS }, () => population.#read());
    await Promise.all(readers);
    for (let index = 0; index < MEMBERS; index++) await population.#addMember();
    for (let index = 0; index < CALLERS; index++) await population.#addCaller();
    return population;
  }

  /** Ends the publishers after their current message. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#publishers);
  }

  /** Waits until everything has arrived that was published, at most for a time. */
  async settle(limit: number): Promise<void> {
    const end = performance.now() + limit;
    while (!this.#ledger.isSettled && performance.now() < end) {
      await pause(LOOK);
    }
  }

  /** Waits until each reader sees all members, at most for a time, and reports each other reader. */
  async attend(limit: number): Promise<void> {
    const end = performance.now() + limit;
    const wrong = () =>
      this.#rooms.map(({ members }) => members.size)
        .filter((size) => size !== READERS + MEMBERS);
    while (wrong().length > 0 && performance.now() < end) await pause(LOOK);
    for (const size of wrong()) {
      this.#report(`a reader sees ${size} of ${READERS + MEMBERS} members`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await Promise.all(this.#connections.map((each) => each.close()));
  }

  async #connect(): Promise<Connection> {
    const options = { timeout: TIMEOUT, reconnect: RECONNECT };
    const connection = await connectAgain(this.#url, options);
    this.#connections.push(connection);
    return connection;
  }

  async #read(): Promise<void> {
    const connection = await this.#connect();
    const reader = this.#ledger.addReader();
    watchReconnects(connection, reader);
    const room = connection.room(this.#room);
    room.receive(SAY, ({ data, position }) => {
      reader.take(String(data.author), Number(data.n), position);
    });
    room.onGap(({ reason }) => reader.gap(reason));
    room.onLeft(({ reason }) => {
      if (!this.#isOver) this.#report(`a reader left the room: ${reason}`);
    });
    await room.join();
    this.#rooms.push(room);
  }

  async #addMember(): Promise<void> {
    const connection = await this.#connect();
    const room = connection.room(this.#room);
    // Without a listener, the client logs a warning.
    room.receive(SAY, () => {});
    await room.join({ members: false });
    const author = `member ${this.#publishers.length}`;
    this.#publish(author, async ({ author, n }) => {
      await room.publish(SAY, { author, n }, { key: `${author}.${n}` });
      return true;
    });
  }

  async #addCaller(): Promise<void> {
    const connection = await this.#connect();
    const author = `server ${this.#publishers.length}`;
    // The server repeats a message under its key, until it knows that it is published.
    const options = { idempotent: true, timeout: TIMEOUT };
    this.#publish(author, async (message) => {
      await connection.operation(PUBLISH, { ...message }, options);
      return true;
    });
  }

  #publish(author: string, publish: Publish): void {
    this.#publishers.push(
      this.#run(author, publish).catch((error) => {
        this.#report(`${author} failed: ${error}`);
      }),
    );
  }

  async #run(author: string, publish: Publish): Promise<void> {
    for (let n = 1; !this.#isOver; n++) {
      const message = { room: this.#room, author, n };
      this.#ledger.send(author, n);
      if (await publishUntilKnown(message, publish)) {
        this.#ledger.acknowledge(author, n);
      }
      await pause(INTERVAL * 2 * Math.random());
    }
  }
}

/**
 * Connects, again while the server refuses it: after the last scenario, a node can still learn
 * what the others know, and accepts nobody until then.
 */
async function connectAgain(
  url: string,
  options: ConnectOptions,
): Promise<Connection> {
  const end = performance.now() + TIMEOUT;
  for (;;) {
    try {
      return await connect(TOKEN, { ...options, url });
    } catch (error) {
      const isRefused = error instanceof ConnectError && error.status === 503;
      if (!isRefused || performance.now() >= end) throw error;
    }
    await pause(RETRY);
  }
}

/** Publishes a message, again if it was not published; returns whether it is. */
async function publishUntilKnown(
  message: Message,
  publish: Publish,
): Promise<boolean> {
  for (;;) {
    try {
      return await publish(message);
    } catch (error) {
      if (error instanceof PublishError && error.outcome === "unknown") {
        return false;
      }
      if (!isTemporary(error)) throw error;
    }
    await pause(RETRY * (0.5 + Math.random()));
  }
}

/** Whether a publication failed in a way that can be repeated. */
function isTemporary(error: unknown): boolean {
  return error instanceof PublishError || error instanceof ResponseError ||
    error instanceof ConnectionClosedError || error instanceof TimeoutError;
}

/** Tells a reader when its client is connected again. */
function watchReconnects(connection: Connection, reader: Reader): void {
  let isFirst = true;
  connection.onState(({ state }) => {
    if (state !== "open") return;
    if (!isFirst) reader.rejoin();
    isFirst = false;
  });
}
