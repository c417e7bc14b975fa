/** The command line of the soak test. */

import assert from "node:assert/strict";
import { parse } from "../../cli/parse.ts";
import { SYNTAX } from "./arguments.ts";

function flagsOf(...args: string[]) {
  const request = parse(SYNTAX, args);
  assert(request.kind === "run", JSON.stringify(request));
  return request.flags;
}

function problemOf(...args: string[]): string {
  const request = parse(SYNTAX, args);
  assert(request.kind === "usage", JSON.stringify(request));
  return request.problem;
}

Deno.test("runs for a short time with a new seed by default", () => {
  assert.deepEqual(flagsOf(), { seconds: 20, clients: 300 });
});

Deno.test("accepts each option up to its limits", () => {
  assert.deepEqual(
    flagsOf("--seconds=5", "--seed=4294967295", "--clients=10000"),
    { seconds: 5, seed: 4_294_967_295, clients: 10_000 },
  );
});

Deno.test("reports arguments that are wrong", () => {
  assert.match(problemOf("--seconds=4"), /--seconds must be .* not 4\./);
  assert.match(problemOf("--seconds="), /--seconds needs a value/);
  assert.match(problemOf("--seed=-1"), /--seed must be .* not "-1"/);
  assert.match(problemOf("--seed=4294967296"), /not 4294967296/);
  assert.match(problemOf("--clients=many"), /not "many"/);
  assert.match(problemOf("--clients=1.5"), /not "1\.5"/);
  assert.match(problemOf("--second=9"), /--second\. Did you mean --seconds/);
  assert.match(problemOf("fast"), /Unexpected argument 1: /);
});
