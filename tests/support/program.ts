/** Programs that tests run as processes. */

import { LogRecorder } from "./log_recorder.ts";
import { pause } from "./timing.ts";
import { cleanEnvironment } from "./environment.ts";

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

/** Quotes the words of a command for a POSIX shell. */
export function quoteWords(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
}

/** How a program runs. */
export interface ProgramOptions {
  /** The command of Deno, by default `run` */
  readonly command?: "run" | "serve";
  /** Whether the test writes to the standard input */
  readonly stdin?: "null" | "piped";
  /** The maximum number of open descriptors, for `ulimit -n` */
  readonly maxDescriptors?: string;
}

/** Runs a command with a limit for descriptors; `exec` keeps the process id. */
const LIMITED = 'ulimit -n "$0"; exec "$@"';

/** A Deno program without a terminal. The end of an `await using` block ends it. */
export class Program implements AsyncDisposable {
  readonly process: Deno.ChildProcess;
  /** The output: `info` for standard output, `error` for standard error */
  readonly output = new LogRecorder();
  /** Resolves to the exit code after all output was read */
  readonly ended: Promise<number>;

  /** Starts a program with the arguments of `deno run`, or of another command. */
  constructor(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    { command = "run", stdin = "null", maxDescriptors = "" }: ProgramOptions =
      {},
  ) {
    const deno = [Deno.execPath(), command, "--config", CONFIG, ...args];
    const [file, ...commandArgs] = maxDescriptors === ""
      ? deno
      : ["/bin/sh", "-c", LIMITED, maxDescriptors, ...deno];
    this.process = new Deno.Command(file!, {
      args: commandArgs,
      stdin,
      stdout: "piped",
      stderr: "piped",
      ...cleanEnvironment({ NO_COLOR: "1", ...env }),
    }).spawn();
    const { status, stdout, stderr } = this.process;
    this.ended = Promise.all([
      status,
      readLines(stdout, (line) => this.output.info(line)),
      readLines(stderr, (line) => this.output.error(line)),
    ]).then(([{ code }]) => {
      this.output.close();
      return code;
    });
  }

  /**
   * Resolves to the first line that matches. Fails if the program ends without one, or if
   * there is none within a minute.
   */
  line(pattern: RegExp): Promise<string> {
    return this.output.line(pattern);
  }

  /** Interrupts the program like Ctrl-C; resolves to its exit code. */
  async interrupt(): Promise<number> {
    this.process.kill("SIGINT");
    return await this.ended;
  }

  /**
   * Interrupts the program until it ends, because a signal right after the first one is ignored;
   * resolves to its exit code.
   */
  async interruptUntilEnd(): Promise<number> {
    let hasEnded = false;
    const end = this.ended.finally(() => hasEnded = true);
    while (!hasEnded) {
      await pause(50);
      try {
        this.process.kill("SIGINT");
      } catch {
        // The program has ended in the meantime.
        await end;
      }
    }
    return await end;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.process.kill("SIGKILL");
    } catch {
      // The program has ended already.
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
