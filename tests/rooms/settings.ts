/**
 * What a run of the model can do. Each setting stresses another part of rooms.
 *
 * @module
 */

import type { Random } from "../fuzz/random.ts";

/** What can happen in a run. */
export interface Setting {
  readonly name: string;
  /** The number of servers */
  readonly servers: number;
  /** The number of actions */
  readonly actions: number;
  readonly history: {
    readonly size: number;
    readonly ttl: number;
    readonly maxBytes: number;
  };
  /** The limit of the history of all rooms, in bytes */
  readonly maxHistory: number;
  readonly onSlow: "disconnect" | "skip";
  /** How much can wait for a client, in UTF-16 units */
  readonly maxBuffered: number;
  /** Whether the broker is far away: its answers and its publications are delayed */
  readonly isRemote: boolean;
  /** The probability that the broker loses or repeats a publication, or fails */
  readonly faults: number;
  /** Whether histories are cleared, restored and restarted, and time passes */
  readonly isWild: boolean;
  /** Whether servers are cut off from the engine, and frozen */
  readonly isTorn: boolean;
  /** Whether clients read slowly */
  readonly isSlow: boolean;
}

const LARGE = { size: 1_000, ttl: Infinity, maxBytes: Infinity };

const CALM: Setting = {
  name: "calm",
  servers: 1,
  actions: 120,
  history: LARGE,
  maxHistory: 1e7,
  onSlow: "disconnect",
  maxBuffered: 1e6,
  isRemote: false,
  faults: 0,
  isWild: false,
  isTorn: false,
  isSlow: false,
};

/** Chooses a setting for a number of servers. */
export function chooseSetting(random: Random, servers: number): Setting {
  const setting = random.weigh<() => Setting>([
    [1, () => CALM],
    [1, () => ({ ...CALM, name: "remote", isRemote: true })],
    [1, () => ({ ...CALM, ...slow(random), name: "slow" })],
    [2, () => ({ ...CALM, ...wild(random), name: "wild" })],
    [3, () => everything(random)],
  ])();
  const isTorn = servers > 1 && setting.isWild && random.chance(0.5);
  return { ...setting, servers, isTorn };
}

function slow(random: Random): Partial<Setting> {
  const onSlow = random.pick(["disconnect", "skip"] as const);
  return { isSlow: true, onSlow, maxBuffered: random.pick([6_000, 12_000]) };
}

function wild(random: Random): Partial<Setting> {
  const history = {
    size: random.pick([3, 10, 1_000]),
    ttl: random.pick([Infinity, 2_000]),
    maxBytes: random.pick([Infinity, 1_500]),
  };
  return { isWild: true, history, maxHistory: random.pick([1e7, 3_000]) };
}

function everything(random: Random): Setting {
  return {
    ...CALM,
    ...(random.chance(0.5) ? slow(random) : {}),
    ...(random.chance(0.7) ? wild(random) : {}),
    name: "everything",
    isRemote: random.chance(0.8),
    faults: random.pick([0, 0.03]),
  };
}
