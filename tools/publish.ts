/**
 * Publishes the package from a copy.
 *
 * `deno.json` has links that replace some packages of JSR with stand-ins, for networks
 * that do not reach JSR. `deno publish` refuses to publish a package with links, so the
 * copy has none. It consists of the files in `publish.include`. It has no lock file, which
 * would be of no use to the users of the package.
 *
 * ```sh
 * deno run --allow-all tools/publish.ts --dry-run
 * ```
 *
 * @module
 */

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = new URL("../", import.meta.url);

/** The parts of `deno.json` that are used here. */
interface Config {
  readonly lock?: unknown;
  readonly links?: readonly string[];
  readonly publish: { readonly include: readonly string[] };
}

/**
 * Copies the files of the package into a directory.
 *
 * @param directory The target
 * @returns The paths of the files, relative to the directory
 */
export async function stage(directory: string): Promise<string[]> {
  const { links: _links, lock: _lock, ...config } = await readConfig();
  const paths = config.publish.include.flatMap(listFiles).sort();
  for (const path of paths) {
    const target = join(directory, path);
    await Deno.mkdir(dirname(target), { recursive: true });
    await Deno.copyFile(new URL(path, ROOT), target);
  }
  await writeConfig(directory, config);
  return paths;
}

/** Lists the files of an entry of `publish.include`. */
function listFiles(entry: string): string[] {
  if (entry.startsWith("*.")) {
    return namesIn("").filter((name) => name.endsWith(entry.slice(1)));
  }
  const { isDirectory } = Deno.statSync(new URL(entry, ROOT));
  if (!isDirectory) return [entry];
  return namesIn(`${entry}/`).flatMap((name) => listFiles(`${entry}/${name}`));
}

function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, ROOT))].map(({ name }) => name);
}

async function readConfig(): Promise<Config> {
  return JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
}

async function writeConfig(directory: string, config: object): Promise<void> {
  const json = `${JSON.stringify(config, null, 2)}\n`;
  await Deno.writeTextFile(join(directory, "deno.json"), json);
}

/** Adds the links of the checkout to the copy. They must not change what is published. */
async function addLinks(directory: string): Promise<void> {
  const { links = [], lock: _, ...config } = await readConfig();
  const paths = links.map((link) => fileURLToPath(new URL(link, ROOT)));
  await writeConfig(directory, { ...config, links: paths });
}

/** Fails if the checkout has changes that are not committed. */
async function assertCommitted(): Promise<void> {
  const command = new Deno.Command("git", {
    args: ["status", "--porcelain"],
    cwd: ROOT,
  });
  const { success, stdout } = await command.output();
  const changes = new TextDecoder().decode(stdout);
  assert(
    success && changes === "",
    `Cannot publish: the checkout has uncommitted changes. Commit them first.\n${changes}`,
  );
}

/** Publishes with the arguments of this program; returns the exit code. */
async function publish(directory: string, args: string[]): Promise<number> {
  const isDryRun = args.includes("--dry-run");
  if (!isDryRun && !args.includes("--allow-dirty")) await assertCommitted();
  await stage(directory);
  // Deno does not publish linked packages that are outside of the package. With the
  // links, a dry run also works without JSR.
  if (isDryRun) await addLinks(directory);
  const command = new Deno.Command(Deno.execPath(), {
    args: ["publish", ...args],
    cwd: directory,
    stdin: "inherit",
  });
  const { code } = await command.spawn().status;
  return code;
}

if (import.meta.main) {
  // Not in the checkout: `deno publish` skips files that its .gitignore names.
  const directory = await Deno.makeTempDir({ prefix: "hoist_" });
  try {
    Deno.exitCode = await publish(directory, Deno.args);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
