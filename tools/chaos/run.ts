/**
 * A run: all scenarios with one engine.
 *
 * @module
 */

import { pause } from "../lib/deadline.ts";
import { Random } from "../soak/random.ts";
import type { Options } from "./arguments.ts";
import type { Control, EngineName } from "./commands.ts";
import { Deployment } from "./deployment.ts";
import type { ChaosEngine } from "./engine.ts";
import { type Counts, Ledger } from "./ledger.ts";
import { Population } from "./population.ts";
import type { Scenario } from "./scenarios.ts";

/** What happened in a scenario. */
export interface Outcome {
  readonly engine: EngineName;
  readonly scenario: Scenario;
  readonly counts: Counts;
  /** How often each thing was broken */
  readonly events: Readonly<Record<string, number>>;
  /** What must not happen */
  readonly problems: readonly string[];
}

/** How long clients publish before and after a scenario, in milliseconds. */
const LEAD = 500;

/** The longest wait for the last messages, and for the last members, in milliseconds. */
const SETTLE = 20_000;

/** The number of events between two lines of progress. */
const PROGRESS = 10;

/** Counts what was broken. */
class Events {
  readonly counts: Record<string, number> = {};
  readonly #onEvent: (count: number) => void;
  #count = 0;

  constructor(onEvent: (count: number) => void) {
    this.#onEvent = onEvent;
  }

  note(event: string): void {
    this.counts[event] = (this.counts[event] ?? 0) + 1;
    this.#onEvent(++this.#count);
  }
}

/** Starts an engine of a name. */
export async function startEngine(name: EngineName): Promise<ChaosEngine> {
  if (name === "nats") {
    return await (await import("./nats_engine.ts")).startNats();
  }
  return await (await import("./redis_engine.ts")).startRedis();
}

/** A run with one engine. */
export class Run {
  readonly #name: EngineName;
  readonly #options: Options;
  readonly #print: (line: string) => void;

  /**
   * Constructs a `Run`.
   *
   * @param print Called with each line of progress
   */
  constructor(
    name: EngineName,
    options: Options,
    print: (line: string) => void,
  ) {
    this.#name = name;
    this.#options = options;
    this.#print = print;
  }

  /** Runs the scenarios one after the other. */
  async run(scenarios: readonly Scenario[]): Promise<readonly Outcome[]> {
    await using engine = await startEngine(this.#name);
    const outcomes: Outcome[] = [];
    for (const control of [undefined, "gaps", "positions"] as const) {
      const some = scenarios.filter((each) => each.control === control);
      if (some.length === 0) continue;
      outcomes.push(...await this.#runWith(engine, control, some));
    }
    return outcomes;
  }

  /** Runs scenarios that have the same nodes. */
  async #runWith(
    engine: ChaosEngine,
    control: Control | undefined,
    scenarios: readonly Scenario[],
  ): Promise<readonly Outcome[]> {
    const { nodes } = this.#options;
    const options = { name: this.#name, engine, nodes, control };
    await using deployment = await Deployment.start(options);
    this.#print(`${nodes} nodes, separated by ${deployment.separation}`);
    const outcomes: Outcome[] = [];
    for (const scenario of scenarios) {
      this.#print(scenario.title);
      outcomes.push(await this.#act(deployment, scenario));
    }
    return outcomes;
  }

  async #act(deployment: Deployment, scenario: Scenario): Promise<Outcome> {
    const { seed, kills } = this.#options;
    const ledger = new Ledger();
    const events = new Events((count) => {
      if (count % PROGRESS === 0) this.#print(`${count} of ${kills}`);
    });
    const problems: string[] = [];
    const report = (problem: string) => void problems.push(problem);
    const world = {
      ...{ deployment, kills, published: () => ledger.acknowledged },
      random: Random.of(seed, this.#name, scenario.name),
      note: (event: string) => events.note(event),
    };
    // Each engine must carry every name that a room can have.
    const room = `chaos:ü.*.> {${scenario.name}}`;
    await using population = await Population.start(
      deployment.url,
      room,
      ledger,
      report,
    );
    await pause(LEAD);
    await scenario.run(world);
    await pause(LEAD);
    await population.stop();
    await population.settle(SETTLE);
    await population.attend(SETTLE);
    const counts = ledger.count();
    return {
      ...{ engine: this.#name, scenario, counts, problems },
      events: events.counts,
    };
  }
}
