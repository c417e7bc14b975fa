/** Programs for the compiler to check. */

import assert from "node:assert/strict";
import { check } from "./types/check.ts";
import { makeProgram, type Modules, renew } from "./types/program.ts";

function countIn(modules: Modules, text: string): number {
  return Object.values(modules).join().split(text).length - 1;
}

Deno.test("a program registers and calls each of its operations once", () => {
  const program = makeProgram("contract", 3);
  assert.equal(countIn(program, "z.object("), 2 * 3);
  assert.equal(countIn(program, "server.operation("), 3);
  assert.equal(countIn(program, "connection.operation("), 3);
  assert.match(program["main.ts"] ?? "", /^import ".\/contract.ts";\nimport/);
});

Deno.test("the same program without a contract has no schemas", () => {
  const program = makeProgram("names", 3);
  assert.deepEqual(Object.keys(program), ["server.ts", "client.ts", "main.ts"]);
  assert.equal(countIn(program, "zod"), 0);
  assert.equal(countIn(program, "contract"), 0);
  assert.equal(countIn(program, "connection.operation("), 3);
});

Deno.test("a program that is renewed differs in a comment", () => {
  const program = makeProgram("names", 1);
  const [first, second] = [renew(program), renew(program)];
  assert.notEqual(first["main.ts"], second["main.ts"]);
  assert.equal(
    first["main.ts"]?.replace(/^\/\/ .+\n/, ""),
    program["main.ts"],
  );
});

Deno.test("a program compiles, and one that breaks its contract does not", async () => {
  const program = makeProgram("contract", 2);
  assert.equal((await check(program)).success, true);
  const client = program["client.ts"]?.replace("id: 1", 'id: "one"') ?? "";
  const { success, report } = await check({ ...program, "client.ts": client });
  assert.equal(success, false);
  assert.match(report, /'string' is not assignable to type 'number'/);
});

Deno.test("a check takes time each time, also of what was checked before", async () => {
  const program = makeProgram("names", 1);
  for (let time = 0; time < 2; time++) {
    const { success, cpu, report } = await check(program);
    assert.equal(success, true, report);
    assert.match(report, /^Check .+main\.ts$/m);
    // Without a check, Deno takes some 20 ms.
    assert(cpu > 100, `${cpu} ms`);
  }
});
