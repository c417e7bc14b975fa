/**
 * Work that only one thread of all processes does at a time.
 *
 * @module
 */

import { dirname } from "node:path";

/**
 * Runs a function while no other thread or process runs one with the same lock file. Test
 * files that run at once need this to install the same program.
 *
 * @param path The lock file, which stays
 * @param run The function
 */
export async function exclusively<T>(
  path: string,
  run: () => Promise<T>,
): Promise<T> {
  await Deno.mkdir(dirname(path), { recursive: true });
  // To close the file releases the lock.
  using file = await Deno.open(path, { create: true, write: true });
  await file.lock(true);
  return await run();
}
