/** The programs that the compiler checks. */

import assert from "node:assert/strict";
import { check } from "./types/check.ts";
import { makeProgram, type Modules, renew } from "./types/program.ts";

function countIn(modules: Modules, text: string): number {
  return Object.values(modules).join().split(text).length - 1;
}

Deno.test("makes a program that registers and calls each operation once", () => {
  const program = makeProgram("contract", 3);
  assert.equal(countIn(program, "z.object("), 2 * 3);
  assert.equal(countIn(program, "server.operation("), 3);
  assert.equal(countIn(program, "connection.operation("), 3);
  assert.match(program["main.ts"] ?? "", /^import ".\/contract.ts";\nimport/);
});

Deno.test("makes the same program without schemas", () => {
  const program = makeProgram("names", 3);
  assert.deepEqual(Object.keys(program), ["server.ts", "client.ts", "main.ts"]);
  assert.equal(countIn(program, "zod"), 0);
  assert.equal(countIn(program, "contract"), 0);
  assert.equal(countIn(program, "connection.operation("), 3);
});

Deno.test("renews a program with a comment", () => {
  const program = makeProgram("names", 1);
  const [first, second] = [renew(program), renew(program)];
  assert.notEqual(first["main.ts"], second["main.ts"]);
  assert.equal(
    first["main.ts"]?.replace(/^\/\/ .+\n/, ""),
    program["main.ts"],
  );
});

Deno.test("compiles a program, but not if it breaks its contract", async () => {
  const program = makeProgram("contract", 2);
  assert.equal((await check(program)).success, true);
  const client = program["client.ts"]?.replace("id: 1", 'id: "one"') ?? "";
  const { success, report } = await check({ ...program, "client.ts": client });
  assert.equal(success, false);
  assert.match(report, /'string' is not assignable to type 'number'/);
});

Deno.test("checks a program again that was checked before", async () => {
  const program = makeProgram("names", 1);
  for (let time = 0; time < 2; time++) {
    const { success, cpu, report } = await check(program);
    assert.equal(success, true, report);
    assert.match(report, /^Check .+main\.ts$/m);
    // Without a check, Deno needs about 20 ms.
    assert(cpu > 100, `${cpu} ms`);
  }
});
