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
import type { Damage } from "./model_server.ts";
import { ROOMS, World } from "./world.ts";

/** What happened in a run. */
export interface RunReport {
  readonly setting: string;
  readonly published: number;
  readonly gaps: number;
}

/** How often the clients get the chance to come back before the checks. */
const ROUNDS = 14;

/** After how long servers have compared what they know, in milliseconds. */
const STATE_LIMIT = 50_000;

/**
 * Runs the model once.
 *
 * @param seed The seed of all random choices
 * @param servers The number of servers, which act as one
 * @param damage The fault of the servers, if they have one
 *
 * @throws {Violation} If a client has lost a message without a gap, and so on
 */
export async function runModel(
  seed: number,
  servers: number,
  damage: Damage = {},
): Promise<RunReport> {
  const random = new Random(seed);
  const setting = chooseSetting(random, servers);
  using world = await World.start(setting, random, damage);
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
  await world.heal();
  await checkReplaced(actions);
  actions.bury();
  for (let round = 0; round < ROUNDS; round++) await actions.converge();
  const { faults, isTorn } = world.setting;
  if (world.isCluster && (faults > 0 || isTorn)) await compare(actions);
  world.checkOver();
  await checkTops(actions);
  checkMembers(actions);
  checkCalm(actions);
  await checkLiveness(actions);
  await checkEnd(actions);
  world.checkErrors();
}

/** Waits until the servers have noticed what they have lost of each other. */
async function compare(actions: Actions): Promise<void> {
  actions.world.clock.pass(STATE_LIMIT);
  await actions.converge();
  await actions.converge();
}

/** Checks that a client that has come back has ended its old connection, on any server. */
async function checkReplaced({ world, clients }: Actions): Promise<void> {
  if (world.setting.faults > 0 || world.setting.isTorn) return;
  await world.tasks.settle();
  for (const client of clients) {
    if (!client.isKnown) continue;
    const open = [...world.transports.keys()]
      .filter((each) => client.identities.get(each) === client.connection);
    if (open.length > 1) fail(`${client.name} has two connections`);
  }
}

/** Checks that every client has everything, or was told of a gap. */
async function checkTops({ world, clients }: Actions): Promise<void> {
  const { rooms, broker: { engine } } = world.anyServer;
  for (const name of ROOMS) {
    const { history } = rooms.get(name).definition;
    if (history === undefined) continue;
    const limits = { history, limit: 1, maxBytes: 1 };
    const { top } = await engine.read(name, { last: 0 }, limits);
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
    const shown = shownIn(world, name);
    const plain = shown.size - ids.length;
    const isComplete = ids.every((id) => shown.has(id));
    if (plain < 0 || plain > 1 || !isComplete) {
      fail(`${name} shows ${[...shown]}, not ${ids}`);
    }
    for (const client of there) {
      const { list } = client.view(name);
      if (list === undefined) continue;
      const isRight = list.symmetricDifference(shown).size === 0;
      if (!isRight) fail(`${client.name} sees ${[...list]} in ${name}: ${ids}`);
    }
  }
}

/** Returns the connections in a room, on whose number all servers with clients in it must agree. */
function shownIn({ servers }: World, name: string): ReadonlySet<string> {
  const open = servers.filter(({ rooms }) => rooms.peek(name) !== undefined);
  const own = open.flatMap((
    { rooms },
  ) => [...rooms.peek(name)!.presence.own()]);
  const shown = new Set(own.map(({ identity }) => identity.connection));
  for (const server of open) {
    const members = server.room(name).members();
    const count = members.flatMap(({ connections }) => connections).length;
    const problem = `${name} shows ${count} connections, not ${[...shown]}`;
    if (count !== shown.size) fail(problem);
  }
  return shown;
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
    const [room] = world.servers.flatMap(({ rooms }) => rooms.peek(name) ?? []);
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
