/** Counting frames without parsing them. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Counter } from "./load/counter.ts";

const NEEDLE = '"success":true';
const STREAM = `{${NEEDLE},"id":1}xx{${NEEDLE}}[{${NEEDLE}},{"success":false}]`;

function countIn(stream: string, size: number): number {
  const counter = new Counter(NEEDLE);
  let count = 0;
  for (let at = 0; at < stream.length; at += size) {
    count += counter.count(Buffer.from(stream.slice(at, at + size)));
  }
  return count;
}

Deno.test("counts each occurrence once, wherever the stream is split", () => {
  for (let size = 1; size <= STREAM.length; size++) {
    assert.equal(countIn(STREAM, size), 3, `in pieces of ${size}`);
  }
});

Deno.test("counts an occurrence when it is complete", () => {
  const counter = new Counter(NEEDLE);
  assert.equal(counter.count(Buffer.from('{"success":tru')), 0);
  assert.equal(counter.count(Buffer.from('e}{"success":true}')), 2);
});
