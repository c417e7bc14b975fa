/** Tests of the time that TypeScript needs for a contract with many rooms. */

import assert from "node:assert/strict";
import { check } from "../../tools/bench/types/check.ts";
import { MAIN, type Modules } from "../../tools/bench/types/program.ts";

const HEAD = `
import { defineContract } from "@hoist/cli";
import type { RoomEventData, RoomEventName, RoomNameOf } from "@hoist/cli/types";
import { z } from "zod";
`;

const SEND = `
type Rooms = typeof contract;
declare function send<
  Name extends RoomNameOf<Rooms>,
  Event extends RoomEventName<Rooms, Name>,
>(name: Name, event: Event, data: RoomEventData<Rooms, Name, Event>): void;
`;

// Each room has an own key, so that no two rooms have the same type.
function roomOf(n: number): string {
  const schema = `z.object({ id: z.number(), in${n}: z.boolean() })`;
  const event = `{ data: ${schema}, latest: ({ id }) => id }`;
  return `"kind${n}:{id}": { events: { move: ${event} }, publishes: ["move"] },`;
}

function useOf(n: number): string {
  return `send("kind${n}:1", "move", { id: 1, in${n}: true });`;
}

/** Makes a program with a contract that has this many rooms, and uses each of them once. */
function makeProgram(size: number): Modules {
  const numbers = Array.from({ length: size }, (_, index) => index);
  const rooms = numbers.map(roomOf).join("\n");
  const contract =
    `const contract = defineContract({ rooms: {\n${rooms}\n} });`;
  const text = [HEAD, contract, SEND, ...numbers.map(useOf)].join("\n");
  return { [MAIN]: text };
}

/** Returns the number of type instantiations, which is the same in each run. */
async function countInstantiations(size: number): Promise<number> {
  const program = makeProgram(size);
  const { success, report } = await check(program, ["--log-level=debug"]);
  assert(success, report.slice(-2_000));
  const [, count] = report.match(/^\s*Instantiations: (\d+)$/m) ?? [];
  assert(count !== undefined, "the debug log of Deno has no statistics");
  return Number(count);
}

// TypeScript compares a name with the pattern of each room, which costs a few instantiations.
Deno.test("the cost of a room does not grow with the number of rooms", async () => {
  const few = await countInstantiations(20);
  const more = await countInstantiations(40);
  const most = await countInstantiations(80);
  const early = (more - few) / 20;
  const late = (most - more) / 40;
  assert(late <= 1.1 * early, `${late} instantiations, not ${early}`);
});
