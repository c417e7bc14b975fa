/** Programs in processes of their own, for what a test cannot do in its own. */

import assert from "node:assert/strict";
import { LogRecorder } from "../support/log_recorder.ts";

/** The folder of the package. */
export const ROOT = `${import.meta.dirname}/../..`;

/** The configuration that a script outside of the package needs. */
export const CONFIG = `${ROOT}/deno.json`;

/** A script in a folder of its own, which is removed at the end of the block. */
export interface Script extends AsyncDisposable {
  readonly directory: string;
  readonly path: string;
}

/** Writes a script. */
export async function makeScript(source: string): Promise<Script> {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/script.ts`;
  await Deno.writeTextFile(path, source);
  return {
    directory,
    path,
    [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }),
  };
}

/** A program of Deno, without a terminal; at the end of its block it ends, too. */
export class Program implements AsyncDisposable {
  readonly process: Deno.ChildProcess;
  /** What it writes: as `info` to standard output, as `error` to standard error */
  readonly output = new LogRecorder();
  /** Resolves to the exit code when everything has been written */
  readonly ended: Promise<number>;

  /** Starts a program with the arguments of `deno run`. */
  constructor(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ) {
    const { HOIST_TOKEN: _, ...rest } = Deno.env.toObject();
    this.process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--config", CONFIG, ...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      clearEnv: true,
      env: { ...rest, NO_COLOR: "1", ...env },
    }).spawn();
    const { status, stdout, stderr } = this.process;
    this.ended = Promise.all([
      status,
      readLines(stdout, (line) => this.output.info(line)),
      readLines(stderr, (line) => this.output.error(line)),
    ]).then(([{ code }]) => code);
  }

  /** The first line that matches, now or once it comes; fails if none ever does. */
  async line(pattern: RegExp): Promise<string> {
    await Promise.race([this.output.line(pattern), this.ended]);
    const { lines } = this.output;
    const line = lines.find((line) => pattern.test(line));
    assert(line !== undefined, `${pattern} is none of ${lines.join("\n")}`);
    return line;
  }

  /** Ends the program as Ctrl-C does. */
  async interrupt(): Promise<number> {
    this.process.kill("SIGINT");
    return await this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.process.kill("SIGKILL");
    } catch {
      // It has ended already, as it should.
    }
    await this.ended;
  }
}

async function readLines(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  add: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(add);
  }
  if (rest !== "") add(`${rest} (without a line break)`);
}
