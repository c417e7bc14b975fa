/** Child processes that exchange lines. */

import assert from "node:assert/strict";
import { killAll, output, Process } from "./process.ts";

/** The longest wait for a child process, in milliseconds. */
const TIMEOUT = 20_000;

function start(script: string): Process {
  return new Process({ command: Deno.execPath(), args: ["eval", script] });
}

const ECHO = `
for await (const chunk of Deno.stdin.readable) await Deno.stdout.write(chunk);
`;

Deno.test("returns the answer to each command", async () => {
  await using child = start(ECHO);
  assert.equal(await child.request("one\ntwo", TIMEOUT), "one\ntwo");
  assert.deepEqual(await child.request({ n: 3 }, TIMEOUT), { n: 3 });
});

Deno.test("returns one line at a time", async () => {
  await using child = start(`console.log("one\\ntwo")`);
  assert.equal(await child.next(TIMEOUT), "one");
  assert.equal(await child.next(TIMEOUT), "two");
});

Deno.test("throws if the child process answers with an error", async () => {
  await using child = start(ECHO);
  const command = { error: "no luck" };
  await assert.rejects(child.request(command, TIMEOUT), /^Error: no luck$/);
});

Deno.test("stops waiting for a child process that is silent", async () => {
  await using child = start(ECHO);
  await assert.rejects(child.next(10), /wrote no line within 0\.01 s/);
});

Deno.test("quotes the error of a child process that ends", async () => {
  await using child = start(`throw new Error("no luck")`);
  await assert.rejects(child.next(TIMEOUT), /deno eval .* ended: .*no luck/s);
});

Deno.test("kills all child processes", async () => {
  await using child = start(ECHO);
  await child.request("ready", TIMEOUT);
  killAll();
  await assert.rejects(child.next(TIMEOUT), /ended/);
});

Deno.test("returns no output of a command that fails or does not exist", async () => {
  const run = (script: string) => output(Deno.execPath(), ["eval", script]);
  assert.equal(await run("console.log(1)"), "1");
  assert.equal(await run("Deno.exit(1)"), undefined);
  assert.equal(await output("/no/such/command", []), undefined);
});
