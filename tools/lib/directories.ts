/**
 * Copying and removing directories.
 *
 * @module
 */

import { join } from "node:path";

/** Removes a directory with its content, if it exists. */
export async function removeDirectory(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Copies a directory with its content. */
export async function copyDirectory(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    const [source, target] = [join(from, name), join(to, name)];
    if (isDirectory) await copyDirectory(source, target);
    else await Deno.copyFile(source, target);
  }
}
