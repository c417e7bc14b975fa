import assert from "node:assert/strict";
import { namedIn, supportOf } from "../../server/options.ts";

/** Lists, with the operations that clients may call of `a`, `b` and `c`. */
const LISTS: readonly (readonly [
  supported: readonly string[] | undefined,
  unsupported: readonly string[] | undefined,
  callable: readonly string[],
])[] = [
  [undefined, undefined, ["a", "b", "c"]],
  [["*"], undefined, ["a", "b", "c"]],
  [undefined, [], ["a", "b", "c"]],
  [["*"], [], ["a", "b", "c"]],
  [["a"], undefined, ["a"]],
  [["a", "c"], undefined, ["a", "c"]],
  [["a", "a", "unknown"], undefined, ["a"]],
  [[], undefined, []],
  [[], [], []],
  [[], ["a"], []],
  [undefined, ["a"], ["b", "c"]],
  [undefined, ["a", "c", "a"], ["b"]],
  [["*"], ["b"], ["a", "c"]],
  [undefined, ["*"], []],
  [["*"], ["*"], []],
  [["a"], ["*"], ["a"]],
  [["a", "b"], ["*"], ["a", "b"]],
  [["a"], ["b"], ["a"]],
  [["A", "a "], undefined, []],
];

for (const [supported, unsupported, callable] of LISTS) {
  Deno.test(`with ${JSON.stringify(supported)} and without ${JSON.stringify(unsupported)}, ${callable.join(", ") || "nothing"} can be called`, () => {
    const isSupported = supportOf(supported, unsupported);
    assert.deepEqual(["a", "b", "c"].filter(isSupported), callable);
  });
}

Deno.test("lists take names like any other that every object has", () => {
  for (const name of ["__proto__", "constructor", "toString", ""]) {
    assert(supportOf()(name));
    assert(!supportOf(["a"])(name));
    assert(!supportOf([])(name));
    assert(supportOf([name])(name));
    assert(!supportOf(undefined, [name])(name));
    assert(supportOf([name], ["*"])(name));
  }
});

Deno.test("lists count as they were given, whatever becomes of them later", () => {
  const supported = ["a"];
  const unsupported = ["b"];
  const isSupported = supportOf(supported, unsupported);
  supported.push("c");
  unsupported[0] = "a";
  assert.deepEqual(["a", "b", "c"].filter(isSupported), ["a"]);
});

for (
  const list of [null, "a", "*", 1, true, {}, { length: 0 }, new Set(["a"])]
) {
  Deno.test(`supportOf() refuses ${Deno.inspect(list)} as a list`, () => {
    // What TypeScript refuses and JavaScript does not.
    const names = list as unknown as string[];
    assert.throws(() => supportOf(names), {
      name: "TypeError",
      message:
        `Cannot serve as 'supportedOperations' must be a list of names of operations, or ["*"] for all`,
    });
    assert.throws(() => supportOf(undefined, names), {
      name: "TypeError",
      message:
        `Cannot serve as 'unsupportedOperations' must be a list of names of operations, or ["*"] for all`,
    });
  });
}

for (const name of [undefined, null, 1, {}, ["a"], Symbol("a")]) {
  Deno.test(`supportOf() refuses ${Deno.inspect(name)} as a name`, () => {
    const names = ["a", name] as string[];
    assert.throws(() => supportOf(names, ["b"]), {
      name: "TypeError",
      message:
        `Cannot serve as 'supportedOperations' must be a list of names of operations, or ["*"] for all`,
    });
    assert.throws(() => supportOf(["b"], names), {
      name: "TypeError",
      message:
        `Cannot serve as 'unsupportedOperations' must be a list of names of operations, or ["*"] for all`,
    });
  });
}

for (const names of [["*", "a"], ["a", "*"], ["*", "*"], ["a", "*", "b"]]) {
  Deno.test(`supportOf() refuses ${JSON.stringify(names)}, which has all and more`, () => {
    assert.throws(() => supportOf(names), {
      name: "TypeError",
      message:
        `Cannot serve as "*" in 'supportedOperations' stands for all operations: leave out the others`,
    });
    assert.throws(() => supportOf(undefined, names), {
      name: "TypeError",
      message:
        `Cannot serve as "*" in 'unsupportedOperations' stands for all operations: leave out the others`,
    });
  });
}

for (
  const [supported, unsupported, both] of [
    [["a"], ["a"], '"a"'],
    [["a", "b", "c"], ["d", "c", "b"], '"b"'],
    [['say "hi"\n'], ['say "hi"\n'], '"say \\"hi\\"\\n"'],
    [["__proto__"], ["__proto__"], '"__proto__"'],
  ] as const
) {
  Deno.test(`supportOf() refuses ${both} in both lists`, () => {
    assert.throws(() => supportOf(supported, unsupported), {
      name: "TypeError",
      message:
        `Cannot serve as operation ${both} is both in 'supportedOperations' and in 'unsupportedOperations'`,
    });
  });
}

Deno.test("namedIn() are the names in both lists, without the one that stands for all", () => {
  assert.deepEqual(namedIn(undefined, undefined), []);
  assert.deepEqual(namedIn(["*"], ["*"]), []);
  assert.deepEqual(namedIn(["a", "b"], ["*"]), ["a", "b"]);
  assert.deepEqual(namedIn(undefined, ["c"]), ["c"]);
  assert.deepEqual(namedIn(["a"], ["c"]), ["a", "c"]);
});
