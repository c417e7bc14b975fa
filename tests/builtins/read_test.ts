/** Sizes, encodings and permissions of the files that `readFile` reads. */

import assert from "node:assert/strict";
import {
  isWindows,
  link,
  makeTree,
  pathError,
  read,
} from "../support/file_tree.ts";
import { OBEYS_FILE_MODES, runScript } from "../support/run_script.ts";

for (const size of [1, 999, 65_535, 65_536, 65_537, 200_000]) {
  Deno.test(`reads a file of ${size} bytes if that is the limit, and no larger one`, async () => {
    await using tree = await makeTree();
    const path = `${tree.root}/large.txt`;
    await Deno.writeTextFile(path, "a".repeat(size));
    assert.equal((await read(tree, "large.txt", size)).length, size);
    await Deno.writeTextFile(path, "a".repeat(size + 1));
    assert.equal(
      await pathError(read(tree, "large.txt", size)),
      `the file is larger than ${size} bytes`,
    );
  });
}

Deno.test("checks the size of a file before it reads the file", async () => {
  await using tree = await makeTree();
  const bytes = new Uint8Array(100_000).fill(0xff);
  await Deno.writeFile(`${tree.root}/large`, bytes);
  assert.equal(
    await pathError(read(tree, "large")),
    "the file is larger than 1000 bytes",
  );
  assert.equal(
    await pathError(read(tree, "large", 100_000)),
    "the file is not encoded as UTF-8",
  );
});

/** Returns the files of a folder that this process has open. Other tests open files, too. */
function openFilesIn(folder: string): readonly string[] {
  const root = Deno.realPathSync(folder);
  return [...Deno.readDirSync("/proc/self/fd")].flatMap(({ name }) => {
    try {
      return [Deno.readLinkSync(`/proc/self/fd/${name}`)];
    } catch {
      return []; // It was closed meanwhile.
    }
  }).filter((file) => file.startsWith(root));
}

Deno.test({
  name: "closes every file",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using tree = await makeTree();
    await Deno.writeFile(`${tree.root}/binary`, new Uint8Array([0xff]));
    for (let n = 0; n < 10; n++) {
      await read(tree, "notes.txt");
      await pathError(read(tree, "binary"));
      await pathError(read(tree, "notes.txt", 1));
    }
    assert.deepEqual(openFilesIn(tree.base), []);
  },
});

Deno.test("counts bytes instead of characters", async () => {
  await using tree = await makeTree();
  await Deno.writeTextFile(`${tree.root}/text`, "üü");
  assert.equal(await read(tree, "text", 4), "üü");
  assert.equal(
    await pathError(read(tree, "text", 3)),
    "the file is larger than 3 bytes",
  );
});

/** A file that the system generates when it is read, and whose reported size is 0 */
const UNSIZED = "/proc/meminfo";

function isUnsized(): boolean {
  try {
    return Deno.statSync(UNSIZED).size === 0;
  } catch {
    return false;
  }
}

Deno.test({
  name: "limits a file that reports the size 0",
  ignore: !isUnsized(),
  fn: async () => {
    const root = "/proc";
    assert.match(await read({ root }, "meminfo", 100_000), /^MemTotal:/);
    assert.equal(
      await pathError(read({ root }, "meminfo", 10)),
      "the file is larger than 10 bytes",
    );
  },
});

for (
  const [name, bytes, text] of [
    ["an empty file", [], ""],
    ["ASCII", [0x61, 0x0d, 0x0a, 0x00], "a\r\n\0"],
    ["four bytes of one character", [0xf0, 0x9f, 0x98, 0x80], "😀"],
    ["a byte order mark", [0xef, 0xbb, 0xbf, 0x61], "a"],
  ] as const
) {
  Deno.test(`decodes ${name}`, async () => {
    await using tree = await makeTree();
    await Deno.writeFile(`${tree.root}/text`, new Uint8Array(bytes));
    assert.equal(await read(tree, "text"), text);
  });
}

Deno.test("decodes a character across two reads", async () => {
  await using tree = await makeTree();
  for (const offset of [65_534, 65_535, 65_536]) {
    const text = `${"a".repeat(offset)}ü€😀`;
    await Deno.writeTextFile(`${tree.root}/text`, text);
    assert.equal(await read(tree, "text", 100_000), text);
  }
});

for (
  const [name, bytes] of [
    ["an invalid byte", [0x61, 0xff]],
    ["half a character at the end", [0x61, 0xc3]],
    ["the second half of a character at the start", [0xbc, 0x61]],
    ["an overlong character", [0xc0, 0xaf]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["UTF-16", [0xff, 0xfe, 0x61, 0x00]],
    ["Latin-1", [0xfc]],
  ] as const
) {
  Deno.test(`rejects ${name}`, async () => {
    await using tree = await makeTree();
    await Deno.writeFile(`${tree.root}/text`, new Uint8Array(bytes));
    assert.equal(
      await pathError(read(tree, "text")),
      "the file is not encoded as UTF-8",
    );
  });
}

/** Returns a script that reads files below a root and prints the results. */
function scriptFor(
  root: string,
  paths: readonly string[],
  before = "",
): string {
  return `
    import { readFileBelow } from "${
    import.meta.resolve("../../builtins/read.ts")
  }";
    ${before};
    for (const path of ${JSON.stringify(paths)}) {
      const options = { root: ${JSON.stringify(root)}, maxSize: 1_000 };
      const outcome = await readFileBelow(path, options).catch(({ name }) => name);
      console.log(outcome);
    }`;
}

Deno.test({
  name:
    "needs only the permission for the root, also for paths that it rejects",
  ignore: isWindows,
  fn: async () => {
    await using tree = await makeTree();
    await link(tree);
    const paths = [
      "notes.txt",
      "chain",
      "out",
      "out-dangling",
      "none.txt",
    ];
    const { stdout, stderr } = await runScript(
      [`--allow-read=${tree.root}`],
      scriptFor(tree.root, paths),
    );
    assert.equal(stderr, "");
    assert.deepEqual(stdout.trim().split("\n"), [
      "root/notes.txt",
      "root/notes.txt",
      "RequestError",
      "RequestError",
      "RequestError",
    ]);
  },
});

Deno.test("fails if the permission is revoked", async () => {
  await using tree = await makeTree();
  const { stdout, stderr } = await runScript(
    [`--allow-read=${tree.root}`],
    scriptFor(
      tree.root,
      ["notes.txt", "none.txt", "../secret.txt"],
      `Deno.permissions.revokeSync({ name: "read" })`,
    ),
  );
  assert.equal(stderr, "");
  // A path that leads out of the root is rejected before the file system is used.
  assert.deepEqual(stdout.trim().split("\n"), [
    "NotCapable",
    "NotCapable",
    "RequestError",
  ]);
});

Deno.test({
  name: "does not find files that this process cannot read",
  ignore: !OBEYS_FILE_MODES,
  fn: async () => {
    await using tree = await makeTree();
    await Deno.chmod(`${tree.root}/notes.txt`, 0);
    await Deno.symlink("../other/secret.txt", `${tree.root}/out`);
    await Deno.chmod(`${tree.base}/other`, 0);
    const script = scriptFor(tree.root, ["notes.txt", "out"]);
    const { stdout, stderr } = await runScript(["--allow-read"], script);
    assert.equal(stderr, "");
    assert.equal(stdout, "RequestError\nRequestError\n");
    await Deno.chmod(`${tree.base}/other`, 0o700);
  },
});
