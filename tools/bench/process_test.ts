/** Child processes that speak in lines. */

import assert from "node:assert/strict";
import { killAll, output, Process } from "./process.ts";

/** How long a child may take here, in milliseconds. */
const LIMIT = 20_000;

function start(script: string): Process {
  return new Process({ command: Deno.execPath(), args: ["eval", script] });
}

const ECHO = `
for await (const chunk of Deno.stdin.readable) await Deno.stdout.write(chunk);
`;

Deno.test("a child answers line by line", async () => {
  await using child = start(ECHO);
  assert.equal(await child.ask("one", LIMIT), "one");
  assert.equal(await child.ask("two\nthree", LIMIT), "two");
  assert.equal(await child.next(LIMIT), "three");
});

Deno.test("a child that says nothing is not waited for", async () => {
  await using child = start(ECHO);
  await assert.rejects(child.next(10), /said nothing within 0\.01 s/);
});

Deno.test("a child that ends says why", async () => {
  await using child = start(`throw new Error("no luck")`);
  await assert.rejects(child.next(LIMIT), /deno eval .* ended: .*no luck/s);
});

Deno.test("all children can be ended at once", async () => {
  await using child = start(ECHO);
  await child.ask("ready", LIMIT);
  killAll();
  await assert.rejects(child.next(LIMIT), /ended/);
});

Deno.test("a command that is missing or fails has no output", async () => {
  assert.equal(await output(Deno.execPath(), ["eval", "console.log(1)"]), "1");
  assert.equal(
    await output(Deno.execPath(), ["eval", "Deno.exit(1)"]),
    undefined,
  );
  assert.equal(await output("/no/such/command", []), undefined);
});
