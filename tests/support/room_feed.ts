/** A `RoomFeed` whose broker a test controls. */

import assert from "node:assert/strict";
import type { Publication, ReadFrom } from "../../broker/broker.ts";
import type { FeedStart } from "../../server/feed_start.ts";
import { RoomFeed } from "../../server/room_feed.ts";
import { Clock } from "./clock.ts";
import {
  type PendingRead,
  ScriptedBroker,
  type ScriptedRead,
} from "./scripted_broker.ts";
import { endOfTick } from "./timing.ts";

const HISTORY = { size: 100, ttl: Infinity, maxBytes: Infinity };

/** A feed, and what it has passed on: payloads, `gap <reason>` and `failure`. */
export class FeedStage implements AsyncDisposable {
  readonly broker = new ScriptedBroker();
  readonly passed: string[] = [];
  readonly clock = new Clock();
  readonly feed: RoomFeed;

  constructor({ hasHistory = true, previous }: {
    readonly hasHistory?: boolean;
    readonly previous?: Promise<void>;
  } = {}) {
    const history = hasHistory ? HISTORY : undefined;
    this.feed = new RoomFeed("a", this.broker, history, {
      onPublication: ({ payload }) => this.passed.push(payload),
      onGap: (reason) => this.passed.push(`gap ${reason}`),
      onFailure: () => this.passed.push("failure"),
    }, previous);
  }

  /** Creates a feed that has started after a number of publications. */
  static async at(offset: number): Promise<FeedStage> {
    const stage = new FeedStage();
    await stage.answer({ from: offset + 1, to: offset });
    await stage.feed.ready;
    return stage;
  }

  /** Waits for the next read, and returns it. */
  async nextRead(): Promise<PendingRead> {
    await endOfTick();
    const read = this.broker.reads.shift();
    assert(read !== undefined, "nothing is read");
    return read;
  }

  /** Answers the next read; returns what it wanted. */
  async answer(result: ScriptedRead): Promise<ReadFrom> {
    const read = await this.nextRead();
    read.return(result);
    await endOfTick();
    return read.wanted;
  }

  /** Reports publications of the broker. */
  receive(...publications: readonly Publication[]): void {
    for (const each of publications) this.feed.receive(each);
  }

  /** Asserts what was passed on since the last call. */
  async expect(...passed: readonly string[]): Promise<void> {
    await endOfTick();
    assert.deepEqual(this.passed.splice(0), passed);
  }

  /** Asserts that the feed does not read. */
  async expectNoRead(): Promise<void> {
    await endOfTick();
    assert.deepEqual(this.broker.reads, []);
  }

  /** Begins to read for a client. */
  join(wanted: ReadFrom): Joining {
    return new Joining(this.feed, wanted, this.passed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.feed.close();
    assert.equal(this.clock.timers, 0);
    this.clock[Symbol.dispose]();
  }
}

/** A client that joins. */
export class Joining {
  /** What the client begins with; `undefined` before it is known */
  start: FeedStart | undefined;
  error: unknown;
  readonly ended: Promise<void>;

  constructor(feed: RoomFeed, wanted: ReadFrom, passed: string[]) {
    const use = (start: FeedStart) => {
      assert.equal(this.start, undefined, "called twice");
      this.start = start;
      passed.push("joined");
    };
    this.ended = feed.read(wanted, use).catch((error) => {
      this.error = error;
    });
  }

  get payloads(): readonly string[] | undefined {
    return this.start?.publications.map(({ payload }) => payload);
  }
}
