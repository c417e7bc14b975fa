/** The warnings of the client, of which a command prints each only once. */

import assert from "node:assert/strict";
import { Warnings } from "../../cli/warnings.ts";
import { runAgainst } from "../support/client_command.ts";
import { ackResponse, fakeServer } from "../support/fake_server.ts";

Deno.test("each warning is printed once, and at the end how often it occurred", () => {
  const lines: string[] = [];
  const warnings = new Warnings((line) => void lines.push(line));
  warnings.warn("a");
  warnings.warn("b");
  for (let n = 0; n < 1_233; n++) warnings.warn("a");
  warnings.error("a");
  assert.deepEqual(lines, ["warning: a", "warning: b", "error: a"]);
  lines.length = 0;
  warnings[Symbol.dispose]();
  assert.deepEqual(lines, ["warning: a (at least 1,234 times)"]);
});

Deno.test("lines that the client has omitted count, too", () => {
  const lines: string[] = [];
  const warnings = new Warnings((line) => void lines.push(line));
  warnings.warn("a: b");
  warnings.warn("a: b (1 earlier line was omitted)");
  warnings.warn("a: b (40 earlier lines were omitted)");
  warnings[Symbol.dispose]();
  assert.deepEqual(lines, [
    "warning: a: b",
    "warning: a: b (at least 44 times)",
  ]);
});

Deno.test("a server cannot cause any number of different lines", () => {
  const lines: string[] = [];
  const warnings = new Warnings((line) => void lines.push(line));
  for (let n = 0; n < 10_000; n++) warnings.warn(`line ${n}`);
  warnings[Symbol.dispose]();
  assert.equal(lines.length, 100);
});

const ANSWER = {
  ...{ success: true, error: null, code: 0, message: null, desc: null },
  data: {},
};

for (
  const args of [
    ["bench", "--seconds", "1", "--connections", "3"],
    ["send", "hello"],
  ]
) {
  Deno.test(`${args[0]} prints a warning for all invalid frames together`, async () => {
    await using server = fakeServer((socket, { id, end }) => {
      if (end === true) return socket.close();
      for (let n = 0; n < 10; n++) socket.send("{}");
      socket.send(JSON.stringify({ ...ANSWER, id }));
    }, ackResponse);
    const { code, errors } = await runAgainst(server, args);
    assert.equal(code, 0, errors.join("\n"));
    const warnings = errors.filter((line) => line.startsWith("warning: "));
    assert.equal(warnings.length, 2, errors.join("\n"));
    const [first = "", last = ""] = warnings;
    assert.match(first, /ignored a frame that is not of Hoist 1$/);
    assert.match(last, /Hoist 1 \(at least [\d,]+ times\)$/);
  });
}
