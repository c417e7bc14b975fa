/**
 * What happens to the nodes and their engine while clients publish.
 *
 * @module
 */

import { pause } from "../lib/deadline.ts";
import type { Random } from "../soak/random.ts";
import { type Control, LOGIN } from "./commands.ts";
import type { Deployment } from "./deployment.ts";

/** What a scenario acts on. */
export interface World {
  readonly deployment: Deployment;
  readonly random: Random;
  /** The number of kills and partitions of the scenario `kills` */
  readonly kills: number;
  /** Returns the number of messages that were acknowledged. */
  published(): number;
  /** Notes that something was broken. */
  note(event: string): void;
}

/** A scenario. */
export interface Scenario {
  readonly name: string;
  /** Shown in the table */
  readonly title: string;
  /** Whether data of the engine is lost, so that gaps are expected */
  readonly isLossy: boolean;
  /** If set, the nodes are broken, and losses are expected */
  readonly control?: Control;
  run(world: World): Promise<void>;
}

/** How long clients publish when nothing happens, in milliseconds. */
const CALM = 1_000;

/** How long an engine is away, in milliseconds. */
const AWAY = 1_000;

/** How long a node is separated from the engine or an engine is frozen, in milliseconds. */
const FROZEN = 3_000;

/** The number of messages that are lost. */
const MORE = 40;

/** The longest wait for these messages, in milliseconds. */
const PUBLISH_LIMIT = 20_000;

/** The number of times that all sockets are cut. */
const CUTS = 4;

async function steady(): Promise<void> {
  await pause(2 * CALM);
}

async function cuts({ deployment, random, note }: World): Promise<void> {
  for (let cut = 0; cut < CUTS; cut++) {
    deployment.cutSockets();
    note("sockets cut");
    await pause(random.between(200, 800));
  }
}

async function killNodes(world: World): Promise<void> {
  for (let index = 0; index < world.deployment.size; index++) {
    await killNode(world, index);
    await pause(CALM / 2);
  }
}

async function killNode(
  { deployment, note }: World,
  index: number,
): Promise<void> {
  await deployment.killNode(index);
  note("node killed");
  await deployment.startNode(index);
}

async function killEngine({ deployment, note }: World): Promise<void> {
  await deployment.engine.kill();
  note("engine killed");
  await pause(AWAY);
  await deployment.engine.restart();
  await pause(CALM);
}

async function killEngineTwice(world: World): Promise<void> {
  await killEngine(world);
  await killEngine(world);
}

async function freezeEngine({ deployment, note }: World): Promise<void> {
  deployment.engine.freeze();
  note("engine frozen");
  await pause(FROZEN);
  deployment.engine.thaw();
  await pause(CALM);
}

async function separateNode(world: World): Promise<void> {
  const { deployment, random, note } = world;
  const index = random.between(0, deployment.size - 1);
  await deployment.separate(index);
  note("node separated");
  await pause(FROZEN);
  await deployment.reunite(index);
  await pause(CALM);
}

async function loseHistory({ deployment, note }: World): Promise<void> {
  await deployment.engine.wipe();
  note("history lost");
  await pause(CALM);
}

/** Waits until more messages are acknowledged. The engine can have been away until now. */
async function publishMore({ published }: World): Promise<void> {
  const enough = published() + MORE;
  const end = performance.now() + PUBLISH_LIMIT;
  while (published() < enough && performance.now() < end) await pause(20);
}

/** Clients that come back after the loss know positions that were given out twice. */
async function loseTail(world: World): Promise<void> {
  const { deployment, note } = world;
  await deployment.engine.save();
  await publishMore(world);
  await deployment.engine.restore();
  note("tail lost");
  await pause(CALM);
  deployment.cutSockets();
  await pause(CALM);
}

async function changePassword({ deployment, note }: World): Promise<void> {
  await deployment.engine.setPassword("another-password");
  note("password changed");
  await pause(2 * AWAY);
  await deployment.engine.setPassword(LOGIN.password);
  await pause(CALM);
}

/** Kills and separates nodes, and kills the engine, in a random order. */
async function killAll(world: World): Promise<void> {
  const { random, deployment, kills } = world;
  for (let kill = 0; kill < kills; kill++) {
    const act = random.pick([killNode, killEngine, separateNode]);
    await act(world, random.between(0, deployment.size - 1));
    await pause(random.between(0, CALM));
  }
}

/** The scenarios of a run without `--kills`. */
export const SCENARIOS: readonly Scenario[] = [
  { name: "steady", title: "nothing happens", isLossy: false, run: steady },
  { name: "cuts", title: "all sockets cut", isLossy: false, run: cuts },
  { name: "nodes", title: "each node killed", isLossy: false, run: killNodes },
  {
    ...{ name: "engine", title: "engine killed twice", isLossy: false },
    run: killEngineTwice,
  },
  {
    ...{ name: "freeze", title: "engine frozen", isLossy: false },
    run: freezeEngine,
  },
  {
    ...{ name: "partition", title: "node separated", isLossy: false },
    run: separateNode,
  },
  {
    ...{ name: "credentials", title: "password changed", isLossy: false },
    run: changePassword,
  },
  { name: "history", title: "history lost", isLossy: true, run: loseHistory },
  { name: "tail", title: "last messages lost", isLossy: true, run: loseTail },
  {
    ...{ name: "no-gaps", title: "control: gaps ignored", isLossy: true },
    ...{ control: "gaps", run: killEngineTwice },
  },
  {
    ...{ name: "no-checks", title: "control: checks ignored", isLossy: true },
    ...{ control: "positions", run: loseTail },
  },
];

/** The scenario of a run with `--kills`. */
export const KILLS: Scenario = {
  ...{ name: "kills", title: "kills and partitions", isLossy: false },
  run: killAll,
};
