/**
 * The rooms of the server under test.
 *
 * @module
 */

import type { RoomOptions, Server } from "../../server.ts";
import { pause } from "../support/timing.ts";

/** What happens to a request of a client. */
export type Verdict = "accepted" | "forbidden" | "failed";

/** A definition of rooms, and its effect. */
export interface TestRoom {
  readonly options: RoomOptions;
  /** What happens to a join */
  readonly join: Verdict;
  /** Whether a member has the right to publish */
  readonly canPublish: boolean;
  /** What happens to a message of a member that has the right to publish */
  publish(data: Record<string, unknown>): Verdict;
}

const SECRET = "secret of the application";

const fail = (): never => {
  throw new Error(SECRET);
};

const KEPT = { size: 20 };

const OPEN: RoomOptions = {
  history: KEPT,
  authorize: () => true,
  publish: true,
  presence: (_client, claimed) => claimed ?? {},
};

/** Returns a definition that accepts everything, except for some changes. */
function room(
  options: RoomOptions,
  effect: Partial<Omit<TestRoom, "options">> = {},
): TestRoom {
  const { join = "accepted", canPublish = true, publish = () => "accepted" } =
    effect;
  return { options: { ...OPEN, ...options }, join, canPublish, publish };
}

const CLOSED = { canPublish: false } as const;

/** The definitions. A room "open:1" matches the last one. */
export const TEST_ROOMS: ReadonlyMap<string, TestRoom> = new Map([
  ["open", room({})],
  ["live", room({ history: undefined, presence: undefined })],
  ["read", room({ publish: false }, CLOSED)],
  ["blind", room({ authorize: () => ({ history: false }) })],
  ["granted", room({ publish: false, authorize: () => ({ publish: true }) })],
  [
    "later",
    room({
      authorize: () => pause(1).then(() => true),
      publish: async (_client, { data }) => {
        await pause(1);
        return data.n === 1;
      },
    }, { publish: ({ n }) => n === 1 ? "accepted" : "forbidden" }),
  ],
  [
    "faulty",
    room({
      publish: fail,
      presence: fail,
      onJoin: fail,
      onLeave: () => Promise.reject(new Error(SECRET)),
    }, { publish: () => "failed" }),
  ],
  ["denied", room({ authorize: () => false }, { join: "forbidden" })],
  [
    "denied later",
    room({ authorize: () => pause(1).then(() => false) }, {
      join: "forbidden",
    }),
  ],
  ["broken", room({ authorize: fail }, { join: "failed" })],
  [
    "rejected",
    room({ authorize: () => Promise.reject(new Error(SECRET)) }, {
      join: "failed",
    }),
  ],
  ["private", room({ authorize: undefined }, { join: "forbidden" })],
  ["open:{id}", room({})],
]);

const NOWHERE = room({}, { join: "forbidden" });

/**
 * The room that the server puts all clients into, also those that only know Hoist 1. It
 * sends consecutive numbers there. No client asks for this room.
 */
export const GIVEN_ROOM = "given";

/** Defines the rooms. */
export function defineTestRooms(server: Server): void {
  // Without presence, because its changes would go to all clients.
  server.defineRoom(GIVEN_ROOM, { presence: () => false });
  for (const [pattern, { options }] of TEST_ROOMS) {
    server.defineRoom(pattern, options);
  }
}

/** Returns the definition of a room; one that nobody can join if there is none. */
export function testRoomOf(name: string): TestRoom {
  const isOpen = /^open:[^:]+$/s.test(name);
  const pattern = isOpen ? "open:{id}" : name;
  return TEST_ROOMS.get(pattern) ?? NOWHERE;
}
