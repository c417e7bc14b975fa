/**
 * The roles of the clients in a group.
 *
 * @module
 */

import type { Random } from "../random.ts";
import { comeEarly } from "./early_bird.ts";
import { askTooDeep, askTooFast, askTooMuch, sendTooMuch } from "./greedy.ts";
import { guessOn, intrude } from "./intruder.ts";
import { beTurnedAway, expire, renew } from "./renewer.ts";
import { readOn } from "./resumer.ts";
import { roam } from "./roamer.ts";
import { sleep } from "./sleeper.ts";
import { doze, lag, stall } from "./staller.ts";
import { fallSilent } from "./swallowed.ts";
import { talk } from "./talker.ts";
import { vanish } from "./vanisher.ts";
import type { Role } from "./visit.ts";

/** The roles, with their shares in 1,000 visits. */
export const ROLES: readonly (readonly [Role, number])[] = [
  [talk, 515],
  [vanish, 130],
  [roam, 80],
  [readOn, 40],
  [doze, 70],
  [intrude, 60],
  [guessOn, 10],
  [beTurnedAway, 10],
  [renew, 5],
  [expire, 5],
  [fallSilent, 5],
  [sleep, 5],
  [comeEarly, 5],
  [stall, 10],
  [lag, 10],
  [askTooMuch, 10],
  [askTooDeep, 10],
  [sendTooMuch, 10],
  [askTooFast, 10],
];

/** Returns the role of a visit. The first visits of a group have all roles. */
export function pickRole(random: Random, client: number, visits: number): Role {
  const [first] = ROLES[client] ?? [];
  if (visits === 0 && first !== undefined) return first;
  let left = random.between(1, 1_000);
  for (const [role, share] of ROLES) {
    left -= share;
    if (left <= 0) return role;
  }
  return talk;
}
