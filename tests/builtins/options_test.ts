/** What an owner may ask for, and how a server says no to it. */

import assert from "node:assert/strict";
import { resolveGet, resolveRead } from "../../builtins/options.ts";
import { type Builtins } from "../../builtins/options.ts";
import { makeBuiltins } from "../../builtins/builtins.ts";
import { runScript } from "../testdata/run_script.ts";

const MODULE = import.meta.resolve("../../builtins/builtins.ts");

/** A folder that is removed at the end of the block. */
async function makeFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.realPath(await Deno.makeTempDir());
  const remove = () => Deno.remove(path, { recursive: true });
  return { path, [Symbol.asyncDispose]: remove };
}

const EXAMPLE_URL =
  'must hold URLs such as "https://example.org/data" without credentials, a query or a fragment';

/** What an owner may get wrong, and what is said of it after "Cannot serve as ". */
const MISTAKES: readonly (readonly [unknown, string, string])[] = [
  [
    null,
    "TypeError",
    "'builtins' must be an object such as { print: true }: current value is null",
  ],
  [
    "print",
    "TypeError",
    `'builtins' must be an object such as { print: true }: current value is "print"`,
  ],
  [
    ["print"],
    "TypeError",
    `'builtins' must be an object such as { print: true }: current value is [ "print" ]`,
  ],
  [
    { fetch: true },
    "TypeError",
    'there is no built-in operation "fetch": there are print, read, get',
  ],
  [
    { print: true, constructor: true },
    "TypeError",
    'there is no built-in operation "constructor": there are print, read, get',
  ],
  [
    { print: "yes" },
    "TypeError",
    `'builtins.print' must be true or false: current value is "yes"`,
  ],
  [
    { print: null },
    "TypeError",
    "'builtins.print' must be true or false: current value is null",
  ],
  [
    { read: true },
    "TypeError",
    `'builtins.read' must be an object such as { root: "public" }: current value is true`,
  ],
  [
    { read: "public" },
    "TypeError",
    `'builtins.read' must be an object such as { root: "public" }: current value is "public"`,
  ],
  [
    { read: { root: ".", path: "." } },
    "TypeError",
    `there is no option "path" of 'builtins.read': there are root, maxSize`,
  ],
  [
    { read: {} },
    "TypeError",
    "'builtins.read.root' must be a path or a file URL: current value is undefined",
  ],
  [
    { read: { root: 5 } },
    "TypeError",
    "'builtins.read.root' must be a path or a file URL: current value is 5",
  ],
  [
    { read: { root: "" } },
    "TypeError",
    `'builtins.read.root' must be a path or a file URL: current value is ""`,
  ],
  [
    { read: { root: "public\0" } },
    "TypeError",
    String
      .raw`'builtins.read.root' must be a path or a file URL: current value is "public\x00"`,
  ],
  [
    { read: { root: new URL("https://example.org/public") } },
    "TypeError",
    `'builtins.read.root' must be a path or a file URL: current value is "https://example.org/public"`,
  ],
  [
    { read: { root: new URL("data:/public") } },
    "TypeError",
    `'builtins.read.root' must be a path or a file URL: current value is "data:/public"`,
  ],
  [
    { read: { root: new URL("file://host/public") } },
    "TypeError",
    `'builtins.read.root' must be a path or a file URL: current value is "file://host/public"`,
  ],
  [
    { read: { root: new URL("file:///public%") } },
    "TypeError",
    `'builtins.read.root' must be a path or a file URL: current value is "file:///public%"`,
  ],
  [
    { read: { root: ".", maxSize: 0 } },
    "RangeError",
    "'builtins.read.maxSize' must be a whole number of bytes from 1 to 67108864: current value is 0",
  ],
  [
    { read: { root: ".", maxSize: 1.5 } },
    "RangeError",
    "'builtins.read.maxSize' must be a whole number of bytes from 1 to 67108864: current value is 1.5",
  ],
  [
    { read: { root: ".", maxSize: 67_108_865 } },
    "RangeError",
    "'builtins.read.maxSize' must be a whole number of bytes from 1 to 67108864: current value is 67108865",
  ],
  [
    { read: { root: ".", maxSize: Infinity } },
    "RangeError",
    "'builtins.read.maxSize' must be a whole number of bytes from 1 to 67108864: current value is Infinity",
  ],
  [
    { read: { root: ".", maxSize: NaN } },
    "RangeError",
    "'builtins.read.maxSize' must be a whole number of bytes from 1 to 67108864: current value is NaN",
  ],
  [
    { read: { root: ".", maxSize: "5" } },
    "TypeError",
    `'builtins.read.maxSize' must be a whole number of bytes from 1 to 67108864: current value is "5"`,
  ],
  [
    { get: true },
    "TypeError",
    `'builtins.get' must be an object such as { allow: ["https://example.org"] }: current value is true`,
  ],
  [
    { get: ["https://example.org"] },
    "TypeError",
    `'builtins.get' must be an object such as { allow: ["https://example.org"] }: current value is [ "https://example.org" ]`,
  ],
  [
    { get: { allow: ["https://example.org"], deny: [] } },
    "TypeError",
    `there is no option "deny" of 'builtins.get': there are allow, maxSize, timeout`,
  ],
  [
    { get: {} },
    "TypeError",
    "'builtins.get.allow' must be a list of at least one URL: current value is undefined",
  ],
  [
    { get: { allow: [] } },
    "TypeError",
    "'builtins.get.allow' must be a list of at least one URL: current value is []",
  ],
  [
    { get: { allow: "https://example.org" } },
    "TypeError",
    `'builtins.get.allow' must be a list of at least one URL: current value is "https://example.org"`,
  ],
  [
    { get: { allow: ["https://example.org", "example.org"] } },
    "TypeError",
    `'builtins.get.allow' ${EXAMPLE_URL}: current value is "example.org"`,
  ],
  [
    { get: { allow: ["ftp://example.org"] } },
    "TypeError",
    `'builtins.get.allow' ${EXAMPLE_URL}: current value is "ftp://example.org"`,
  ],
  [
    { get: { allow: [new URL("file:///data")] } },
    "TypeError",
    `'builtins.get.allow' ${EXAMPLE_URL}: current value is "file:///data"`,
  ],
  [
    { get: { allow: ["https://example.org/?query"] } },
    "TypeError",
    `'builtins.get.allow' ${EXAMPLE_URL}: current value is "https://example.org/?query"`,
  ],
  [
    { get: { allow: [new URL("https://example.org/#fragment")] } },
    "TypeError",
    `'builtins.get.allow' ${EXAMPLE_URL}: current value is "https://example.org/#fragment"`,
  ],
  [
    { get: { allow: ["https://*.example.org"] } },
    "TypeError",
    `'builtins.get.allow' ${EXAMPLE_URL}: current value is "https://*.example.org"`,
  ],
  // A password does not get into a log.
  [
    { get: { allow: ["https://user:secret@example.org/data"] } },
    "TypeError",
    `'builtins.get.allow' ${EXAMPLE_URL}: current value is "…@example.org/data"`,
  ],
  [
    { get: { allow: [new URL("https://:se%40cret@example.org/data")] } },
    "TypeError",
    `'builtins.get.allow' ${EXAMPLE_URL}: current value is "…@example.org/data"`,
  ],
  [
    { get: { allow: ["user:se/cret@example.org"] } },
    "TypeError",
    `'builtins.get.allow' ${EXAMPLE_URL}: current value is "…@example.org"`,
  ],
  [
    { get: { allow: [5] } },
    "TypeError",
    `'builtins.get.allow' ${EXAMPLE_URL}: current value is 5`,
  ],
  [
    { get: { allow: [null] } },
    "TypeError",
    `'builtins.get.allow' ${EXAMPLE_URL}: current value is null`,
  ],
  [
    { get: { allow: ["https://example.org"], maxSize: 0 } },
    "RangeError",
    "'builtins.get.maxSize' must be a whole number of bytes from 1 to 67108864: current value is 0",
  ],
  [
    { get: { allow: ["https://example.org"], maxSize: 10n } },
    "TypeError",
    "'builtins.get.maxSize' must be a whole number of bytes from 1 to 67108864: current value is 10n",
  ],
  [
    { get: { allow: ["https://example.org"], timeout: 0 } },
    "RangeError",
    "'builtins.get.timeout' must be a number of milliseconds from 1 to 2147483647: current value is 0",
  ],
  [
    { get: { allow: ["https://example.org"], timeout: 2 ** 31 } },
    "RangeError",
    "'builtins.get.timeout' must be a number of milliseconds from 1 to 2147483647: current value is 2147483648",
  ],
  [
    { get: { allow: ["https://example.org"], timeout: Infinity } },
    "RangeError",
    "'builtins.get.timeout' must be a number of milliseconds from 1 to 2147483647: current value is Infinity",
  ],
  [
    { get: { allow: ["https://example.org"], timeout: NaN } },
    "RangeError",
    "'builtins.get.timeout' must be a number of milliseconds from 1 to 2147483647: current value is NaN",
  ],
  [
    { get: { allow: ["https://example.org"], timeout: "10" } },
    "TypeError",
    `'builtins.get.timeout' must be a number of milliseconds from 1 to 2147483647: current value is "10"`,
  ],
];

for (const [options, name, message] of MISTAKES) {
  Deno.test(`makeBuiltins() refuses ${Deno.inspect(options)}`, () => {
    assert.throws(() => makeBuiltins(options as Builtins), {
      name,
      message: `Cannot serve as ${message}`,
    });
  });
}

Deno.test("makeBuiltins() takes what is just within the limits", () => {
  const allow = ["https://example.org"];
  for (
    const options of [
      { read: { root: ".", maxSize: 1 } },
      { read: { root: ".", maxSize: 67_108_864 } },
      { get: { allow, maxSize: 1, timeout: 1 } },
      { get: { allow, maxSize: 67_108_864, timeout: 2_147_483_647 } },
      { get: { allow, timeout: 1.5 } },
    ]
  ) {
    assert.equal(makeBuiltins(options).size, 1);
  }
});

Deno.test("what is left out has its default", async () => {
  await using folder = await makeFolder();
  const root = folder.path;
  const maxSize = 1_048_576;
  assert.deepEqual(resolveRead({ root }), { root, maxSize });
  assert.deepEqual(resolveGet({ allow: ["https://example.org/data"] }), {
    allowed: [{ origin: "https://example.org", path: "/data" }],
    maxSize,
    timeout: 10_000,
  });
});

Deno.test("makeBuiltins() says that the root does not exist", async () => {
  await using folder = await makeFolder();
  const root = `${folder.path}/none`;
  assert.throws(() => makeBuiltins({ read: { root } }), (error) => {
    assert(error instanceof Deno.errors.NotFound);
    assert.equal(
      error.message,
      `Cannot serve as 'builtins.read.root' must be a directory that exists: current value is ${
        Deno.inspect(root)
      }`,
    );
    assert(error.cause instanceof Deno.errors.NotFound);
    return true;
  });
});

Deno.test("makeBuiltins() says that the root is no directory", async () => {
  await using folder = await makeFolder();
  const file = `${folder.path}/file`;
  await Deno.writeTextFile(file, "text");
  for (const root of [file, `${file}/below`]) {
    assert.throws(() => makeBuiltins({ read: { root } }), {
      name: "TypeError",
      message:
        `Cannot serve as 'builtins.read.root' must be a directory: current value is ${
          Deno.inspect(root)
        }`,
    });
  }
});

/** A script that makes `read`, and says why it cannot. */
function scriptFor(root: string): string {
  return `
    import { makeBuiltins } from "${MODULE}";
    try {
      makeBuiltins({ read: { root: ${JSON.stringify(root)} } });
      console.log("made");
    } catch (error) {
      console.log(error instanceof Deno.errors.NotCapable, error.message);
    }`;
}

const MISSING =
  "true Cannot serve as 'builtins.read.root' may not be read: the permission is missing, run with --allow-read=";

Deno.test("makeBuiltins() says that the permission for the root is missing", async () => {
  await using folder = await makeFolder();
  const script = scriptFor(folder.path);
  const { stdout } = await runScript([], script);
  assert.equal(stdout.trim(), `${MISSING}${folder.path}`);
  // The remedy is one.
  const [remedy = ""] = stdout.match(/--allow-read=.*/) ?? [];
  assert.equal((await runScript([remedy], script)).stdout, "made\n");
});

Deno.test({
  name: "makeBuiltins() wants the permission for what is behind a link",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using folder = await makeFolder();
    const [real, link] = [`${folder.path}/real`, `${folder.path}/link`];
    await Deno.mkdir(real);
    await Deno.symlink(real, link);
    const script = scriptFor(link);
    const flag = `--allow-read=${link}`;
    const { stdout } = await runScript([flag], script);
    assert.equal(stdout.trim(), `${MISSING}${real}`);
    const both = await runScript([`${flag},${real}`], script);
    assert.equal(both.stdout, "made\n");
  },
});

Deno.test({
  name: "makeBuiltins() says that the system keeps the root from this process",
  // The administrator may read everything.
  ignore: Deno.build.os === "windows" || Deno.uid() === 0,
  fn: async () => {
    await using folder = await makeFolder();
    const root = `${folder.path}/closed/root`;
    await Deno.mkdir(root, { recursive: true });
    await Deno.chmod(`${folder.path}/closed`, 0);
    assert.throws(() => makeBuiltins({ read: { root } }), {
      name: "PermissionDenied",
      message:
        `Cannot serve as 'builtins.read.root' must be a directory that this process may read: current value is ${
          Deno.inspect(root)
        }`,
    });
    await Deno.chmod(`${folder.path}/closed`, 0o700);
  },
});
