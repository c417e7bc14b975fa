/**
 * Runs the tests: all of them, or those that its arguments name.
 *
 * ```sh
 * deno task test tests/server/silence_test.ts
 * ```
 *
 * @module
 */

/** The flags of each run. */
const FLAGS = ["--config", "tests/deno.json", "--allow-all", "--trace-leaks"];

/** Tests that other tasks run, and Markdown, whose examples are a test of their own. */
const IGNORED = [
  "tests/interop",
  "tests/testdata",
  "tools/links",
  ".cache",
  "README.md",
  "docs",
];

/** Storms, which need the processor for themselves. They run after all other tests. */
const STORMS = "tests/attacks";

/** Tests mostly wait for timers and processes, so a processor can run several. */
const JOBS_PER_PROCESSOR = 2;

/** Returns the arguments of `deno test` for each run, in order. */
export function planRuns(args: readonly string[]): readonly string[][] {
  const doc = ["test", ...FLAGS, "--doc"];
  // A path, or the value of an option, such as `--filter name`.
  if (args.some((argument) => !argument.startsWith("-"))) {
    return [[...doc, `--ignore=${IGNORED.join()}`, ...args]];
  }
  const ignored = [...IGNORED, STORMS].join();
  return [
    [...doc, "--parallel", `--ignore=${ignored}`, ...args],
    ["test", ...FLAGS, ...args, STORMS],
  ];
}

/** Runs `deno test`; returns the exit code. */
async function test(args: readonly string[]): Promise<number> {
  const jobs = JOBS_PER_PROCESSOR * navigator.hardwareConcurrency;
  const command = new Deno.Command(Deno.execPath(), {
    args: [...args],
    env: { DENO_JOBS: Deno.env.get("DENO_JOBS") ?? String(jobs) },
  });
  return (await command.spawn().status).code;
}

if (import.meta.main) {
  let failed = 0;
  for (const run of planRuns(Deno.args)) failed = await test(run) || failed;
  Deno.exit(failed);
}
