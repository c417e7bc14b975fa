/** Runs scripts as processes. */

/** The configuration that a script outside of the package needs. */
const CONFIG = `${import.meta.dirname}/../../deno.json`;

/** The result of a script. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a script until it ends, without prompts for permissions.
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
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--config", CONFIG, ...flags, "-"],
    env: { NO_COLOR: "1", ...env },
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
