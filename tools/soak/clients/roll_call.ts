/**
 * Checks whom the members of the rooms see.
 *
 * @module
 */

import type { ClientRoom } from "@hoist/cli";
import { pause } from "../../lib/deadline.ts";
import type { Attendance } from "./attendance.ts";
import type { Tally } from "./tally.ts";

/**
 * The longest time until the lost connections are gone, in milliseconds. The server shows
 * them for 3 seconds. The rest is for a busy machine.
 */
const LIMIT = 13_000;

const LOOK = 50;

/** The members of a room: the names of the connections, by the id of the member. */
type Members = ReadonlyMap<string, readonly string[]>;

/** Checks that each member of a room sees all members and nobody else. */
export async function callRoll(
  attendances: readonly Attendance[],
  tally: Tally,
  report: (problem: string) => void,
): Promise<void> {
  const expected = expectedOf(attendances);
  for (const members of expected.values()) {
    const users = [...members.values()].filter(({ length }) => length > 1);
    if (users.length > 0) tally.note("user with two connections");
  }
  const end = performance.now() + LIMIT;
  const find = () => findProblems(attendances, expected);
  while (find().length > 0 && performance.now() < end) await pause(LOOK);
  for (const problem of find()) report(problem);
}

/** Returns the members of each room. */
function expectedOf(
  attendances: readonly Attendance[],
): ReadonlyMap<string, Members> {
  const rooms = new Map<string, Map<string, string[]>>();
  for (const { name, seats } of attendances) {
    for (const { room } of seats) {
      const members = rooms.get(room.name) ?? new Map<string, string[]>();
      const id = String(room.member);
      members.set(id, [...members.get(id) ?? [], name]);
      rooms.set(room.name, members);
    }
  }
  return rooms;
}

function findProblems(
  attendances: readonly Attendance[],
  expected: ReadonlyMap<string, Members>,
): string[] {
  return attendances.flatMap(({ name, seats }) =>
    seats.flatMap(({ room }) => {
      const problem = findProblem(room, expected.get(room.name) ?? new Map());
      return problem === undefined ? [] : [`${name}: ${room.name}: ${problem}`];
    })
  );
}

function findProblem(room: ClientRoom, expected: Members): string | undefined {
  const { count, isComplete } = room;
  if (count !== expected.size) {
    return `the count is ${count}, but there are ${expected.size} members`;
  }
  if (!isComplete) return "the members are not complete";
  const actual = describe(seenIn(room));
  const wanted = describe(expected);
  return actual === wanted ? undefined : `sees ${actual} instead of ${wanted}`;
}

function seenIn({ members }: ClientRoom): Members {
  const entries = [...members.values()].map((
    { id, connections },
  ) => [id, connections.map((presence) => String(presence?.name))] as const);
  return new Map(entries);
}

function describe(members: Members): string {
  const texts = [...members].map(([id, names]) =>
    `${id}: ${[...names].sort().join(" and ")}`
  );
  return texts.sort().join(", ");
}
