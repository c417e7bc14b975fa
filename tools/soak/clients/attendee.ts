/**
 * A client that is in rooms until the end, and whose connection is lost again and again.
 *
 * @module
 */

import { BRIEF_ROOMS, KEPT_ROOMS } from "../rooms.ts";
import type { Random } from "../random.ts";
import { Attendance } from "./attendance.ts";
import { idle, type Visit } from "./visit.ts";

/** The longest pause between two actions, in milliseconds. */
const PAUSE = 3_000;

/** The longest time between two connections, in milliseconds. */
const AWAY = 500;

/** The clients whose first connection does what every run must reach, and vanishes. */
const SCRIPTED = 5;

/** The probability that the client leaves its rooms instead of another action. */
const LEAVING = 0.05;

/**
 * Is in rooms, with several connections one after the other.
 *
 * @param index The number of the client
 * @param visitOf Returns the visit of each connection
 * @returns The last connection, which is still open
 */
export async function attend(
  index: number,
  visitOf: (connection: number) => Visit,
): Promise<Attendance> {
  for (let connection = 0;; connection++) {
    const visit = visitOf(connection);
    await idle(visit, AWAY);
    const rooms = roomsOf(visit.random, index, connection);
    const attendance = await Attendance.open(visit, userOf(index), rooms);
    const isScripted = connection === 0 && index < SCRIPTED;
    if (isScripted) {
      await attendance.missNothing();
      await attendance.missMessages();
      await attendance.say(attendance.seats[0]!, true);
    } else if (await takePart(attendance, visit)) return attendance;
    if (isScripted || visit.random.happens(0.5)) await attendance.vanish();
    else await attendance[Symbol.asyncDispose]();
  }
}

/** Does this and that in the rooms. Returns whether the run is over. */
async function takePart(
  attendance: Attendance,
  visit: Visit,
): Promise<boolean> {
  const { random } = visit;
  while (!visit.isOver()) {
    await idle(visit, PAUSE);
    if (random.happens(LEAVING)) return visit.isOver();
    const [first, ...others] = attendance.seats;
    const seat = random.pick([first!, ...others]);
    const action = random.between(1, 10);
    if (action <= 4) await attendance.say(seat, false);
    else if (action <= 7) await attendance.say(seat, true);
    else if (action <= 9) attendance.cut();
    else await attendance.comeBack(seat, random.between(0, 300));
  }
  return true;
}

/** Returns the rooms of a client: all rooms have clients. */
function roomsOf(
  random: Random,
  index: number,
  connection: number,
): readonly string[] {
  const kept = KEPT_ROOMS[index % KEPT_ROOMS.length]!;
  const brief = BRIEF_ROOMS[random.between(0, BRIEF_ROOMS.length - 1)]!;
  const isScripted = connection === 0 && index < SCRIPTED;
  return isScripted || random.happens(0.4) ? [kept, brief] : [kept];
}

/** Returns the user of a client. Three of ten clients share it with another client. */
function userOf(index: number): string {
  if (index % 10 < 7) return `u${index}`;
  const { length } = KEPT_ROOMS;
  // Both clients are in the same room.
  const isSecond = Math.floor(index / length) % 2 === 1;
  return `shared${isSecond ? index - length : index}`;
}
