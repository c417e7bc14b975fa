/**
 * A run of the fuzzer against a server.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Server } from "../../server.ts";
import { serveQuietly } from "../support/server.ts";
import { pause } from "../support/timing.ts";
import { Numbers, Tally } from "./server_frames.ts";
import { perform } from "./client.ts";
import type { Surroundings } from "./response_checker.ts";
import { Host } from "./application.ts";
import { Oracle } from "./oracle.ts";
import { Random } from "./random.ts";
import { makeScript } from "./script.ts";
import type { Setting } from "./settings.ts";
import { Witness } from "./observer.ts";

/** How many clients fuzz at the same time. */
const CLIENTS = 16;

/** How long a server may take to find out that everybody has left, in milliseconds. */
const PATIENCE = 10_000;

/** What a run does. */
export interface Plan {
  readonly seed: number;
  /** How many frames are sent, at least */
  readonly frames: number;
}

/** What a run did. */
export interface Report {
  readonly frames: number;
  readonly connections: number;
  /** How often the witness was answered in full */
  readonly rounds: number;
  /** How often the server said what */
  readonly counts: ReadonlyMap<string, number>;
}

/** Fuzzes a server; rejects with what it does wrong. */
export async function fuzz(setting: Setting, plan: Plan): Promise<Report> {
  const uncaught = new Uncaught();
  const server = serveQuietly(setting.options);
  const run = new Run(setting, plan, server);
  try {
    const report = await Promise.race([run.all(), uncaught.first]);
    uncaught.assertNone();
    return report;
  } catch (error) {
    const where = `seed ${plan.seed}, setting ${setting.name}`;
    throw new Error(`${where}: ${describe(error)}`, { cause: error });
  } finally {
    await server.close();
    run.stop();
    uncaught.stop();
  }
}

/** What nobody catches would end the process of the host. */
class Uncaught {
  readonly first: Promise<never>;
  #errors: unknown[] = [];
  #onError = (_error: unknown): void => {};

  constructor() {
    this.first = new Promise((_, reject) => this.#onError = reject);
    this.first.catch(() => {});
    addEventListener("unhandledrejection", this.#onRejection);
    addEventListener("error", this.#onThrow);
  }

  assertNone(): void {
    assert.deepEqual(this.#errors, [], "nobody caught this");
  }

  stop(): void {
    removeEventListener("unhandledrejection", this.#onRejection);
    removeEventListener("error", this.#onThrow);
  }

  readonly #onRejection = (event: PromiseRejectionEvent): void => {
    event.preventDefault();
    this.#add(event.reason);
  };

  readonly #onThrow = (event: ErrorEvent): void => {
    event.preventDefault();
    this.#add(event.error);
  };

  #add(error: unknown): void {
    this.#errors.push(error);
    this.#onError(new Error(`nobody caught ${describe(error)}`));
  }
}

class Run {
  readonly #setting: Setting;
  readonly #plan: Plan;
  readonly #server: Server;
  readonly #host: Host;
  readonly #numbers = new Numbers();
  readonly #tally = new Tally();
  readonly #surroundings: Surroundings;
  #frames = 0;
  #connections = 0;
  #isOver = false;

  constructor(setting: Setting, plan: Plan, server: Server) {
    this.#setting = setting;
    this.#plan = plan;
    this.#server = server;
    this.#host = new Host(server, this.#tally);
    this.#surroundings = {
      rules: setting.rules,
      numbers: this.#numbers,
      tally: this.#tally,
      host: this.#host,
    };
  }

  /** Lets go of the host. */
  stop(): void {
    this.#host.asking.stop();
  }

  async all(): Promise<Report> {
    const witness = await Witness.open(this.#server, this.#host);
    await Promise.all([
      this.#fuzz(),
      witness.watch(() => this.#isOver),
    ]);
    await witness.leave();
    await this.#rest();
    const { counts } = this.#tally;
    const [frames, connections] = [this.#frames, this.#connections];
    return { frames, connections, rounds: witness.rounds, counts };
  }

  async #fuzz(): Promise<void> {
    const clients = Array.from({ length: CLIENTS }, (_, index) => index);
    try {
      await Promise.all(clients.map((index) => this.#converse(index)));
    } finally {
      this.#isOver = true;
    }
  }

  /** One client, which connects again and again. */
  async #converse(client: number): Promise<void> {
    const random = new Random(this.#plan.seed).fork(client);
    const share = Math.ceil(this.#plan.frames / CLIENTS);
    let frames = 0;
    for (let connection = 0; frames < share && !this.#isOver; connection++) {
      const script = makeScript(random.fork(connection), this.#setting.rules);
      const oracle = new Oracle(this.#surroundings);
      try {
        await perform(script, this.#server.addr.port, oracle);
      } catch (error) {
        const where = `client ${client}, connection ${connection}`;
        throw new Error(`${where}: ${describe(error)}`, { cause: error });
      }
      this.#host.assertRight();
      frames += script.frames;
      this.#frames += script.frames;
      this.#connections++;
    }
  }

  /** Everybody has left, and nothing is left of what they asked for. */
  async #rest(): Promise<void> {
    const end = performance.now() + PATIENCE;
    const { clients } = this.#server;
    while (clients.size > 0 || this.#host.underWay > 0) {
      assert(
        performance.now() < end,
        `${clients.size} clients and ${this.#host.underWay} requests are left over`,
      );
      await pause(1);
    }
    this.#host.assertDone();
    const { rules, says } = this.#setting;
    assert(this.#host.most <= rules.maxPending, "too many are under way");
    const unsaid = says.filter((what) => !this.#tally.counts.has(what));
    assert.deepEqual(unsaid, [], "the server never said what it should");
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
