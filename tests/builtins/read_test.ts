/** Which files a client may read, and which ones it cannot even tell to be there. */

import assert from "node:assert/strict";
import { isPlainPath, readFileBelow } from "../../builtins/read.ts";
import { argumentErrorOf } from "../support/argument_error.ts";
import { runScript } from "../testdata/run_script.ts";

const NOT_THERE = "there is no such file below the root";

const isWindows = Deno.build.os === "windows";

/** A folder with a root in it and with what is not for clients beside it. */
interface Tree extends AsyncDisposable {
  readonly base: string;
  readonly root: string;
}

async function makeTree(): Promise<Tree> {
  const base = await Deno.realPath(await Deno.makeTempDir());
  const root = `${base}/root`;
  for (const name of ["root/dir/deep", "root-evil", "other"]) {
    await Deno.mkdir(`${base}/${name}`, { recursive: true });
  }
  for (
    const name of [
      "root/notes.txt",
      "root/dir/inner.txt",
      "root/dir/deep/.hidden",
      "root-evil/secret.txt",
      "other/secret.txt",
      "secret.txt",
    ]
  ) await Deno.writeTextFile(`${base}/${name}`, name);
  const remove = () => Deno.remove(base, { recursive: true });
  return { base, root, [Symbol.asyncDispose]: remove };
}

function read(
  { root }: { readonly root: string },
  path: string,
  maxSize = 1_000,
): Promise<string> {
  return readFileBelow(path, { root, maxSize });
}

/** What is wrong with the path. */
function refusal(promise: Promise<string>): Promise<string> {
  return argumentErrorOf("path", promise);
}

for (
  const [path, text] of [
    ["notes.txt", "root/notes.txt"],
    ["./notes.txt", "root/notes.txt"],
    ["dir/inner.txt", "root/dir/inner.txt"],
    ["dir/./inner.txt", "root/dir/inner.txt"],
    ["dir/deep/.hidden", "root/dir/deep/.hidden"],
  ] as const
) {
  Deno.test(`read finds ${JSON.stringify(path)}`, async () => {
    await using tree = await makeTree();
    assert.equal(await read(tree, path), text);
  });
}

for (
  const name of [
    "~",
    "$HOME",
    "%2e%2e",
    "%2e%2e%2fsecret.txt",
    "..hidden",
    "a..b",
    "...",
    "with space",
    "ümläut",
    "quo'te",
    "-",
    "name\nline",
  ]
) {
  Deno.test({
    name: `read takes ${JSON.stringify(name)} for a name like others`,
    ignore: isWindows,
    fn: async () => {
      await using tree = await makeTree();
      assert.equal(await refusal(read(tree, name)), NOT_THERE);
      await Deno.writeTextFile(`${tree.root}/${name}`, "text");
      assert.equal(await read(tree, name), "text");
    },
  });
}

for (
  const path of [
    "",
    "/",
    "none.txt",
    "dir/none.txt",
    "none/none.txt",
    "notes.txt/none.txt",
    "notes.txt/",
    "NOTES.TXT/..",
    ".",
    "dir",
    "dir/",
    "dir//inner.txt",
    "..",
    "../secret.txt",
    "../root/notes.txt",
    "../root-evil/secret.txt",
    "dir/../notes.txt",
    "dir/../../secret.txt",
    "dir/deep/../../../secret.txt",
    "./../secret.txt",
    "dir/..",
    "/etc/hosts",
    "//etc/hosts",
    "/dev/zero",
    "\\etc\\hosts",
    "..\\secret.txt",
    "dir\\inner.txt",
    "\\\\host\\share\\file",
    "\\\\?\\C:\\file",
    "//host/share/file",
    "C:\\file",
    "C:/file",
    "c:file",
    "C:",
    "notes.txt\0",
    "\0",
    "notes.txt\0.png",
    "dir\0/inner.txt",
    "file:///etc/hosts",
    "x".repeat(300),
    "x/".repeat(5_000) + "x",
    "\ud800",
  ]
) {
  Deno.test(`read does not find ${JSON.stringify(path.slice(0, 40))}`, async () => {
    await using tree = await makeTree();
    assert.equal(await refusal(read(tree, path)), NOT_THERE);
  });
}

Deno.test("read does not find a file by the absolute path that it has", async () => {
  await using tree = await makeTree();
  const path = `${tree.root}/notes.txt`;
  assert.equal(await refusal(read(tree, path)), NOT_THERE);
});

for (
  const [path, os] of [
    ["notes.txt:stream", "windows"],
    ["notes.txt::$DATA", "windows"],
    ["dir:stream/notes.txt", "windows"],
    ["con", "windows"],
    ["CON", "windows"],
    ["dir/nul", "windows"],
    ["NUL.txt", "windows"],
    ["nul .txt", "windows"],
    ["prn", "windows"],
    ["aux.tar.gz", "windows"],
    ["com1", "windows"],
    ["COM0", "windows"],
    ["lpt9.txt", "windows"],
    ["COM¹", "windows"],
    ["conin$", "windows"],
    ["CONOUT$", "windows"],
    ["nul/notes.txt", "windows"],
    ["notes.txt.", "windows"],
    ["notes.txt ", "windows"],
    [".. /secret.txt", "windows"],
    ["...", "windows"],
    ["no?es.txt", "windows"],
    ["*", "windows"],
    ["<", "windows"],
    ["a|b", "windows"],
    ["C:x", "windows"],
    ["C:x", "linux"],
    ["a\\b", "linux"],
    ["a\\b", "windows"],
    ["../x", "linux"],
    ["../x", "windows"],
    ["/x", "windows"],
  ] as const
) {
  Deno.test(`${JSON.stringify(path)} is no plain path on ${os}`, () => {
    assert.equal(isPlainPath(path, os), false);
  });
}

for (
  const [path, os] of [
    ["./notes.txt", "windows"],
    ["dir/notes.txt", "windows"],
    ["console", "windows"],
    ["con-text.txt", "windows"],
    ["com10", "windows"],
    ["com", "windows"],
    ["null", "windows"],
    [".con", "windows"],
    ["~1", "windows"],
    ["con", "linux"],
    ["notes.txt:stream", "linux"],
    ["notes.txt.", "linux"],
    ["no?es.txt", "linux"],
  ] as const
) {
  Deno.test(`${JSON.stringify(path)} is a plain path on ${os}`, () => {
    assert.equal(isPlainPath(path, os), true);
  });
}

/** Where a link of the root leads to, from the root on; an absolute one has a slash. */
const LINKS: readonly (readonly [string, string])[] = [
  ["file", "notes.txt"],
  ["folder", "dir"],
  ["mapMaybePromise", "file"],
  ["absolute", "/root/notes.txt"],
  ["detour", "../root/notes.txt"],
  ["out", "../secret.txt"],
  ["out-absolute", "/secret.txt"],
  ["out-folder", "../other"],
  ["out-mapMaybePromise", "out"],
  ["out-by-folder", "out-folder/secret.txt"],
  ["out-beside", "../root-evil/secret.txt"],
  ["up", ".."],
  ["itself", "."],
  ["dangling", "none"],
  ["out-dangling", "../none"],
  ["loop", "loop"],
];

async function link({ base, root }: Tree): Promise<void> {
  for (const [name, to] of LINKS) {
    await Deno.symlink(to.startsWith("/") ? base + to : to, `${root}/${name}`);
  }
}

for (
  const [path, text] of [
    ["file", "root/notes.txt"],
    ["folder/inner.txt", "root/dir/inner.txt"],
    ["mapMaybePromise", "root/notes.txt"],
    ["absolute", "root/notes.txt"],
    ["detour", "root/notes.txt"],
    ["itself/itself/notes.txt", "root/notes.txt"],
    ["up/root/notes.txt", "root/notes.txt"],
  ] as const
) {
  Deno.test({
    name: `read follows the links of ${path}, which stay below the root`,
    ignore: isWindows,
    fn: async () => {
      await using tree = await makeTree();
      await link(tree);
      assert.equal(await read(tree, path), text);
    },
  });
}

for (
  const path of [
    "out",
    "out-absolute",
    "out-folder/secret.txt",
    "out-folder",
    "out-mapMaybePromise",
    "out-by-folder",
    "out-beside",
    "up",
    "up/secret.txt",
    "up/root-evil/secret.txt",
    "itself",
    "folder",
    "dangling",
    "out-dangling",
    "out-folder/none",
    "loop",
    "loop/notes.txt",
  ]
) {
  Deno.test({
    name: `read does not follow the links of ${path}`,
    ignore: isWindows,
    fn: async () => {
      await using tree = await makeTree();
      await link(tree);
      assert.equal(await refusal(read(tree, path)), NOT_THERE);
    },
  });
}

Deno.test("read finds any file if the root is that of the system", async () => {
  await using tree = await makeTree();
  const path = `${tree.root}/notes.txt`;
  const [root = ""] = path.match(/^(?:[A-Z]:\\|\/)/) ?? [];
  const rest = path.slice(root.length).replaceAll("\\", "/");
  assert.equal(await read({ root }, rest), "root/notes.txt");
});

Deno.test({
  name: "read does not open what blocks or is a device",
  ignore: isWindows,
  fn: async () => {
    await using tree = await makeTree();
    const { success } = await new Deno.Command("mkfifo", {
      args: [`${tree.root}/fifo`],
    }).output();
    assert(success);
    await Deno.symlink("fifo", `${tree.root}/link`);
    const path = `${tree.root}/socket`;
    using _listener = Deno.listen({ transport: "unix", path });
    for (const name of ["fifo", "link", "socket"]) {
      assert.equal(await refusal(read(tree, name)), NOT_THERE);
    }
    for (const name of ["null", "zero", "tty"]) {
      assert.equal(await refusal(read({ root: "/dev" }, name)), NOT_THERE);
    }
  },
});

Deno.test({
  name: "read looks anew at each call at what was put in the place of a file",
  ignore: isWindows,
  fn: async () => {
    await using tree = await makeTree();
    const { base, root } = tree;
    assert.equal(await read(tree, "notes.txt"), "root/notes.txt");
    await Deno.remove(`${root}/notes.txt`);
    await Deno.symlink("../secret.txt", `${root}/notes.txt`);
    assert.equal(await refusal(read(tree, "notes.txt")), NOT_THERE);
    await swap(`${root}/dir`, `${base}/other`);
    assert.equal(await refusal(read(tree, "dir/secret.txt")), NOT_THERE);
    await swapBack(`${root}/dir`);
    assert.equal(await read(tree, "dir/inner.txt"), "root/dir/inner.txt");
    await swap(root, base);
    assert.equal(await refusal(read(tree, "secret.txt")), NOT_THERE);
  },
});

/** Puts a link in the place of a folder. */
async function swap(folder: string, target: string): Promise<void> {
  await Deno.rename(folder, `${folder}-away`);
  await Deno.symlink(target, folder);
}

async function swapBack(folder: string): Promise<void> {
  await Deno.remove(folder);
  await Deno.rename(`${folder}-away`, folder);
}

Deno.test({
  name: "read does not block at a FIFO that comes after it has looked",
  ignore: isWindows,
  fn: async () => {
    await using tree = await makeTree();
    const path = `${tree.root}/notes.txt`;
    const { lstat } = Deno;
    Deno.lstat = async (looked) => {
      const info = await lstat(looked);
      await Deno.remove(path);
      await new Deno.Command("mkfifo", { args: [path] }).output();
      return info;
    };
    try {
      assert.equal(await refusal(read(tree, "notes.txt")), NOT_THERE);
    } finally {
      Deno.lstat = lstat;
    }
  },
});

/** Lets something happen before or after each path of `Deno.realPath` is resolved. */
function interfere(
  act: (call: number, when: "before" | "after") => Promise<void>,
): Disposable {
  const { realPath } = Deno;
  let calls = 0;
  Deno.realPath = async (path) => {
    const call = ++calls;
    await act(call, "before");
    const real = await realPath(path);
    await act(call, "after");
    return real;
  };
  return { [Symbol.dispose]: () => void (Deno.realPath = realPath) };
}

for (
  const [name, isTakenAway] of [
    ["stays there", false],
    ["is taken away again", true],
  ] as const
) {
  Deno.test({
    name: `read notices a link that comes after it has looked, and ${name}`,
    ignore: isWindows,
    fn: async () => {
      await using tree = await makeTree();
      const { base, root } = tree;
      await Deno.copyFile(`${base}/secret.txt`, `${root}/dir/secret.txt`);
      using _interference = interfere(async (call, when) => {
        if (call === 1 && when === "after") {
          await swap(`${root}/dir`, `${base}/other`);
        }
        if (call === 2 && when === "before" && isTakenAway) {
          await swapBack(`${root}/dir`);
        }
      });
      assert.equal(await refusal(read(tree, "dir/secret.txt")), NOT_THERE);
    },
  });
}

for (const size of [1, 999, 65_535, 65_536, 65_537, 200_000]) {
  Deno.test(`read takes a file of ${size} bytes if that is the limit, and no more`, async () => {
    await using tree = await makeTree();
    const path = `${tree.root}/large.txt`;
    await Deno.writeTextFile(path, "a".repeat(size));
    assert.equal((await read(tree, "large.txt", size)).length, size);
    await Deno.writeTextFile(path, "a".repeat(size + 1));
    assert.equal(
      await refusal(read(tree, "large.txt", size)),
      `is larger than ${size} bytes`,
    );
  });
}

Deno.test("read goes by the size of a file before it looks into it", async () => {
  await using tree = await makeTree();
  const bytes = new Uint8Array(100_000).fill(0xff);
  await Deno.writeFile(`${tree.root}/large`, bytes);
  assert.equal(
    await refusal(read(tree, "large")),
    "is larger than 1000 bytes",
  );
  assert.equal(
    await refusal(read(tree, "large", 100_000)),
    "is not a UTF-8 file",
  );
});

Deno.test({
  name: "read closes what it opens",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using tree = await makeTree();
    await Deno.writeFile(`${tree.root}/binary`, new Uint8Array([0xff]));
    const countOpen = () => [...Deno.readDirSync("/proc/self/fd")].length;
    const before = countOpen();
    for (let n = 0; n < 10; n++) {
      await read(tree, "notes.txt");
      await refusal(read(tree, "binary"));
      await refusal(read(tree, "notes.txt", 1));
    }
    assert.equal(countOpen(), before);
  },
});

Deno.test("read counts bytes and not characters", async () => {
  await using tree = await makeTree();
  await Deno.writeTextFile(`${tree.root}/text`, "üü");
  assert.equal(await read(tree, "text", 4), "üü");
  assert.equal(
    await refusal(read(tree, "text", 3)),
    "is larger than 3 bytes",
  );
});

/** A file that the system makes while it is read, and that has no size before that. */
const UNSIZED = "/proc/meminfo";

function isUnsized(): boolean {
  try {
    return Deno.statSync(UNSIZED).size === 0;
  } catch {
    return false;
  }
}

Deno.test({
  name: "read does not go by the size alone",
  ignore: !isUnsized(),
  fn: async () => {
    const root = "/proc";
    assert.match(await read({ root }, "meminfo", 100_000), /^MemTotal:/);
    assert.equal(
      await refusal(read({ root }, "meminfo", 10)),
      "is larger than 10 bytes",
    );
  },
});

for (
  const [name, bytes, text] of [
    ["nothing", [], ""],
    ["ASCII", [0x61, 0x0d, 0x0a, 0x00], "a\r\n\0"],
    ["four bytes of one character", [0xf0, 0x9f, 0x98, 0x80], "😀"],
    ["a byte order mark", [0xef, 0xbb, 0xbf, 0x61], "a"],
  ] as const
) {
  Deno.test(`read gives the text of ${name}`, async () => {
    await using tree = await makeTree();
    await Deno.writeFile(`${tree.root}/text`, new Uint8Array(bytes));
    assert.equal(await read(tree, "text"), text);
  });
}

Deno.test("read joins a character that lies across two reads", async () => {
  await using tree = await makeTree();
  for (const offset of [65_534, 65_535, 65_536]) {
    const text = `${"a".repeat(offset)}ü€😀`;
    await Deno.writeTextFile(`${tree.root}/text`, text);
    assert.equal(await read(tree, "text", 100_000), text);
  }
});

for (
  const [name, bytes] of [
    ["a byte that is none of UTF-8", [0x61, 0xff]],
    ["half a character at the end", [0x61, 0xc3]],
    ["the rest of a character at the start", [0xbc, 0x61]],
    ["a character that is longer than it must be", [0xc0, 0xaf]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["UTF-16", [0xff, 0xfe, 0x61, 0x00]],
    ["Latin-1", [0xfc]],
  ] as const
) {
  Deno.test(`read refuses ${name}`, async () => {
    await using tree = await makeTree();
    await Deno.writeFile(`${tree.root}/text`, new Uint8Array(bytes));
    assert.equal(await refusal(read(tree, "text")), "is not a UTF-8 file");
  });
}

/** A script that reads files of a root, and says what comes of it. */
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
  name: "read needs no permission but that for the root, even to refuse",
  ignore: isWindows,
  fn: async () => {
    await using tree = await makeTree();
    await link(tree);
    const paths = [
      "notes.txt",
      "mapMaybePromise",
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

Deno.test("read fails, and refuses nothing, when the permission is taken away", async () => {
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
  // What is no path below the root is refused before anyone looks.
  assert.deepEqual(stdout.trim().split("\n"), [
    "NotCapable",
    "NotCapable",
    "RequestError",
  ]);
});

Deno.test({
  name: "read does not find what the system keeps from this process",
  // The administrator may read everything.
  ignore: isWindows || Deno.uid() === 0,
  fn: async () => {
    await using tree = await makeTree();
    await Deno.chmod(`${tree.root}/notes.txt`, 0);
    await Deno.symlink("../other/secret.txt", `${tree.root}/out`);
    await Deno.chmod(`${tree.base}/other`, 0);
    for (const path of ["notes.txt", "out"]) {
      assert.equal(await refusal(read(tree, path)), NOT_THERE);
    }
    await Deno.chmod(`${tree.base}/other`, 0o700);
  },
});
