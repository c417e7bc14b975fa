/** Scripts in processes of their own, from their first line to what they leave behind. */

/** The configuration that a script outside of the package needs. */
const CONFIG = `${import.meta.dirname}/../../deno.json`;

/** What a script leaves behind. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a script to its end; nobody is there to grant what the flags do not.
 *
 * @param flags Those of `deno run`
 * @param source The script
 * @param env What it finds in its environment besides the rest
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
