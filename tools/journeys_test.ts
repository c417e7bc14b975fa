/** The measurement of the journeys: its pure parts, and one run of all of it. */

import assert from "node:assert/strict";
import { resolve } from "node:path";
import { formatTable, reachOf, rootOf } from "./journeys.ts";
import type { CalledFunction } from "./journeys/inspector.ts";
import { classNameOf, positionOf } from "./journeys/recorder.ts";

function calledFunction(name: string, calls: number): CalledFunction {
  const [url = ""] = name.split(" ");
  return { url, name, start: 0, end: 1, calls };
}

Deno.test("counts the functions that run in the repetitions", () => {
  const before = [calledFunction("a.ts f", 1), calledFunction("a.ts g", 3)];
  const after = [
    calledFunction("a.ts f", 11),
    calledFunction("a.ts g", 3),
    calledFunction("b.ts h", 20),
    calledFunction("b.ts i", 10),
    calledFunction("c.ts", 1),
  ];
  assert.deepEqual(reachOf(before, after, 10), {
    files: 2,
    functions: 3,
    calls: 4,
  });
});

Deno.test("formats a table in Markdown", () => {
  const table = formatTable([["a", "b"], ["1", "2"]]);
  assert.equal(table, "| a | b |\n| --- | --- |\n| 1 | 2 |");
});

Deno.test("measures this checkout by default", () => {
  assert.equal(rootOf([]), resolve(import.meta.dirname!, ".."));
  assert.equal(rootOf(["--root=/other/"]), "/other");
});

Deno.test("rejects unknown arguments", () => {
  assert.throws(() => rootOf(["--rot=/other"]), /unknown argument '--rot=/);
});

Deno.test("converts an offset to a line and a column", () => {
  assert.deepEqual(positionOf("ab\ncd", 4), { lineNumber: 1, columnNumber: 1 });
  assert.deepEqual(positionOf("ab", 0), { lineNumber: 0, columnNumber: 0 });
});

Deno.test("names the class of an object, but no built-in class", () => {
  class Example {}
  assert.equal(classNameOf(new Example()), "Example");
  assert.equal(classNameOf(new Map()), undefined);
  assert.equal(classNameOf(Object.create(null)), undefined);
  assert.equal(classNameOf(undefined), undefined);
});

Deno.test("prints the journeys and the objects of this checkout", async () => {
  const script = new URL("./journeys.ts", import.meta.url).pathname;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", script],
  }).output();
  const text = new TextDecoder().decode(stdout);
  assert(success, new TextDecoder().decode(stderr));
  assert.match(text, /^\| operation \| \d+ \| \d+ \| \d+ \|$/m);
  assert.match(text, /^\| Session \| server\/session\.ts \| connection/m);
});
