/**
 * Finds the tools of the bench, or downloads them into `.cache/bench`: Bun, which runs
 * the load generators, and the packages of the other libraries.
 *
 * @module
 */

import { readIfThere, setUpPython } from "../../tests/interop/setup.ts";
import { exclusively } from "../lib/exclusive.ts";
import { output } from "../lib/process.ts";

const FOLDER = decodeURIComponent(
  new URL("../../.cache/bench", import.meta.url).pathname,
);
/** The folder of the npm packages, if Node runs here */
export const PACKAGES = `${FOLDER}/npm`;

const PINS = decodeURIComponent(new URL("./npm", import.meta.url).pathname);

/** The tools on this machine. */
export interface Tools {
  readonly bun: string;
  /** The folder with the packages of the Node servers; `undefined` without Node */
  readonly packages: string | undefined;
  /** The Python with Hoist; `undefined` without it */
  readonly python: string | undefined;
  /** The missing tools, and the measurements that are skipped */
  readonly notes: readonly string[];
}

/** Finds the tools, or downloads them. */
export async function findTools(wantsPython: boolean): Promise<Tools> {
  const notes: string[] = [];
  const [packages, bun] = await exclusively(`${FOLDER}/lock`, async () => {
    const packages = await fetchPackages(notes);
    return [packages, await fetchBun(packages)] as const;
  });
  const python = wantsPython ? await findPython(notes) : undefined;
  return { bun, packages, python, notes };
}

async function fetchPackages(notes: string[]): Promise<string | undefined> {
  const hasNode = await output("node", ["--version"]) !== undefined;
  const hasNpm = await output("npm", ["--version"]) !== undefined;
  if (!hasNode || !hasNpm) {
    const missing = hasNode ? "npm" : "node";
    notes.push(`Skips ws and socket.io: ${missing} does not run here.`);
    return undefined;
  }
  const folder = PACKAGES;
  const lock = await Deno.readTextFile(`${PINS}/package-lock.json`);
  const isInstalled = await readIfThere(`${folder}/installed.json`) === lock;
  if (!isInstalled) await installPackages(folder, lock);
  return folder;
}

async function installPackages(folder: string, lock: string): Promise<void> {
  console.error(
    "Installs the packages of the other libraries into .cache/bench",
  );
  await Deno.mkdir(folder, { recursive: true });
  for (const file of ["package.json", "package-lock.json"]) {
    await Deno.copyFile(`${PINS}/${file}`, `${folder}/${file}`);
  }
  // The install scripts of the packages are only needed to move the binary of Bun.
  const options = ["--ignore-scripts", "--no-audit", "--no-fund"];
  await run("npm", ["ci", "--silent", ...options], folder);
  // Written last, so that an interrupted installation starts again.
  await Deno.writeTextFile(`${folder}/installed.json`, lock);
}

/** Returns the path of Bun, from the npm packages or downloaded by Deno. */
async function fetchBun(packages: string | undefined): Promise<string> {
  const name = `@oven/bun-linux-${await platform()}`;
  const fromNpm = `${packages}/node_modules/${name}/bin/bun`;
  if (packages !== undefined && await works(fromNpm)) return fromNpm;
  const folder = `${FOLDER}/deno`;
  const fromDeno = `${folder}/node_modules/${name}/bin/bun`;
  if (await works(fromDeno)) return fromDeno;
  console.error(
    "Downloads Bun, which runs the load generators, into .cache/bench",
  );
  await Deno.mkdir(folder, { recursive: true });
  const { dependencies } = JSON.parse(
    await Deno.readTextFile(`${PINS}/package.json`),
  );
  const imports = { bun: `npm:${name}@${dependencies.bun}` };
  const config = JSON.stringify({ nodeModulesDir: "auto", imports });
  await Deno.writeTextFile(`${folder}/deno.json`, config);
  await run(Deno.execPath(), ["install", "--quiet"], folder);
  if (await works(fromDeno)) return fromDeno;
  throw new Error(
    `Cannot measure: ${fromDeno} does not run. The load generators need Bun.`,
  );
}

/** Returns Bun's name for this processor and its C library. */
async function platform(): Promise<string> {
  const processor = Deno.build.arch === "aarch64" ? "aarch64" : "x64";
  const listing = await output("ldd", ["--version"]) ?? "glibc";
  return listing.includes("musl") ? `${processor}-musl` : processor;
}

async function works(path: string): Promise<boolean> {
  return await output(path, ["--version"]) !== undefined;
}

async function findPython(notes: string[]): Promise<string | undefined> {
  try {
    return await setUpPython();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    notes.push(`Skips Python Hoist: ${reason}`);
    return undefined;
  }
}

async function run(
  command: string,
  args: readonly string[],
  cwd: string,
): Promise<void> {
  const result = await new Deno.Command(command, {
    args: [...args],
    cwd,
    stdin: "null",
  }).output();
  if (result.success) return;
  const details = new TextDecoder().decode(result.stderr).trim();
  throw new Error(
    `Cannot fetch what the bench needs, check the network: ${command} ${
      args.join(" ")
    } failed: ${details}`,
  );
}
