/** The Python that the tests talk to, in a virtual environment of its own. */

const REQUIREMENTS = `${import.meta.dirname}/requirements.txt`;
const FOLDER = `${import.meta.dirname}/../../.cache/python`;
const STAMP = `${FOLDER}/stamp.txt`;
const PYTHON = `${FOLDER}/bin/python`;

/** How long a step may take, in milliseconds: pip downloads some 20 MB. */
const LIMIT = 240_000;

/**
 * Makes the virtual environment, unless there is one of the same requirements.
 *
 * @param command The Python to make it with
 * @returns The path of its interpreter
 */
export async function setUpPython(command = "python3"): Promise<string> {
  const version = await run(command, ["--version"], MISSING);
  const stamp = `${version}${await Deno.readTextFile(REQUIREMENTS)}`;
  if (await readIfThere(STAMP) === stamp) return PYTHON;
  await run(command, ["-m", "venv", "--clear", FOLDER], MISSING);
  console.error("Installing the Python package into .cache/python, once");
  await run(PYTHON, PIP_INSTALL, NOT_INSTALLED);
  // Written last, so that what was interrupted is made again.
  await Deno.writeTextFile(STAMP, stamp);
  return PYTHON;
}

const MISSING =
  "Cannot set up Python: install python3 with its venv module, 3.11 or later";

const NOT_INSTALLED =
  "Cannot set up Python: pip could not install tests/interop/requirements.txt, check the network and that python3 is 3.11 or later";

const PIP_INSTALL = [
  ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check"],
  ...["--requirement", REQUIREMENTS],
];

/** Runs a command to its end and returns what it wrote. */
async function run(
  command: string,
  args: readonly string[],
  failure: string,
): Promise<string> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), LIMIT);
  const { signal } = controller;
  try {
    const output = await new Deno.Command(command, {
      args: [...args],
      stdin: "null",
      signal,
    }).output();
    const text = decode(output.stdout);
    if (output.success) return text;
    throw new Error(failure, { cause: text + decode(output.stderr) });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(failure, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** The text of a file, or `undefined` if there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
