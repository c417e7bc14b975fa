import assert from "node:assert/strict";
import { readData } from "../../cli/data.ts";
import { UsageError } from "../../cli/parse.ts";
import { makeContext } from "../support/command_line.ts";

const { context } = makeContext({
  readTextFile: (path) => Promise.resolve(`{"path":${JSON.stringify(path)}}`),
  readInput: () => Promise.resolve('{"from":"input"}\n'),
});

const DATA:
  readonly (readonly [readonly string[], string | undefined, unknown])[] = [
    [[], undefined, {}],
    [["name=Ada"], undefined, { name: "Ada" }],
    [["a=", "b=x=y", "c=a b"], undefined, { a: "", b: "x=y", c: "a b" }],
    [["n:=1", "t:=true", "x:=null"], undefined, { n: 1, t: true, x: null }],
    [['o:={"a":[1]}', 's:="x"'], undefined, { o: { a: [1] }, s: "x" }],
    [["a=:=1"], undefined, { a: ":=1" }],
    [["a:b=1"], undefined, { "a:b": "1" }],
    [["a=1", "a:=2"], undefined, { a: 2 }],
    [["line=one\ntwo"], undefined, { line: "one\ntwo" }],
    [[], '{"a":1}', { a: 1 }],
    [["b=2", "a:=3"], '{"a":1}', { a: 3, b: "2" }],
    [[], "@data.json", { path: "data.json" }],
    [[], "-", { from: "input" }],
    [[], "@-", { from: "input" }],
  ];

for (const [words, data, expected] of DATA) {
  Deno.test(`reads ${JSON.stringify([words, data])}`, async () => {
    assert.deepEqual(await readData(words, data, context), expected);
  });
}

Deno.test("the key __proto__ is an ordinary one", async () => {
  const data = await readData(["__proto__:={}", "a=1"], undefined, context);
  assert.equal(JSON.stringify(data), '{"__proto__":{},"a":"1"}');
});

const PROBLEMS:
  readonly (readonly [readonly string[], string | undefined, string])[] = [
    [
      ["name"],
      undefined,
      "The argument DATA must be KEY=VALUE or KEY:=JSON, but word 1 of it is neither. Use --data for a whole object, and quote a value that contains spaces.",
    ],
    [
      ["a=b", "=x"],
      undefined,
      "The argument DATA must be KEY=VALUE or KEY:=JSON, but word 2 of it is neither. Use --data for a whole object, and quote a value that contains spaces.",
    ],
    [
      ["a:=x"],
      undefined,
      'The value of "a:=" is not JSON. For a string, write a=VALUE.',
    ],
    [
      ["a:="],
      undefined,
      'The value of "a:=" is not JSON. For a string, write a=VALUE.',
    ],
    [[], "{a:1}", "The value of --data is not JSON. Quote it for your shell."],
    [
      [],
      "[1]",
      'The value of --data must be a JSON object, such as {"name":"Ada"}.',
    ],
    [
      [],
      "null",
      'The value of --data must be a JSON object, such as {"name":"Ada"}.',
    ],
  ];

for (const [words, data, problem] of PROBLEMS) {
  Deno.test(`rejects ${JSON.stringify([words, data])}`, async () => {
    await assert.rejects(readData(words, data, context), (error) => {
      assert(error instanceof UsageError);
      assert.equal(error.message, problem);
      return true;
    });
  });
}

Deno.test("names the file or the input that is no JSON", async () => {
  const { context } = makeContext({
    readTextFile: () => Promise.resolve("no"),
    readInput: () => Promise.resolve(""),
  });
  const file = readData([], "@a.json", context);
  await assert.rejects(
    file,
    /^Error: The file "a\.json" is not JSON\. Check its content\.$/,
  );
  const input = readData([], "-", context);
  await assert.rejects(
    input,
    /^Error: The standard input is empty\. Check the program or the file /,
  );
});
