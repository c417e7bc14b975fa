/**
 * A run of the fuzzer against a server.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Server } from "../../server.ts";
import { serveQuietly } from "../support/server.ts";
import { pause } from "../support/timing.ts";
import { Counters, MessageIds } from "./server_frames.ts";
import { perform } from "./client.ts";
import type { Environment } from "./response_checker.ts";
import { Application } from "./application.ts";
import { Oracle } from "./oracle.ts";
import { Random } from "./random.ts";
import { makeScript } from "./script.ts";
import { RoomRecords } from "./room_records.ts";
import type { Setting } from "./settings.ts";
import { defineTestRooms, GIVEN_ROOM } from "./test_rooms.ts";
import { ControlClient } from "./control_client.ts";
import { within } from "./timeouts.ts";

/** The number of concurrent fuzzing clients. */
const CLIENTS = 16;

/** The plan of a run. */
export interface Plan {
  readonly seed: number;
  /** The minimum number of frames */
  readonly frames: number;
}

/** The report of a run. */
export interface Report {
  readonly frames: number;
  readonly connections: number;
  /** The number of rounds of the control client */
  readonly rounds: number;
  /** The number of frames of each kind */
  readonly counts: ReadonlyMap<string, number>;
}

/** Fuzzes a server and rejects with the first violation. */
export async function fuzz(setting: Setting, plan: Plan): Promise<Report> {
  const uncaught = new Uncaught();
  const server = serveQuietly({
    ...setting.options,
    onConnect: (client) => void client.join(GIVEN_ROOM),
  });
  if (setting.middleware !== undefined) server.use(setting.middleware);
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

/** Collects uncaught errors, which would end the process of the application. */
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
    assert.deepEqual(this.#errors, [], "there are uncaught errors");
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
    this.#onError(new Error(`uncaught: ${describe(error)}`));
  }
}

class Run {
  readonly #setting: Setting;
  readonly #plan: Plan;
  readonly #server: Server;
  readonly #application: Application;
  readonly #messageIds = new MessageIds();
  readonly #counters = new Counters();
  readonly #environment: Environment;
  #frames = 0;
  #connections = 0;
  #isOver = false;

  constructor(setting: Setting, plan: Plan, server: Server) {
    this.#setting = setting;
    this.#plan = plan;
    this.#server = server;
    this.#application = new Application(server, this.#counters);
    this.#environment = {
      rules: setting.rules,
      numbers: this.#messageIds,
      counters: this.#counters,
      application: this.#application,
      rooms: new RoomRecords(),
    };
    defineTestRooms(server);
  }

  /** Stops watching the application. */
  stop(): void {
    this.#application.serverRequests.stop();
  }

  async all(): Promise<Report> {
    const controlClient = await ControlClient.open(
      this.#server,
      this.#application,
    );
    await Promise.all([
      this.#fuzz(),
      controlClient.run(() => this.#isOver),
    ]);
    await controlClient.close();
    await this.#waitForEnd();
    const { counts } = this.#counters;
    const [frames, connections] = [this.#frames, this.#connections];
    return { frames, connections, rounds: controlClient.rounds, counts };
  }

  async #fuzz(): Promise<void> {
    const clients = Array.from({ length: CLIENTS }, (_, index) => index);
    try {
      await Promise.all(clients.map((index) => this.#runClient(index)));
    } finally {
      this.#isOver = true;
    }
  }

  /** Runs one client, which connects repeatedly. */
  async #runClient(client: number): Promise<void> {
    const random = new Random(this.#plan.seed).fork(client);
    const share = Math.ceil(this.#plan.frames / CLIENTS);
    let frames = 0;
    for (let connection = 0; frames < share && !this.#isOver; connection++) {
      const script = makeScript(random.fork(connection), this.#setting.rules);
      const oracle = new Oracle(this.#environment);
      try {
        await perform(script, this.#server.addr.port, oracle);
      } catch (error) {
        const where = `client ${client}, connection ${connection}`;
        throw new Error(`${where}: ${describe(error)}`, { cause: error });
      }
      this.#application.assertRight();
      frames += script.frames;
      this.#frames += script.frames;
      this.#connections++;
    }
  }

  /** Waits until all clients have disconnected and all handlers have finished. */
  async #waitForEnd(): Promise<void> {
    const { clients } = this.#server;
    const isOver = () => clients.size === 0 && this.#application.pending === 0;
    await within(
      until(isOver),
      () =>
        `${clients.size} clients and ${this.#application.pending} requests remain`,
    );
    this.#application.assertDone();
    const { rules, expected } = this.#setting;
    assert(
      this.#application.most <= rules.maxPending,
      "too many requests of one client were pending",
    );
    const missing = expected.filter((what) => !this.#counters.counts.has(what));
    assert.deepEqual(missing, [], "the server never sent these frames");
  }
}

async function until(isOver: () => boolean): Promise<void> {
  while (!isOver()) await pause(1);
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
