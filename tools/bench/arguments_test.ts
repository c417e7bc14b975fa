/** The command line of the bench. */

import assert from "node:assert/strict";
import { helpOf } from "../../cli/help.ts";
import { parse, type Syntax } from "../../cli/parse.ts";
import {
  type Options,
  optionsOf as optionsOfFlags,
  SECTION_NAMES,
  SERVER_SECTIONS,
  SYNTAX,
} from "./arguments.ts";

function optionsOf(...args: string[]): Options {
  const request = parse(SYNTAX, args);
  assert(request.kind === "run", JSON.stringify(request));
  return optionsOfFlags(request.flags);
}

function problemOf(...args: string[]): string {
  const request = parse(SYNTAX, args);
  assert(request.kind === "usage", JSON.stringify(request));
  return request.problem;
}

Deno.test("measures all sections by default", () => {
  assert.deepEqual(optionsOf(), {
    quick: false,
    plot: undefined,
    only: SECTION_NAMES,
    rounds: undefined,
    versus: undefined,
  });
});

Deno.test("writes the plot beside the results by default", () => {
  assert.equal(optionsOf("--plot").plot, "tools/bench/results.svg");
  assert.equal(optionsOf("--plot=a.svg", "--quick").plot, "a.svg");
  assert.equal(optionsOf("--plot", "--quick").quick, true);
});

Deno.test("measures the sections in their own order", () => {
  const { only, rounds } = optionsOf("--only=start-up,memory", "--rounds=12");
  assert.deepEqual(only, ["memory", "start-up"]);
  assert.equal(rounds, 12);
});

Deno.test("compares two checkouts only where servers are compared", () => {
  const { only, versus } = optionsOf("--versus=../other");
  assert.deepEqual(only, SERVER_SECTIONS);
  assert.equal(versus, "../other");
  assert.match(problemOf("--versus=a", "--only=types"), /section 'types'/);
  assert.match(problemOf("--versus="), /--versus needs a value/);
});

Deno.test("reports arguments that are wrong", () => {
  assert.match(
    problemOf("--only=memory,speed"),
    /Unknown section 'speed' .* round-trips/,
  );
  assert.match(problemOf("--only="), /--only needs a value/);
  assert.match(problemOf("--rounds=0"), /not 0/);
  assert.match(problemOf("--rounds=x"), /not "x"/);
  assert.match(problemOf("--round=9"), /--round\. Did you mean --rounds/);
  assert.match(problemOf("fast"), /Unexpected argument 1: /);
});

Deno.test("lists all sections in the help", () => {
  const syntax = SYNTAX as unknown as Syntax;
  const help = helpOf(syntax, { program: "deno task bench" });
  for (const name of SECTION_NAMES) assert.match(help, RegExp(`${name}[,\\n]`));
});
