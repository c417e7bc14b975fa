/** What the arguments ask for. */

import assert from "node:assert/strict";
import { HELP, type Options, parse, SECTION_NAMES } from "./arguments.ts";

function optionsOf(...args: string[]): Options {
  const request = parse(args);
  assert(request.kind === "measure", JSON.stringify(request));
  return request.options;
}

function problemOf(...args: string[]): string {
  const request = parse(args);
  assert(request.kind === "usage", JSON.stringify(request));
  return request.problem;
}

Deno.test("without arguments, everything is measured", () => {
  assert.deepEqual(optionsOf(), {
    quick: false,
    plot: undefined,
    only: SECTION_NAMES,
    rounds: undefined,
  });
});

Deno.test("the plot goes where one wants it, or beside the results", () => {
  assert.equal(optionsOf("--plot").plot, "tools/bench/results.svg");
  assert.equal(optionsOf("--plot=a.svg", "--quick").plot, "a.svg");
  assert.equal(optionsOf("--plot", "--quick").quick, true);
});

Deno.test("sections are measured in their own order", () => {
  const { only, rounds } = optionsOf("--only=start-up,memory", "--rounds=12");
  assert.deepEqual(only, ["memory", "start-up"]);
  assert.equal(rounds, 12);
});

Deno.test("what makes no sense is said", () => {
  assert.match(
    problemOf("--only=memory,speed"),
    /no "speed", only round-trips/,
  );
  assert.match(problemOf("--only="), /no "", only/);
  assert.match(problemOf("--rounds=0"), /not "0"/);
  assert.match(problemOf("--rounds=x"), /not "x"/);
  assert.match(problemOf("--fast"), /no --fast/);
  assert.match(problemOf("fast"), /no fast/);
});

Deno.test("help names all sections", () => {
  for (const name of SECTION_NAMES) assert.match(HELP, RegExp(`${name}[,\n]`));
});

Deno.test("help comes before everything else", () => {
  assert.deepEqual(parse(["--fast", "--help"]), { kind: "help" });
});
