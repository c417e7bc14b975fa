/** Tests of `RoomPattern` in `common/room_name.ts`. */

import assert from "node:assert/strict";
import { RoomPattern } from "../../common/room_name.ts";
import { seededRandom } from "../support/random.ts";

const { parse } = RoomPattern;

const MATCHES: readonly (readonly [
  pattern: string,
  name: string,
  params: Record<string, string> | undefined,
])[] = [
  ["lobby", "lobby", {}],
  ["lobby", "Lobby", undefined],
  ["lobby", "lobby ", undefined],
  ["a.b*", "a.b*", {}],
  ["a.b*", "axbb", undefined],
  ["__proto__", "__proto__", {}],
  ["chat:{id}", "chat:1", { id: "1" }],
  ["chat:{id}", "chat:", undefined],
  ["chat:{id}", "chat", undefined],
  ["chat:{id}", "Chat:1", undefined],
  ["chat:{id}", "chat:1:2", undefined],
  ["chat:{id}", "chat::1", undefined],
  ["chat:{id}", "chat:1\n", { id: "1\n" }],
  ["chat:{id}", "chat:{id}", { id: "{id}" }],
  ["chat:{id}", "chat: ü.*.>\r\n😀", { id: " ü.*.>\r\n😀" }],
  ["{id}", "x", { id: "x" }],
  ["{id}", "", undefined],
  ["{id}", ":", undefined],
  ["{id}:log", "a:log", { id: "a" }],
  ["{id}:log", ":log", undefined],
  ["{id}:log", "a:b:log", undefined],
  ["{a}:{b}", "1:2", { a: "1", b: "2" }],
  ["{a}:{b}", "1:2:3", undefined],
  ["{a}-{b}", "1-2-3", { a: "1", b: "2-3" }],
  ["{a}-{b}", "--2", { a: "-", b: "2" }],
  ["{a}-{b}", "-2", undefined],
  ["{a}-{b}", "---", { a: "-", b: "-" }],
  ["{a}-{b}", "--", undefined],
  ["{a}aa{b}", "aaaaaa", { a: "a", b: "aaa" }],
  ["{a}b{c}b", "abcbdb", { a: "a", c: "cbd" }],
  ["ab{x}bc", "abc", undefined],
  ["ab{x}bc", "abbc", undefined],
  ["ab{x}bc", "abbbc", { x: "b" }],
  ["a{x}:{y}b", "a1:2b", { x: "1", y: "2" }],
  ["a{x}-:{y}", "a--:1", { x: "-", y: "1" }],
  ["{a}😀{b}", "😀😀😀", { a: "😀", b: "😀" }],
  ["{$}.{_1}", "a.b", { $: "a", _1: "b" }],
];

for (const [pattern, name, params] of MATCHES) {
  const result = params === undefined ? "does not match" : "matches";
  Deno.test(`the pattern ${JSON.stringify(pattern)} ${result} ${JSON.stringify(name)}`, () => {
    assert.deepEqual(parse(pattern).match(name), params);
  });
}

Deno.test("a parameter can have the name of a property of Object.prototype", () => {
  const params = parse("{__proto__}:{constructor}").match("1:2");
  assert.deepEqual(Object.entries(params ?? {}), [
    ["__proto__", "1"],
    ["constructor", "2"],
  ]);
});

Deno.test("a pattern keeps its source and the names of its parameters", () => {
  for (const source of ["lobby", "{a}", "x{a}y", "{a}:{b}", "x{a}y{b}z"]) {
    assert.equal(parse(source).source, source);
  }
  assert.deepEqual(parse("x{a}:{b}").names, ["a", "b"]);
  assert.deepEqual(parse("lobby").names, []);
  assert(parse("lobby").isExact && !parse("{a}").isExact);
});

Deno.test("an exact name takes precedence, then the longer literal prefix", () => {
  const sources = ["{id}", "chat", "chat:{id}", "c{id}", "chat:1-{id}"];
  const sorted = sources.map(parse)
    .toSorted((one, other) => other.specificity - one.specificity)
    .map(({ source }) => source);
  assert.deepEqual(sorted, [
    "chat",
    "chat:1-{id}",
    "chat:{id}",
    "c{id}",
    "{id}",
  ]);
});

for (
  const [source, fault] of [
    ["chat:{id", "a brace does not belong to a parameter"],
    ["chat:id}", "a brace does not belong to a parameter"],
    ["chat:{{id}}", "a brace does not belong to a parameter"],
    ["}{", "a brace does not belong to a parameter"],
    ["chat:{}", 'the parameter "" is not an identifier'],
    ["chat:{ id }", 'the parameter " id " is not an identifier'],
    ["chat:{1}", 'the parameter "1" is not an identifier'],
    ["chat:{a-b}", 'the parameter "a-b" is not an identifier'],
    ["chat:{ü}", 'the parameter "ü" is not an identifier'],
    ["{id}:{id}", 'the parameter "id" occurs twice'],
    ["{a}{b}", "two parameters are adjacent"],
    ["x{a}:{b}{c}", "two parameters are adjacent"],
    ["\ud800{id}", "the name of the room must not contain a lone surrogate"],
  ] as const
) {
  Deno.test(`the pattern ${JSON.stringify(source)} is rejected`, () => {
    assert.throws(() => parse(source), (error: Error) => {
      assert.equal(error.name, "TypeError");
      const start = `Cannot define a room with the pattern ${
        JSON.stringify(source)
      }: ${fault}`;
      assert(error.message.startsWith(start), error.message);
      return true;
    });
  });
}

for (const source of [undefined, null, 1, {}, ["lobby"]]) {
  Deno.test(`the pattern ${JSON.stringify(source)} is not a string`, () => {
    assert.throws(() => parse(source as unknown as string), {
      name: "TypeError",
      message: /^Cannot define a room: the pattern must be a string\./,
    });
  });
}

Deno.test("a pattern must match a name of 1 to 200 bytes", () => {
  const longest = "ö".repeat(99);
  for (const source of [`${longest}aa`, `${longest}a{id}`]) parse(source);
  assert(parse(`${longest}a{id}`).match(`${longest}ab`));
  for (const source of ["", `${longest}aaa`, `${longest}aa{id}`]) {
    assert.throws(() => parse(source), {
      name: "RangeError",
      message: /the name of the room must have 1 to 200 bytes/,
    });
  }
});

for (
  const [one, other, tie] of [
    ["lobby", "lobby", true],
    ["lobby", "lobb", false],
    ["lobby", "{id}", false],
    ["chat:1", "chat:{id}", false],
    ["chat:{id}", "chat:{room}", true],
    ["chat:{id}", "c{id}", false],
    ["chat:{id}", "news:{id}", false],
    ["chat:{id}", "blog:{id}", false],
    ["{a}", "{a}:{b}", false],
    ["{a}:{b}", "{a}:x", true],
    ["{a}:{b}", "{a}:{b}:{c}", false],
    ["{a}-{b}", "{a}:{b}", false],
    ["{a}-{b}", "{a}x", true],
    ["{a}-{b}", "{a}-", true],
    ["{a}x", "{a}y", false],
    ["{a}x", "{a}xx", true],
    ["{a}:1", "{a}:2", false],
    ["a{x}", "a{x}:{y}", false],
    ["a{x}b{y}", "a{x}c{y}", true],
    ["a{x}b", "a{x}cb", true],
    ["a{x}:b", "a{x}b", false],
  ] as const
) {
  const verb = tie ? "tie" : "do not tie";
  Deno.test(`the patterns ${one} and ${other} ${verb}`, () => {
    assert.equal(parse(one).ties(parse(other)), tie);
    assert.equal(parse(other).ties(parse(one)), tie);
  });
}

/** Returns all strings of some characters up to a length. */
function stringsOf(characters: string, length: number): string[] {
  const shorter = length === 0 ? [] : stringsOf(characters, length - 1);
  const longest = shorter.filter((text) => text.length === length - 1);
  return length === 0 ? [""] : [
    ...shorter,
    ...longest.flatMap((text) => [...characters].map((each) => text + each)),
  ];
}

/** Makes a random pattern of `a`, `:`, `-` and parameters. */
function randomPattern(random: () => number): string {
  const parts = Array.from({ length: 1 + Math.floor(random() * 5) }, () => {
    const choice = Math.floor(random() * 5);
    return ["a", ":", "-", "{", "{"][choice]!;
  });
  return parts.filter((part, index) => part !== "{" || parts[index - 1] !== "{")
    .map((part, index) => part === "{" ? `{p${index}}` : part).join("");
}

/** The definition of a match, as a regular expression that tries every division. */
function referenceOf(source: string): RegExp {
  return new RegExp(`^${source.replace(/\{\w+\}/g, "[^:]+?")}$`);
}

const NAMES = stringsOf("a:-", 6).slice(1);

Deno.test("match() agrees with a regular expression for random patterns", () => {
  const random = seededRandom(14);
  for (let round = 0; round < 200; round++) {
    const source = randomPattern(random);
    const [pattern, reference] = [parse(source), referenceOf(source)];
    for (const name of NAMES) {
      const matches = pattern.match(name) !== undefined;
      assert.equal(matches, reference.test(name), `${source} and ${name}`);
    }
  }
});

Deno.test("the values of the parameters make up the name again", () => {
  const random = seededRandom(15);
  for (let round = 0; round < 200; round++) {
    const source = randomPattern(random);
    for (const name of NAMES) {
      const params = parse(source).match(name);
      if (params === undefined) continue;
      const built = source.replace(/\{(\w+)\}/g, (_, key) => params[key]!);
      assert.equal(built, name, source);
    }
  }
});

Deno.test("ties() agrees with a search for a common name", () => {
  const random = seededRandom(16);
  const sources = Array.from({ length: 60 }, () => randomPattern(random));
  const patterns = sources.map((source) => ({
    pattern: parse(source),
    names: new Set(NAMES.filter((name) => parse(source).match(name))),
  }));
  let ties = 0;
  for (const one of patterns) {
    for (const other of patterns) {
      const isTie = one.pattern.specificity === other.pattern.specificity &&
        !one.names.isDisjointFrom(other.names);
      const { source } = one.pattern;
      assert.equal(
        one.pattern.ties(other.pattern),
        isTie,
        `${source} and ${other.pattern.source}`,
      );
      ties += Number(isTie);
    }
  }
  assert(ties > 100, `only ${ties} ties`);
});

Deno.test("a name cannot make a pattern search for long", () => {
  const parameters = Array.from({ length: 50 }, (_, index) => `{p${index}}`);
  const pattern = parse(`${parameters.join("-")}x`);
  // An algorithm that tries every division would not end.
  assert.equal(pattern.match("-".repeat(200)), undefined);
  assert(pattern.ties(parse(`${parameters.join("-").slice(0, -1)}q}yx`)));
});
