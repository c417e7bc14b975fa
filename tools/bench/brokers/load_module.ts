/**
 * Loads modules of the package that use packages of npm.
 *
 * @module
 */

/**
 * Loads a module of `broker/` by its name. `deno check` does not follow the import, so that the
 * packages of the engines are not in the lock file of the package.
 */
export async function loadModule(name: string) {
  return await import(
    new URL(`../../../broker/${name}.ts`, import.meta.url).href
  );
}
