/** What the compiler has to do for a contract, which is to grow with it and no faster. */

import assert from "node:assert/strict";
import { check } from "../../tools/bench/types/check.ts";
import { makeProgram } from "../../tools/bench/types/program.ts";

/** How many types the compiler makes of generic ones, which is the same in each run. */
async function countInstantiations(size: number): Promise<number> {
  const program = makeProgram("contract", size);
  const { success, report } = await check(program, ["--log-level=debug"]);
  assert(success, report.slice(-2_000));
  const [, count] = report.match(/^\s*Instantiations: (\d+)$/m) ?? [];
  assert(
    count !== undefined,
    "the debug log of Deno has no statistics any more",
  );
  return Number(count);
}

Deno.test("an operation costs the compiler as much in a large contract", async () => {
  const few = await countInstantiations(20);
  const more = await countInstantiations(40);
  const most = await countInstantiations(80);
  const early = (more - few) / 20;
  const late = (most - more) / 40;
  assert(late <= 1.05 * early, `${late} instantiations, not ${early}`);
});
