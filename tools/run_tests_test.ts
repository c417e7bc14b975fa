/** Which tests `deno task test` runs together, and which alone. */

import assert from "node:assert/strict";
import { planRuns } from "./run_tests.ts";

/** Returns the folders that a run ignores. */
function ignoredBy(run: readonly string[]): readonly string[] {
  const [ignored = ""] = run.filter((each) => each.startsWith("--ignore="));
  return ignored.replace("--ignore=", "").split(",");
}

Deno.test("the storms run alone, after all other tests", () => {
  const [first = [], second = [], ...others] = planRuns([]);
  assert(first.includes("--parallel") && first.includes("--doc"));
  assert(ignoredBy(first).includes("tests/attacks"));
  assert(!second.includes("--parallel"));
  assert.equal(second.at(-1), "tests/attacks");
  assert.deepEqual(others, []);
});

Deno.test("options without a path apply to all tests", () => {
  for (const run of planRuns(["--no-check"])) {
    assert(run.includes("--no-check"));
  }
});

for (const args of [["tests/attacks"], ["--filter", "ping"]]) {
  Deno.test(`${args.join(" ")} is a single run, one test at a time`, () => {
    const [run = [], ...others] = planRuns(args);
    assert.deepEqual(run.slice(-args.length), args);
    assert(!run.includes("--parallel"));
    assert(!ignoredBy(run).includes("tests/attacks"));
    assert.deepEqual(others, []);
  });
}
