/** Runs scripts as processes. */

import { cleanEnvironment } from "./environment.ts";

/** The configuration that a script outside of the package needs. */
const CONFIG = `${import.meta.dirname}/../../deno.json`;

/** The result of a script. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const IS_SUPERUSER = Deno.build.os !== "windows" && Deno.uid() === 0;

/** Runs a command without the right of the superuser to read every file. */
const SETPRIV = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"];

/** Whether a script can run that the permissions of files apply to. */
export const OBEYS_FILE_MODES = Deno.build.os !== "windows" &&
  (!IS_SUPERUSER || hasSetpriv());

function hasSetpriv(): boolean {
  try {
    const [command = "", ...args] = SETPRIV;
    return new Deno.Command(command, { args: [...args, "true"] }).outputSync()
      .success;
  } catch {
    return false;
  }
}

/**
 * Runs a script until it ends, without prompts for permissions. The permissions of
 * files apply to it, also if the superuser runs the tests.
 *
 * @param flags The flags of `deno run`
 * @param source The source code of the script
 * @param env Additional environment variables
 */
export async function runScript(
  flags: readonly string[],
  source: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const [command = "", ...prefix] = IS_SUPERUSER && OBEYS_FILE_MODES
    ? [...SETPRIV, Deno.execPath()]
    : [Deno.execPath()];
  const process = new Deno.Command(command, {
    args: [...prefix, "run", "--no-prompt", "--config", CONFIG, ...flags, "-"],
    ...cleanEnvironment({ NO_COLOR: "1", ...env }),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  await new Blob([source]).stream().pipeTo(process.stdin);
  const { code, stdout, stderr } = await process.output();
  const [out, err] = [stdout, stderr].map((bytes) =>
    new TextDecoder().decode(bytes)
  );
  return { code, stdout: out!, stderr: err! };
}
