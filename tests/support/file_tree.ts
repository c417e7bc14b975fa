/** A folder of files for the tests of `readFile`. */

import { readFileBelow } from "../../builtins/read.ts";
import { argumentErrorOf } from "./argument_error.ts";

export const NOT_FOUND = "there is no such file below the root";

export const isWindows = Deno.build.os === "windows";

/** Creates a folder that is removed at the end of the block. */
export async function makeFolder(): Promise<
  AsyncDisposable & { path: string }
> {
  const path = await Deno.realPath(await Deno.makeTempDir());
  const remove = () => Deno.remove(path, { recursive: true });
  return { path, [Symbol.asyncDispose]: remove };
}

/** A folder with a root, and with files beside the root that clients must not read. */
export interface Tree extends AsyncDisposable {
  readonly base: string;
  readonly root: string;
}

/** Creates the folder, which is removed at the end of the block. */
export async function makeTree(): Promise<Tree> {
  const folder = await makeFolder();
  const { path: base } = folder;
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
  return { ...folder, base, root };
}

/** Reads a file below the root. */
export function read(
  { root }: { readonly root: string },
  path: string,
  maxSize = 1_000,
): Promise<string> {
  return readFileBelow(path, { root, maxSize });
}

/** Returns what is wrong with the path. */
export function pathError(promise: Promise<string>): Promise<string> {
  return argumentErrorOf("path", promise);
}

/** Symbolic links and their targets, relative to the root; a target with a slash is absolute */
const LINKS: readonly (readonly [string, string])[] = [
  ["file", "notes.txt"],
  ["folder", "dir"],
  ["chain", "file"],
  ["absolute", "/root/notes.txt"],
  ["detour", "../root/notes.txt"],
  ["out", "../secret.txt"],
  ["out-absolute", "/secret.txt"],
  ["out-folder", "../other"],
  ["out-chain", "out"],
  ["out-by-folder", "out-folder/secret.txt"],
  ["out-beside", "../root-evil/secret.txt"],
  ["up", ".."],
  ["itself", "."],
  ["dangling", "none"],
  ["out-dangling", "../none"],
  ["loop", "loop"],
];

/** Creates the links below the root. */
export async function link({ base, root }: Tree): Promise<void> {
  for (const [name, to] of LINKS) {
    await Deno.symlink(to.startsWith("/") ? base + to : to, `${root}/${name}`);
  }
}
