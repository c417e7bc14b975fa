/** A `Broadcaster` whose recipients record frames, and whose turns a test runs. */

import assert from "node:assert/strict";
import {
  type BroadcastBatch,
  type BroadcastCounts,
  Broadcaster,
  type Delivery,
  type Recipient,
} from "../../server/broadcaster.ts";
import { Turns } from "../../server/scheduler.ts";
import { endOfTick } from "./timing.ts";

/** Returns the frames of a batch, one for each broadcast. */
export function framesOf({ single }: BroadcastBatch): string[] {
  return single.map(({ data }) => data);
}

/** A recipient that records the frames that it receives. */
export class FakeRecipient implements Recipient {
  cursor = Infinity;
  /** Whether frames can be sent to it */
  reachable = true;
  /** The number of frames for which it has capacity */
  capacity = Infinity;
  /** Called with each batch before the delivery, as a logger can be */
  onDeliver: (batch: BroadcastBatch) => void = () => {};
  readonly name: string;
  readonly frames: string[] = [];
  readonly #log: string[];

  constructor(name: string, log: string[]) {
    this.name = name;
    this.#log = log;
  }

  deliver(batch: BroadcastBatch): Delivery {
    const frames = framesOf(batch);
    assert.notEqual(frames.length, 0, "the batch is empty");
    this.onDeliver(batch);
    if (!this.reachable) return { delivered: 0, rest: "failed", sends: 0 };
    const taken = frames.slice(0, this.capacity);
    this.capacity -= taken.length;
    this.frames.push(...taken);
    for (const frame of taken) this.#log.push(`${this.name} ${frame}`);
    const { length } = taken;
    return { delivered: length, rest: "skipped", sends: length };
  }
}

/** A `Broadcaster` whose turns a test runs. */
export class Stage {
  readonly broadcasts: Broadcaster;
  /** The deliveries in order, as `recipient frame` */
  readonly log: string[] = [];
  /** The broadcasts that have ended in order, as `frame number` */
  readonly through: string[] = [];
  /** The results of these broadcasts */
  readonly results: BroadcastCounts[] = [];
  #turn: (() => void) | undefined;
  readonly #recipients: FakeRecipient[] = [];

  constructor() {
    const turns = new Turns((turn) => {
      assert.equal(this.#turn, undefined, "two turns are scheduled");
      this.#turn = turn;
    });
    this.broadcasts = new Broadcaster(turns);
  }

  /** Whether a turn is scheduled */
  get isDue(): boolean {
    return this.#turn !== undefined;
  }

  /** The recipients that have joined and not left */
  get joined(): FakeRecipient[] {
    return this.#recipients.filter(({ cursor }) => cursor !== Infinity);
  }

  /** Adds recipients, which are named 0, 1, … */
  join(count: number): FakeRecipient[] {
    return Array.from({ length: count }, () => {
      const name = String(this.#recipients.length);
      const recipient = new FakeRecipient(name, this.log);
      this.#recipients.push(recipient);
      this.broadcasts.join(recipient);
      return recipient;
    });
  }

  /** Sends frames, and records when their broadcasts end. */
  send(...frames: readonly string[]): void {
    for (const frame of frames) {
      void this.broadcasts.send({ frame }).then((result) => {
        this.results.push(result);
        this.through.push(`${frame} ${result.delivered}`);
      });
    }
  }

  /** Waits for the end of the tick, and with it of the first turn. */
  async settle(): Promise<void> {
    await endOfTick();
  }

  /** Runs the scheduled turn and its consequences. */
  async turn(): Promise<void> {
    const turn = this.#turn;
    assert(turn !== undefined, "no turn is scheduled");
    this.#turn = undefined;
    turn();
    await this.settle();
  }

  /** Runs turns until none is scheduled; returns their number. */
  async finish(): Promise<number> {
    await this.settle();
    let turns = 0;
    for (; this.isDue; turns++) await this.turn();
    return turns;
  }
}

/** A number of recipients that takes many turns. */
export const MANY = 5_000;

/** The number of sends per turn with that many recipients. */
export const BUDGET = await measureBudget();

async function measureBudget(): Promise<number> {
  const stage = new Stage();
  stage.join(MANY);
  stage.send("measure");
  await stage.settle();
  return stage.log.length;
}
