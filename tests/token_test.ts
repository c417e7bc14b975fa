/** Tests of `token.ts`. */

import assert from "node:assert/strict";
import {
  DEFAULT_TOKEN_ALPHABET,
  DEFAULT_TOKEN_LENGTH,
  generateToken,
} from "../token.ts";

/** Runs a function with predefined random numbers, and returns the unused ones. */
function withWords(words: readonly number[], run: () => void): number[] {
  const rest = [...words];
  const original = crypto.getRandomValues;
  crypto.getRandomValues = ((array: Uint32Array) => {
    assert(array instanceof Uint32Array);
    assert(rest.length >= array.length, "more random numbers than expected");
    array.set(rest.splice(0, array.length));
    return array;
  }) as typeof crypto.getRandomValues;
  try {
    run();
  } finally {
    crypto.getRandomValues = original;
  }
  return rest;
}

/** Makes an alphabet of different characters above U+FFFF. */
function makeAlphabet(size: number): string[] {
  return Array.from(
    { length: size },
    (_, index) => String.fromCodePoint(0x1f300 + index),
  );
}

Deno.test("generateToken() returns 25 ASCII letters by default", () => {
  assert.equal(DEFAULT_TOKEN_LENGTH, 25);
  assert.equal(DEFAULT_TOKEN_ALPHABET.length, 52);
  for (let n = 0; n < 100; n++) assert.match(generateToken(), /^[A-Za-z]{25}$/);
});

for (const length of [1, 2, 64, 1_024]) {
  Deno.test(`generateToken() returns a token of ${length} characters`, () => {
    assert.equal(generateToken({ length }).length, length);
  });
}

Deno.test("generateToken() treats an undefined option as omitted", () => {
  const options = { length: undefined, alphabet: undefined } as unknown as {
    length: number;
  };
  assert.match(generateToken(options), /^[A-Za-z]{25}$/);
});

Deno.test("generateToken() only uses the characters of the alphabet", () => {
  assert.match(
    generateToken({ length: 1_024, alphabet: "aé-" }),
    /^[aé-]{1024}$/,
  );
});

Deno.test("generateToken() uses every character of the alphabet", () => {
  // The probability that a letter is missing in 20 · 1,024 characters is 10^-170.
  const tokens = Array.from(
    { length: 20 },
    () => generateToken({ length: 1_024 }),
  );
  assert.deepEqual(
    [...new Set(tokens.join(""))].sort(),
    [...DEFAULT_TOKEN_ALPHABET].sort(),
  );
});

Deno.test("generateToken() counts a character above U+FFFF as one character", () => {
  const token = generateToken({ length: 100, alphabet: "😀😁a" });
  assert.equal([...token].length, 100);
  assert.match(token, /^[😀😁a]{100}$/u);
});

Deno.test("generateToken() returns a different token each time", () => {
  const tokens = Array.from({ length: 1_000 }, () => generateToken());
  assert.equal(new Set(tokens).size, tokens.length);
});

for (const length of [0, -1, 1.5, 1_025, NaN, Infinity, -Infinity, 2 ** 32]) {
  Deno.test(`generateToken() rejects the length ${length}`, () => {
    assert.throws(() => generateToken({ length }), {
      name: "RangeError",
      message:
        `Cannot generate a token: the length must be a whole number from 1 to 1024. It is ${length}.`,
    });
  });
}

Deno.test("generateToken() rejects a length that is a string", () => {
  const length = "25" as unknown as number;
  assert.throws(
    () => generateToken({ length }),
    /^TypeError: .* It is of type string\.$/,
  );
});

for (const alphabet of ["", "a", "😀", null, 52, ["a", "b"]]) {
  Deno.test(`generateToken() rejects the alphabet ${JSON.stringify(alphabet)}`, () => {
    assert.throws(() => generateToken({ alphabet: alphabet as string }), {
      name: "TypeError",
      message:
        "Cannot generate a token: the alphabet must be a string of at least two characters.",
    });
  });
}

for (
  const [alphabet, repeated] of [
    ["aa", '"a"'],
    ["abcb", '"b"'],
    ['""', '"\\""'],
    ["😀a😀", '"😀"'],
  ] as const
) {
  Deno.test(`generateToken() rejects the alphabet ${alphabet} because a character occurs twice`, () => {
    assert.throws(() => generateToken({ alphabet }), {
      name: "TypeError",
      message:
        `Cannot generate a token: the characters of the alphabet must be different. ${repeated} occurs twice.`,
    });
  });
}

// 200 characters detect a remainder of a byte: 56 of them would occur twice as often.
// 3 characters detect a preference for a position in the alphabet.
for (const size of [3, 200]) {
  Deno.test(`generateToken() uses each of ${size} characters equally often`, () => {
    const characters = makeAlphabet(size);
    const counts = new Map(characters.map((character) => [character, 0]));
    const rounds = 200;
    for (let round = 0; round < rounds; round++) {
      const token = generateToken({
        length: 1_024,
        alphabet: characters.join(""),
      });
      for (const character of token) {
        counts.set(character, counts.get(character)! + 1);
      }
    }
    const chance = 1 / size;
    const expected = rounds * 1_024 * chance;
    // Nine standard deviations: a uniform choice fails less than once in 10^12 runs.
    const bound = 9 * Math.sqrt(expected * (1 - chance));
    for (const count of counts.values()) {
      assert(Math.abs(count - expected) < bound);
    }
  });
}

Deno.test("generateToken() rejects random words of the incomplete range", () => {
  // 2^32 is 3 · 1,431,655,765 + 1: the highest word would prefer the first character.
  const rest = withWords([2 ** 32 - 1, 2 ** 32 - 1, 1, 2 ** 32 - 1, 2], () => {
    assert.equal(generateToken({ length: 2, alphabet: "abc" }), "bc");
  });
  assert.deepEqual(rest, []);
});

Deno.test("generateToken() accepts the highest word of the complete range", () => {
  const rest = withWords([2 ** 32 - 2], () => {
    assert.equal(generateToken({ length: 1, alphabet: "abc" }), "c");
  });
  assert.deepEqual(rest, []);
});

Deno.test("generateToken() computes the range from the number of characters", () => {
  // 2^32 is 52 · 82,595,524 + 48.
  const ceiling = 2 ** 32 - 48;
  const rest = withWords([2 ** 32 - 1, ceiling, ceiling - 1], () => {
    assert.equal(generateToken({ length: 1 }), "Z");
  });
  assert.deepEqual(rest, []);
});

Deno.test("generateToken() rejects no word if the range is complete", () => {
  const rest = withWords([2 ** 32 - 1, 0], () => {
    assert.equal(generateToken({ length: 2, alphabet: "😀😁" }), "😁😀");
  });
  assert.deepEqual(rest, []);
});
