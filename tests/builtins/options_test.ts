/** The options of `readFile` and `fetchUrl`, and their error messages. */

import assert from "node:assert/strict";
import { fetchUrl, readFile } from "../../builtins/mod.ts";
import { resolveFetchUrl, resolveReadFile } from "../../builtins/options.ts";

const EXAMPLE_URL =
  'must contain URLs such as "https://example.org/data" without credentials, query and fragment';

const READ_FILE: readonly (readonly [unknown, string, string])[] = [
  [
    null,
    "TypeError",
    `the options must be an object such as { root: "public" }, but it is null`,
  ],
  [
    true,
    "TypeError",
    `the options must be an object such as { root: "public" }, but it is true`,
  ],
  [
    "public",
    "TypeError",
    `the options must be an object such as { root: "public" }, but it is "public"`,
  ],
  [
    { root: ".", path: "." },
    "TypeError",
    `unknown option "path". The options are root, maxSize`,
  ],
  [{}, "TypeError", "'root' must be a path or a file URL, but it is undefined"],
  [
    { root: 5 },
    "TypeError",
    "'root' must be a path or a file URL, but it is 5",
  ],
  [
    { root: "" },
    "TypeError",
    `'root' must be a path or a file URL, but it is ""`,
  ],
  [
    { root: "public\0" },
    "TypeError",
    String.raw`'root' must be a path or a file URL, but it is "public\x00"`,
  ],
  [
    { root: new URL("https://example.org/public") },
    "TypeError",
    `'root' must be a path or a file URL, but it is "https://example.org/public"`,
  ],
  [
    { root: new URL("data:/public") },
    "TypeError",
    `'root' must be a path or a file URL, but it is "data:/public"`,
  ],
  [
    { root: new URL("file://host/public") },
    "TypeError",
    `'root' must be a path or a file URL, but it is "file://host/public"`,
  ],
  [
    { root: new URL("file:///public%") },
    "TypeError",
    `'root' must be a path or a file URL, but it is "file:///public%"`,
  ],
  [
    { root: ".", maxSize: 0 },
    "RangeError",
    "'maxSize' must be an integer from 1 to 67108864 bytes, but it is 0",
  ],
  [
    { root: ".", maxSize: 1.5 },
    "RangeError",
    "'maxSize' must be an integer from 1 to 67108864 bytes, but it is 1.5",
  ],
  [
    { root: ".", maxSize: 67_108_865 },
    "RangeError",
    "'maxSize' must be an integer from 1 to 67108864 bytes, but it is 67108865",
  ],
  [
    { root: ".", maxSize: Infinity },
    "RangeError",
    "'maxSize' must be an integer from 1 to 67108864 bytes, but it is Infinity",
  ],
  [
    { root: ".", maxSize: NaN },
    "RangeError",
    "'maxSize' must be an integer from 1 to 67108864 bytes, but it is NaN",
  ],
  [
    { root: ".", maxSize: "5" },
    "TypeError",
    `'maxSize' must be an integer from 1 to 67108864 bytes, but it is "5"`,
  ],
];

const FETCH_URL: readonly (readonly [unknown, string, string])[] = [
  [
    undefined,
    "TypeError",
    `the options must be an object such as { allow: ["https://example.org"] }, but it is undefined`,
  ],
  [
    true,
    "TypeError",
    `the options must be an object such as { allow: ["https://example.org"] }, but it is true`,
  ],
  [
    ["https://example.org"],
    "TypeError",
    `the options must be an object such as { allow: ["https://example.org"] }, but it is [ "https://example.org" ]`,
  ],
  [
    { allow: ["https://example.org"], deny: [] },
    "TypeError",
    `unknown option "deny". The options are allow, maxSize, timeout`,
  ],
  [
    {},
    "TypeError",
    "'allow' must be an array of at least one URL, but it is undefined",
  ],
  [
    { allow: [] },
    "TypeError",
    "'allow' must be an array of at least one URL, but it is []",
  ],
  [
    { allow: "https://example.org" },
    "TypeError",
    `'allow' must be an array of at least one URL, but it is "https://example.org"`,
  ],
  [
    { allow: ["https://example.org", "example.org"] },
    "TypeError",
    `'allow' ${EXAMPLE_URL}, but it is "example.org"`,
  ],
  [
    { allow: ["ftp://example.org"] },
    "TypeError",
    `'allow' ${EXAMPLE_URL}, but it is "ftp://example.org"`,
  ],
  [
    { allow: [new URL("file:///data")] },
    "TypeError",
    `'allow' ${EXAMPLE_URL}, but it is "file:///data"`,
  ],
  [
    { allow: ["https://example.org/?query"] },
    "TypeError",
    `'allow' ${EXAMPLE_URL}, but it is "https://example.org/?query"`,
  ],
  [
    { allow: [new URL("https://example.org/#fragment")] },
    "TypeError",
    `'allow' ${EXAMPLE_URL}, but it is "https://example.org/#fragment"`,
  ],
  [
    { allow: ["https://*.example.org"] },
    "TypeError",
    `'allow' ${EXAMPLE_URL}, but it is "https://*.example.org"`,
  ],
  [
    { allow: ["https://user:secret@example.org/data"] },
    "TypeError",
    `'allow' ${EXAMPLE_URL}, but it is "…@example.org/data"`,
  ],
  [
    { allow: [new URL("https://:se%40cret@example.org/data")] },
    "TypeError",
    `'allow' ${EXAMPLE_URL}, but it is "…@example.org/data"`,
  ],
  [
    { allow: ["user:se/cret@example.org"] },
    "TypeError",
    `'allow' ${EXAMPLE_URL}, but it is "…@example.org"`,
  ],
  [{ allow: [5] }, "TypeError", `'allow' ${EXAMPLE_URL}, but it is 5`],
  [{ allow: [null] }, "TypeError", `'allow' ${EXAMPLE_URL}, but it is null`],
  [
    { allow: ["https://example.org"], maxSize: 0 },
    "RangeError",
    "'maxSize' must be an integer from 1 to 67108864 bytes, but it is 0",
  ],
  [
    { allow: ["https://example.org"], maxSize: 10n },
    "TypeError",
    "'maxSize' must be an integer from 1 to 67108864 bytes, but it is 10n",
  ],
  [
    { allow: ["https://example.org"], timeout: 0 },
    "RangeError",
    "'timeout' must be a number from 1 to 2147483647 milliseconds, but it is 0",
  ],
  [
    { allow: ["https://example.org"], timeout: 2 ** 31 },
    "RangeError",
    "'timeout' must be a number from 1 to 2147483647 milliseconds, but it is 2147483648",
  ],
  [
    { allow: ["https://example.org"], timeout: Infinity },
    "RangeError",
    "'timeout' must be a number from 1 to 2147483647 milliseconds, but it is Infinity",
  ],
  [
    { allow: ["https://example.org"], timeout: NaN },
    "RangeError",
    "'timeout' must be a number from 1 to 2147483647 milliseconds, but it is NaN",
  ],
  [
    { allow: ["https://example.org"], timeout: "10" },
    "TypeError",
    `'timeout' must be a number from 1 to 2147483647 milliseconds, but it is "10"`,
  ],
];

for (
  const [create, mistakes] of [
    [readFile, READ_FILE],
    [fetchUrl, FETCH_URL],
  ] as const
) {
  for (const [options, name, problem] of mistakes) {
    Deno.test(`${create.name}() rejects ${Deno.inspect(options)}`, () => {
      assert.throws(() => create(options as never), {
        name,
        message: `Cannot create a ${create.name} handler: ${problem}`,
      });
    });
  }
}

Deno.test("readFile() and fetchUrl() accept the limits of each range", () => {
  const allow = ["https://example.org"];
  readFile({ root: ".", maxSize: 1 });
  readFile({ root: ".", maxSize: 67_108_864 });
  fetchUrl({ allow, maxSize: 1, timeout: 1 });
  fetchUrl({ allow, maxSize: 67_108_864, timeout: 2_147_483_647 });
  fetchUrl({ allow, timeout: 1.5 });
});

Deno.test("an omitted option has its default", async () => {
  const root = await Deno.realPath(".");
  const maxSize = 1_048_576;
  assert.deepEqual(resolveReadFile({ root }), { root, maxSize });
  assert.deepEqual(resolveFetchUrl({ allow: ["https://example.org/data"] }), {
    allowed: [{ origin: "https://example.org", path: "/data" }],
    maxSize,
    timeout: 10_000,
  });
});
