/** Sets up the virtual environment of the Python programs. */

import { exclusively } from "../../tools/lib/exclusive.ts";

const REQUIREMENTS = `${import.meta.dirname}/requirements.txt`;
const FOLDER = `${import.meta.dirname}/../../.cache/python`;
const STAMP = `${FOLDER}/stamp.txt`;
const PYTHON = `${FOLDER}/bin/python`;

/** The time limit of a step in milliseconds. pip downloads about 20 MB. */
const LIMIT = 240_000;

/**
 * Creates the virtual environment, unless one with the same requirements exists. Test files
 * that run at once wait for each other.
 *
 * @param command The Python interpreter that creates it
 * @returns The path of the interpreter in the environment
 */
export function setUpPython(command = "python3"): Promise<string> {
  return exclusively(`${FOLDER}.lock`, () => createEnvironment(command));
}

async function createEnvironment(command: string): Promise<string> {
  const version = await run(command, ["--version"], MISSING);
  const stamp = `${version}${await Deno.readTextFile(REQUIREMENTS)}`;
  if (await readIfThere(STAMP) === stamp) return PYTHON;
  await run(command, ["-m", "venv", "--clear", FOLDER], MISSING);
  console.error("Installing the Python package into .cache/python");
  await run(PYTHON, PIP_INSTALL, NOT_INSTALLED);
  // Written last, so that an interrupted setup starts again.
  await Deno.writeTextFile(STAMP, stamp);
  return PYTHON;
}

/** This machine has no python3, or python3 has no venv module. */
export class MissingPythonError extends Error {
  override name = "MissingPythonError";

  constructor(options: ErrorOptions) {
    super(MISSING, options);
  }
}

const MISSING =
  "Cannot set up Python: python3 with its venv module is missing. Install Python 3.11 or later.";

const NOT_INSTALLED =
  "Cannot set up Python: pip could not install tests/interop/requirements.txt. Check the network, and that python3 is version 3.11 or later.";

const PIP_INSTALL = [
  ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check"],
  ...["--requirement", REQUIREMENTS],
];

/** Runs a command and returns its standard output. */
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
    throw makeError(failure, text + decode(output.stderr));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw makeError(failure, error);
  } finally {
    clearTimeout(timer);
  }
}

function makeError(failure: string, cause: unknown): Error {
  return failure === MISSING
    ? new MissingPythonError({ cause })
    : new Error(failure, { cause });
}

/** Returns the content of a file, or `undefined` if it does not exist. */
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
