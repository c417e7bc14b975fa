/**
 * Runs the model: random actions, and then the checks that nothing is missing.
 *
 * @module
 */

import { Random } from "../fuzz/random.ts";
import { Violation } from "../fuzz/violation.ts";
import { Actions } from "./actions.ts";
import { chooseSetting } from "./settings.ts";
import { fail } from "./truth.ts";
import { type Damage, ROOMS, World } from "./world.ts";

/** What happened in a run. */
export interface RunReport {
  readonly setting: string;
  readonly published: number;
  readonly gaps: number;
}

/** How often the clients get the chance to come back before the checks. */
const ROUNDS = 14;

/**
 * Runs the model once.
 *
 * @throws {Violation} If a client has lost a message without a gap, and so on
 */
export async function runModel(
  seed: number,
  damage: Damage = {},
): Promise<RunReport> {
  const random = new Random(seed);
  const setting = chooseSetting(random);
  using world = new World(setting, random, damage);
  const actions = new Actions(world);
  try {
    for (let n = 0; n < setting.actions; n++) await actions.step();
    await finish(actions);
  } catch (error) {
    throw explain(error, seed, actions);
  } finally {
    await world.close();
  }
  const views = actions.clients.flatMap(({ views }) => [...views.values()]);
  const gaps = views.flatMap(({ gaps }) => gaps).length;
  return { setting: setting.name, published: world.truth.size, gaps };
}

/** Ends all faults, lets everything come to rest, and checks what the clients have. */
async function finish(actions: Actions): Promise<void> {
  const { world } = actions;
  world.isCalm = world.broker.isHealed = true;
  actions.bury();
  for (let round = 0; round < ROUNDS; round++) await actions.converge();
  world.checkOver();
  await checkTops(actions);
  checkMembers(actions);
  checkCalm(actions);
  await checkLiveness(actions);
  await checkEnd(actions);
  world.checkErrors();
}

/** Checks that every client has everything, or was told of a gap. */
async function checkTops({ world, clients }: Actions): Promise<void> {
  for (const name of ROOMS) {
    const { history } = world.rooms.get(name).definition;
    if (history === undefined) continue;
    const limits = { history, limit: 1, maxBytes: 1 };
    const { top } = await world.broker.engine.read(name, { last: 0 }, limits);
    for (const client of clients) {
      const view = client.view(name);
      if (view.isWanted && !view.isJoined) fail(`${client.name} is not back`);
      if (view.isJoined) view.checkTop(top);
    }
  }
}

/** Checks that the members of each room are those that are there. */
function checkMembers({ world, clients }: Actions): void {
  for (const name of ROOMS) {
    const there = clients.filter((each) => each.view(name).isJoined);
    const ids = there.map(({ connection }) => connection!);
    const members = world.room(name).members();
    const shown = members.flatMap(({ connections }) => connections).length;
    const plain = shown - ids.length;
    if (plain < 0 || plain > 1) fail(`${name} shows ${shown}, not ${ids}`);
    for (const client of there) {
      const { list } = client.view(name);
      if (list === undefined) continue;
      const isRight = list.size === shown && ids.every((id) => list.has(id));
      if (!isRight) fail(`${client.name} sees ${[...list]} in ${name}: ${ids}`);
    }
  }
}

/** Checks that there is no gap without a reason. */
function checkCalm({ world, clients }: Actions): void {
  if (world.setting.isWild || world.setting.onSlow === "skip") return;
  for (const client of clients) {
    if (client.name === "without history") continue;
    for (const { gaps, name } of client.views.values()) {
      const unfounded = gaps.filter((reason) => reason !== "broker");
      const [gap] = world.setting.faults > 0 ? unfounded : gaps;
      if (gap !== undefined) {
        fail(`${client.name} has a gap in ${name}: ${gap}`);
      }
    }
  }
}

/** Checks that a new message reaches all members. */
async function checkLiveness(actions: Actions): Promise<void> {
  const { clients } = actions;
  for (const name of ROOMS) {
    const views = clients.map((client) => client.view(name));
    const there = views.filter(({ isJoined }) => isJoined);
    const gaps = new Map(there.map((view) => [view, view.gaps.length]));
    const n = actions.broadcast(name);
    await actions.converge();
    for (const view of there) {
      // A new message can be more than the limits allow.
      const isTold = view.gaps.length > gaps.get(view)!;
      if (!view.has(n) && !isTold) {
        fail(`${n} did not reach all of ${name}: ${view.position}`);
      }
    }
  }
}

/** Checks that rooms without members leave nothing behind. */
async function checkEnd({ world }: Actions): Promise<void> {
  for (const transport of world.transports.keys()) transport.close(1006, "");
  world.clock.pass(10_000);
  await world.tasks.settle();
  for (const name of ROOMS) {
    const room = world.rooms.peek(name);
    if (room !== undefined) {
      const { presence, broadcaster } = room;
      fail(
        `${name} has ${broadcaster.size} recipients, ${presence.count} members`,
      );
    }
  }
  await world.close();
  if (world.clock.timers > 0) fail(`${world.clock.timers} timers are left`);
}

function explain(error: unknown, seed: number, actions: Actions): unknown {
  if (!(error instanceof Violation)) return error;
  const { setting } = actions.world;
  return new Violation(
    `${error.message}\nseed ${seed}, ${JSON.stringify(setting)}\n${
      actions.trace.slice(-30).join(", ")
    }`,
    { cause: error },
  );
}
