/** Which paths `readFile` accepts. */

import assert from "node:assert/strict";
import { isPlainPath } from "../../builtins/read.ts";
import {
  isWindows,
  makeTree,
  NOT_FOUND,
  pathError,
  read,
} from "../support/file_tree.ts";

for (
  const [path, text] of [
    ["notes.txt", "root/notes.txt"],
    ["./notes.txt", "root/notes.txt"],
    ["dir/inner.txt", "root/dir/inner.txt"],
    ["dir/./inner.txt", "root/dir/inner.txt"],
    ["dir/deep/.hidden", "root/dir/deep/.hidden"],
  ] as const
) {
  Deno.test(`reads ${JSON.stringify(path)}`, async () => {
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
    name: `accepts the name ${JSON.stringify(name)}`,
    ignore: isWindows,
    fn: async () => {
      await using tree = await makeTree();
      assert.equal(await pathError(read(tree, name)), NOT_FOUND);
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
  Deno.test(`does not find ${JSON.stringify(path.slice(0, 40))}`, async () => {
    await using tree = await makeTree();
    assert.equal(await pathError(read(tree, path)), NOT_FOUND);
  });
}

Deno.test("does not find a file by its absolute path", async () => {
  await using tree = await makeTree();
  const path = `${tree.root}/notes.txt`;
  assert.equal(await pathError(read(tree, path)), NOT_FOUND);
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
  Deno.test(`${JSON.stringify(path)} is not a plain path on ${os}`, () => {
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
