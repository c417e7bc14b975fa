/**
 * Where other processes, and `import()`, find the modules of this package: in the registry, or in
 * a clone of the repository.
 *
 * @module
 */

import { VERSION } from "../version.ts";

/** Whether this module is a file of a clone of the repository. */
export const IS_CLONE = import.meta.url.startsWith("file:");

/**
 * Returns the specifier of an entry module. In the registry, it has the exact version of this
 * module, so that all processes run the same code.
 *
 * @param name The name of the export, such as `/redis`; an empty string for the main module
 * @param path The path of its file, from the folder of this module
 */
export function specifierOf(name: string, path: string): string {
  return IS_CLONE
    ? import.meta.resolve(path)
    : `jsr:@hoist/cli@${VERSION}${name}`;
}

/**
 * Returns the flags that `deno run` needs in a clone. Its lock file does not name the libraries of
 * the engines, because Deno would download them for every program. A module of a clone whose name
 * is not known in advance is a file that is read.
 */
export function cloneFlags(): readonly string[] {
  if (!IS_CLONE) return [];
  const [config, modules] = ["../tools/workers/deno.json", "../"].map((path) =>
    decodeURIComponent(new URL(path, import.meta.url).pathname)
  );
  return ["--config", config!, `--allow-read=${modules}`];
}
