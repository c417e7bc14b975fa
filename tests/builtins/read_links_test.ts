/** Symbolic links, special files, and changes of the file system during a read. */

import assert from "node:assert/strict";
import {
  isWindows,
  link,
  makeTree,
  NOT_FOUND,
  pathError,
  read,
} from "../support/file_tree.ts";

for (
  const [path, text] of [
    ["file", "root/notes.txt"],
    ["folder/inner.txt", "root/dir/inner.txt"],
    ["chain", "root/notes.txt"],
    ["absolute", "root/notes.txt"],
    ["detour", "root/notes.txt"],
    ["itself/itself/notes.txt", "root/notes.txt"],
    ["up/root/notes.txt", "root/notes.txt"],
  ] as const
) {
  Deno.test({
    name: `follows the links of ${path}, which stay below the root`,
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
    "out-chain",
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
    name: `does not follow the links of ${path}`,
    ignore: isWindows,
    fn: async () => {
      await using tree = await makeTree();
      await link(tree);
      assert.equal(await pathError(read(tree, path)), NOT_FOUND);
    },
  });
}

Deno.test("reads every file if the root is the root of the system", async () => {
  await using tree = await makeTree();
  const path = `${tree.root}/notes.txt`;
  const [root = ""] = path.match(/^(?:[A-Z]:\\|\/)/) ?? [];
  const rest = path.slice(root.length).replaceAll("\\", "/");
  assert.equal(await read({ root }, rest), "root/notes.txt");
});

Deno.test({
  name: "does not open FIFOs, sockets and devices",
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
      assert.equal(await pathError(read(tree, name)), NOT_FOUND);
    }
    for (const name of ["null", "zero", "tty"]) {
      assert.equal(await pathError(read({ root: "/dev" }, name)), NOT_FOUND);
    }
  },
});

Deno.test({
  name: "checks the path again at each call",
  ignore: isWindows,
  fn: async () => {
    await using tree = await makeTree();
    const { base, root } = tree;
    assert.equal(await read(tree, "notes.txt"), "root/notes.txt");
    await Deno.remove(`${root}/notes.txt`);
    await Deno.symlink("../secret.txt", `${root}/notes.txt`);
    assert.equal(await pathError(read(tree, "notes.txt")), NOT_FOUND);
    await swap(`${root}/dir`, `${base}/other`);
    assert.equal(await pathError(read(tree, "dir/secret.txt")), NOT_FOUND);
    await swapBack(`${root}/dir`);
    assert.equal(await read(tree, "dir/inner.txt"), "root/dir/inner.txt");
    await swap(root, base);
    assert.equal(await pathError(read(tree, "secret.txt")), NOT_FOUND);
  },
});

/** Replaces a folder by a link. */
async function swap(folder: string, target: string): Promise<void> {
  await Deno.rename(folder, `${folder}-away`);
  await Deno.symlink(target, folder);
}

async function swapBack(folder: string): Promise<void> {
  await Deno.remove(folder);
  await Deno.rename(`${folder}-away`, folder);
}

Deno.test({
  name: "does not block at a FIFO that appears after the check",
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
      assert.equal(await pathError(read(tree, "notes.txt")), NOT_FOUND);
    } finally {
      Deno.lstat = lstat;
    }
  },
});

/** Runs a function before and after each call of `Deno.realPath`. */
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
  const [name, isRemoved] of [
    ["stays", false],
    ["is removed again", true],
  ] as const
) {
  Deno.test({
    name: `notices a link that appears after the check and ${name}`,
    ignore: isWindows,
    fn: async () => {
      await using tree = await makeTree();
      const { base, root } = tree;
      await Deno.copyFile(`${base}/secret.txt`, `${root}/dir/secret.txt`);
      using _interference = interfere(async (call, when) => {
        if (call === 1 && when === "after") {
          await swap(`${root}/dir`, `${base}/other`);
        }
        if (call === 2 && when === "before" && isRemoved) {
          await swapBack(`${root}/dir`);
        }
      });
      assert.equal(await pathError(read(tree, "dir/secret.txt")), NOT_FOUND);
    },
  });
}
