/** The order of the measurements, and their values. */

import assert from "node:assert/strict";
import type { Contender, ContenderName } from "./contenders.ts";
import { interleave, percentiles, rotate, valuesOf } from "./sections/cell.ts";
import { Context, QUICK } from "./sections/context.ts";

function contextOf(...names: ContenderName[]): Context {
  const contenders = names.map((name): [ContenderName, Contender] => {
    const server = { command: "", args: [] };
    const dialect = { name: "socket.io" } as const;
    return [name, { name, dialect, server, startUp: () => server }];
  });
  const scale = { ...QUICK, rounds: 4, peerRounds: 3 };
  return new Context(scale, new Map(contenders), "");
}

const ROW = { section: "", label: "", metrics: [], targets: {} };

Deno.test("measures all contenders in each round, in another order", async () => {
  await using context = contextOf("hoist", "bare", "ws", "python");
  const names = ["hoist", "bare", "ws", "bun", "python"] as const;
  const cells = interleave(context, ROW, names, () => Promise.resolve({}));
  assert.deepEqual(
    cells.map(({ contender, round }) => `${contender} ${round}`),
    [
      ...["hoist 0", "bare 0", "ws 0", "python 0"],
      ...["bare 1", "ws 1", "python 1", "hoist 1"],
      ...["ws 2", "hoist 2", "bare 2"],
      ...["hoist 3", "bare 3"],
    ],
  );
});

Deno.test("rotates an array", () => {
  assert.deepEqual(rotate([1, 2, 3], 4), [2, 3, 1]);
  assert.deepEqual(rotate([], 1), []);
});

Deno.test("calculates values per unit and per second", () => {
  const span = { seconds: 2, serverCpu: 1, ownCpu: 0.5 };
  assert.deepEqual(valuesOf({ ...span, units: 1_000, times: [] }), {
    cpu: 1_000,
    rate: 500,
    load: 0.25,
    serverShare: 0.5,
  });
  assert.deepEqual(percentiles([3, 1, 2]), { p50: 2, p99: 3 });
});
