/**
 * Publishing, without what only a checkout needs.
 *
 * `deno publish` in the checkout would take the stand-ins of `tools/links/` along: its
 * graph resolves `jsr:@std/*` to them, and refuses to leave out what it resolves to.
 * So the package is published from a copy that has no links.
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

/** What a configuration has that is of interest here. */
interface Config {
  readonly links: readonly string[];
}

/**
 * Lays the package out as it is published.
 *
 * @param directory Where to
 * @param options `allowDirty`: whether the checkout may have changes, as it may by
 * default
 * @returns The paths of the files, relative to the directory
 */
export async function stage(
  directory: string,
  { allowDirty = true }: { readonly allowDirty?: boolean } = {},
): Promise<string[]> {
  const paths = await listPackage(allowDirty);
  for (const path of paths) {
    const target = join(directory, path);
    await Deno.mkdir(dirname(target), { recursive: true });
    await Deno.copyFile(new URL(path, ROOT), target);
  }
  const { links: _, ...config } = await readConfig();
  await writeConfig(directory, config);
  return paths;
}

/** What `deno publish` would take, without the stand-ins. */
async function listPackage(allowDirty: boolean): Promise<string[]> {
  const args = ["publish", "--dry-run", "--no-check"];
  if (allowDirty) args.push("--allow-dirty");
  const env = { NO_COLOR: "1" };
  const { success, stderr } = await deno(args, { cwd: ROOT, env }).output();
  const report = new TextDecoder().decode(stderr);
  assert(success, report);
  const urls = report.matchAll(/^ *(file:\S+) \(.*\)$/gm);
  return [...urls]
    .map(([, url = ""]) => decodeURI(url.slice(ROOT.href.length)))
    .filter((path) => !path.startsWith("tools/links/"));
}

function deno(args: string[], options: Deno.CommandOptions): Deno.Command {
  return new Deno.Command(Deno.execPath(), { args, stdin: "null", ...options });
}

async function readConfig(): Promise<Config> {
  return JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
}

async function writeConfig(directory: string, config: object): Promise<void> {
  const text = `${JSON.stringify(config, null, 2)}\n`;
  await Deno.writeTextFile(join(directory, "deno.json"), text);
}

/** Publishes with the arguments of this program; returns the exit code. */
async function publish(directory: string, args: string[]): Promise<number> {
  const isRehearsal = args.includes("--dry-run");
  const allowDirty = isRehearsal || args.includes("--allow-dirty");
  await stage(directory, { allowDirty });
  if (isRehearsal) {
    // From outside of the package, links resolve and are not published: so this
    // works on networks without JSR, too.
    const config = await readConfig();
    const links = config.links.map((link) =>
      fileURLToPath(new URL(link, ROOT))
    );
    await writeConfig(directory, { ...config, links });
  }
  const options = { cwd: directory, stdin: "inherit" } as const;
  const { code } = await deno(["publish", ...args], options).spawn().status;
  return code;
}

if (import.meta.main) {
  // Not in .cache/: `deno publish` leaves out what the .gitignore above it names.
  const directory = await Deno.makeTempDir({ prefix: "hoist_" });
  try {
    Deno.exitCode = await publish(directory, Deno.args);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
