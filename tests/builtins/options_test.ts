/** The options of `readFile` and `fetchUrl`, and their error messages. */

import assert from "node:assert/strict";
import { fetchUrl, readFile } from "../../builtins/mod.ts";
import { resolveFetchUrl, resolveReadFile } from "../../builtins/options.ts";

/** Wrong options, the class of the error, and what the error says */
type Mistakes = readonly (readonly [unknown, string, string])[];

const ROOT = "'root' must be a path or a file URL.";

const SIZE = "'maxSize' must be a whole number of bytes from 1 to 67108864.";

const READ_FILE: Mistakes = [
  [
    undefined,
    "TypeError",
    'the options must be an object such as { root: "public" }. They are undefined.',
  ],
  [null, "TypeError", "the options must be an object. They are null."],
  [true, "TypeError", "the options must be an object. They are true."],
  ["public", "TypeError", 'the options must be an object. They are "public".'],
  [
    { root: ".", path: "." },
    "TypeError",
    "unknown option 'path'. The options are root, maxSize.",
  ],
  [
    { root: ".", max_size: 1 },
    "TypeError",
    "unknown option 'max_size'. Did you mean 'maxSize'?",
  ],
  [{}, "TypeError", `${ROOT} It is undefined.`],
  [{ root: 5 }, "TypeError", `${ROOT} It is 5.`],
  [{ root: "" }, "TypeError", `${ROOT} It is empty.`],
  [{ root: "public\0" }, "TypeError", `${ROOT} It is "public\\u0000".`],
  [
    { root: new URL("https://example.org/public") },
    "TypeError",
    `${ROOT} It is "https://example.org/public".`,
  ],
  [
    { root: new URL("data:/public") },
    "TypeError",
    `${ROOT} It is "data:/public".`,
  ],
  [
    { root: new URL("file://host/public") },
    "TypeError",
    `${ROOT} It is "file://host/public".`,
  ],
  [
    { root: new URL("file:///public%") },
    "TypeError",
    `${ROOT} It is "file:///public%".`,
  ],
  ...[0, 1.5, 67_108_865, Infinity, NaN].map((maxSize) =>
    [{ root: ".", maxSize }, "RangeError", `${SIZE} It is ${maxSize}.`] as const
  ),
  [{ root: ".", maxSize: "5" }, "TypeError", `${SIZE} It is "5".`],
];

const URLS = "'allow' must be an array of at least one URL.";

const ENTRY =
  "each entry of 'allow' must be a URL such as \"https://example.org/data\" without credentials, query and fragment.";

const TIMEOUT =
  "'timeout' must be a number of milliseconds from 1 to 2147483647.";

const allow = ["https://example.org"];

const FETCH_URL: Mistakes = [
  [
    undefined,
    "TypeError",
    'the options must be an object such as { allow: ["https://example.org"] }. They are undefined.',
  ],
  [true, "TypeError", "the options must be an object. They are true."],
  [allow, "TypeError", "the options must be an object. They are an array."],
  [
    { allow, deny: [] },
    "TypeError",
    "unknown option 'deny'. The options are allow, maxSize, timeout.",
  ],
  [{}, "TypeError", `${URLS} It is undefined.`],
  [{ allow: [] }, "TypeError", `${URLS} It is an array.`],
  [
    { allow: "https://example.org" },
    "TypeError",
    `${URLS} It is "https://example.org".`,
  ],
  ...[
    "example.org",
    "ftp://example.org",
    new URL("file:///data"),
    "https://*.example.org",
  ].map((entry) =>
    [
      { allow: [...allow, entry] },
      "TypeError",
      `${ENTRY} It is ${JSON.stringify(entry)}.`,
    ] as const
  ),
  // The error contains no password, query or fragment.
  [
    { allow: ["https://example.org/?query"] },
    "TypeError",
    `${ENTRY} It is "https://example.org/?…".`,
  ],
  [
    { allow: [new URL("https://example.org/#fragment")] },
    "TypeError",
    `${ENTRY} It is "https://example.org/#…".`,
  ],
  [
    { allow: ["https://user:secret@example.org/data"] },
    "TypeError",
    `${ENTRY} It is "https://…@example.org/data".`,
  ],
  [
    { allow: [new URL("https://:se%40cret@example.org/data")] },
    "TypeError",
    `${ENTRY} It is "https://…@example.org/data".`,
  ],
  [
    { allow: ["user:se/cret@example.org"] },
    "TypeError",
    `${ENTRY} It is "…@example.org".`,
  ],
  [{ allow: [5] }, "TypeError", `${ENTRY} It is 5.`],
  [{ allow: [null] }, "TypeError", `${ENTRY} It is null.`],
  [{ allow, maxSize: 0 }, "RangeError", `${SIZE} It is 0.`],
  [{ allow, maxSize: 10n }, "TypeError", `${SIZE} It is 10n.`],
  ...[0, 2 ** 31, Infinity, NaN].map((timeout) =>
    [{ allow, timeout }, "RangeError", `${TIMEOUT} It is ${timeout}.`] as const
  ),
  [{ allow, timeout: "10" }, "TypeError", `${TIMEOUT} It is "10".`],
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
