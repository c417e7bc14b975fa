/** Broadcaster by hand: recipients that keep what they get, and turns that a test makes. */

import assert from "node:assert/strict";
import {
  type BroadcastBatch,
  Broadcaster,
  type BroadcastResult,
  type Delivery,
  type Recipient,
} from "../../server/broadcaster.ts";
import { endOfTick } from "./timing.ts";

/** The frames of a batch, one for each broadcast. */
export function framesOf({ single }: BroadcastBatch): string[] {
  return single.map(({ data }) => data);
}

/** Keeps what it gets. */
export class FakeRecipient implements Recipient {
  cursor = Infinity;
  /** Whether it can be sent anything */
  reachable = true;
  /** How many frames it takes before it reads too slowly */
  capacity = Infinity;
  /** Is called with each batch before it is taken, as a logger may be. */
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
    assert.notEqual(frames.length, 0, "nothing is delivered");
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

/** `Broadcaster` whose turns a test makes. */
export class Stage {
  readonly broadcasts: Broadcaster;
  /** All that was delivered, as `recipient frame`, in its order */
  readonly log: string[] = [];
  /** The broadcasts that are through, as `frame number`, in their order */
  readonly through: string[] = [];
  /** What became of these */
  readonly results: BroadcastResult[] = [];
  #turn: (() => void) | undefined;
  readonly #recipients: FakeRecipient[] = [];

  constructor() {
    this.broadcasts = new Broadcaster((turn) => {
      assert.equal(this.#turn, undefined, "two turns are due");
      this.#turn = turn;
    });
  }

  /** Whether a turn is due */
  get isDue(): boolean {
    return this.#turn !== undefined;
  }

  /** The recipients that have joined and not left */
  get joined(): FakeRecipient[] {
    return this.#recipients.filter(({ cursor }) => cursor !== Infinity);
  }

  /** Recipients named 0, 1, …, or those that follow. */
  join(count: number): FakeRecipient[] {
    return Array.from({ length: count }, () => {
      const name = String(this.#recipients.length);
      const recipient = new FakeRecipient(name, this.log);
      this.#recipients.push(recipient);
      this.broadcasts.join(recipient);
      return recipient;
    });
  }

  /** Sends frames and keeps when they are through. */
  send(...frames: readonly string[]): void {
    for (const frame of frames) {
      void this.broadcasts.send(frame).then((result) => {
        this.results.push(result);
        this.through.push(`${frame} ${result.delivered}`);
      });
    }
  }

  /** Ends the tick, and with it the first turn. */
  async settle(): Promise<void> {
    await endOfTick();
  }

  /** Makes the turn that is due, and ends its tick. */
  async turn(): Promise<void> {
    const turn = this.#turn;
    assert(turn !== undefined, "no turn is due");
    this.#turn = undefined;
    turn();
    await this.settle();
  }

  /** Makes turns until none is due; returns how many that were. */
  async finish(): Promise<number> {
    await this.settle();
    let turns = 0;
    for (; this.isDue; turns++) await this.turn();
    return turns;
  }
}

/** So many recipients that they take many turns, however a turn is measured. */
export const MANY = 5_000;

/** How many sends there are in one turn, with so many recipients. */
export const BUDGET = await measureBudget();

async function measureBudget(): Promise<number> {
  const stage = new Stage();
  stage.join(MANY);
  stage.send("measure");
  await stage.settle();
  return stage.log.length;
}
