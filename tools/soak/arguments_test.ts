/** The command line of the soak test. */

import assert from "node:assert/strict";
import { parse } from "./arguments.ts";

function problemOf(...args: string[]): string {
  const request = parse(args, 1);
  assert(request.kind === "usage", JSON.stringify(request));
  return request.problem;
}

Deno.test("runs for a short time with a new seed by default", () => {
  assert.deepEqual(parse([], 7), {
    kind: "run",
    options: { seconds: 20, seed: 7, clients: 300 },
  });
});

Deno.test("accepts each option up to its limits", () => {
  assert.deepEqual(
    parse(["--seconds=5", "--seed=4294967295", "--clients=10000"], 7),
    {
      kind: "run",
      options: { seconds: 5, seed: 4_294_967_295, clients: 10_000 },
    },
  );
});

Deno.test("reports arguments that are wrong", () => {
  assert.match(problemOf("--seconds=4"), /--seconds must be .* not '4'/);
  assert.match(problemOf("--seconds="), /not ''/);
  assert.match(problemOf("--seed=-1"), /--seed must be .* not '-1'/);
  assert.match(problemOf("--seed=4294967296"), /not '4294967296'/);
  assert.match(problemOf("--clients=many"), /not 'many'/);
  assert.match(problemOf("--clients=1.5"), /not '1\.5'/);
  assert.match(problemOf("--fast"), /unknown argument '--fast'/);
  assert.match(problemOf("fast"), /unknown argument 'fast'/);
});

Deno.test("prints the help whatever the other arguments are", () => {
  assert.deepEqual(parse(["--fast", "--help"], 1), { kind: "help" });
});
