/** The command line of the chaos test. */

import assert from "node:assert/strict";
import { parse } from "../../cli/parse.ts";
import { type Options, optionsOf, SYNTAX } from "./arguments.ts";
import { KILLS, SCENARIOS } from "./scenarios.ts";

function options(...args: readonly string[]): Options {
  const request = parse(SYNTAX, args);
  assert(request.kind === "run", JSON.stringify(request));
  return optionsOf(request.flags);
}

function problem(...args: readonly string[]): string {
  const request = parse(SYNTAX, args);
  assert(request.kind === "usage", JSON.stringify(request));
  return request.problem;
}

Deno.test("runs all scenarios with both engines by default", () => {
  assert.deepEqual(options("--seed=7"), {
    engines: ["nats", "redis"],
    scenarios: SCENARIOS,
    ...{ seed: 7, nodes: 2, kills: 0, isQuick: false },
  });
});

Deno.test("accepts an engine, a scenario and numbers", () => {
  const chosen = options(
    ...["--engine=redis", "--only=freeze", "--nodes=4", "--seed=1", "--quick"],
  );
  assert.deepEqual(chosen.engines, ["redis"]);
  assert.deepEqual(chosen.scenarios.map(({ name }) => name), ["freeze"]);
  assert.deepEqual([chosen.nodes, chosen.seed, chosen.isQuick], [4, 1, true]);
});

Deno.test("replaces the scenarios by kills", () => {
  const { scenarios, kills } = options("--kills=100");
  assert.deepEqual([scenarios, kills], [[KILLS], 100]);
});

Deno.test("makes other random choices in each run by default", () => {
  assert.notEqual(options().seed, options().seed);
});

Deno.test("explains what is wrong", () => {
  assert.match(problem("--fast"), /^Unknown option --fast\./);
  assert.match(
    problem("--engine=kafka"),
    /^Option --engine must be one of nats, redis, not "kafka"/,
  );
  assert.match(
    problem("--only=flood"),
    /^Option --only must be one of steady, .*"flood"/,
  );
  assert.match(problem("--nodes=5"), /a whole number from 2 to 4, not 5/);
  assert.match(problem("--kills=0"), /--kills must be a whole number from 1/);
  assert.match(problem("--seed="), /--seed needs a value/);
  assert.match(
    problem("--only=steady", "--kills=1"),
    /either --only or --kills/,
  );
});
