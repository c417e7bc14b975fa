/** The problems that one process has found. */

import assert from "node:assert/strict";
import { merge, Problems } from "./problems.ts";

Deno.test("reports the first problems and counts the others", () => {
  const problems = new Problems();
  for (let index = 0; index < 12; index++) problems.add(`problem ${index}`);
  const { count, texts } = problems.finding;
  assert.equal(count, 12);
  assert.equal(texts.length, 10);
  assert.equal(texts[0], "problem 0");
});

Deno.test("merges the problems of two processes", () => {
  const one = { count: 12, texts: ["a"] };
  const other = { count: 1, texts: ["b"] };
  assert.deepEqual(merge(one, other), { count: 13, texts: ["a", "b"] });
});

Deno.test("reports uncaught errors and continues", async () => {
  const script = `
    import { Problems } from ${
    JSON.stringify(import.meta.resolve("./problems.ts"))
  };
    const problems = new Problems();
    problems.watch();
    Promise.reject(new Error("stray"));
    setTimeout(() => { throw new Error("thrown"); }, 0);
    const timer = setInterval(() => {
      if (problems.finding.count < 2) return;
      clearInterval(timer);
      console.log(JSON.stringify(problems.finding));
    }, 1);
  `;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", script],
  }).output();
  const { texts } = JSON.parse(new TextDecoder().decode(stdout));
  // Deno does not guarantee their order.
  const [thrown, stray, ...others] = texts.sort();
  assert.match(thrown, /^uncaught error: Error: thrown/);
  assert.match(stray, /^unhandled rejection: Error: stray/);
  assert.deepEqual(others, []);
});
