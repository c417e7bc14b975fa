/** Tests of the time that TypeScript needs for a large contract. */

import assert from "node:assert/strict";
import { check } from "../../tools/bench/types/check.ts";
import { makeProgram } from "../../tools/bench/types/program.ts";

/** Returns the number of type instantiations, which is the same in each run. */
async function countInstantiations(size: number): Promise<number> {
  const program = makeProgram("contract", size);
  const { success, report } = await check(program, ["--log-level=debug"]);
  assert(success, report.slice(-2_000));
  const [, count] = report.match(/^\s*Instantiations: (\d+)$/m) ?? [];
  assert(
    count !== undefined,
    "the debug log of Deno has no statistics",
  );
  return Number(count);
}

Deno.test("the cost of an operation does not grow with the size of the contract", async () => {
  const few = await countInstantiations(20);
  const more = await countInstantiations(40);
  const most = await countInstantiations(80);
  const early = (more - few) / 20;
  const late = (most - more) / 40;
  assert(late <= 1.05 * early, `${late} instantiations, not ${early}`);
});
