/**
 * Child processes that exchange lines with this process and never outlive it.
 *
 * @module
 */

import { within } from "./deadline.ts";

/** The command that starts a child process. */
export interface ProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** The variables of its environment, besides those of this process */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Whether standard error is discarded instead of quoted in errors
   *
   * @default false
   */
  readonly silent?: boolean;
}

/** The number of characters of standard error that errors quote. */
const MAX_ERRORS = 2_000;

const alive = new Set<Process>();

/** A child process. */
export class Process implements AsyncDisposable {
  readonly pid: number;
  readonly #name: string;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #output: ReadableStreamDefaultReader<string>;
  readonly #errorsRead: Promise<void>;
  #errors = "";
  #unread = "";

  constructor({ command, args, cwd, env, silent = false }: ProcessOptions) {
    this.#name = [command.split("/").at(-1), ...args].join(" ").slice(0, 120);
    this.#child = new Deno.Command(command, {
      args: [...args],
      ...(cwd === undefined ? {} : { cwd }),
      ...(env === undefined ? {} : { env }),
      stdin: "piped",
      stdout: "piped",
      stderr: silent ? "null" : "piped",
    }).spawn();
    this.pid = this.#child.pid;
    this.#input = this.#child.stdin.getWriter();
    const output = this.#child.stdout.pipeThrough(new TextDecoderStream());
    this.#output = output.getReader();
    this.#errorsRead = silent ? Promise.resolve() : this.#readErrors();
    alive.add(this);
  }

  /**
   * Returns the next line of the standard output.
   *
   * @param timeout The longest wait, in milliseconds
   */
  next(timeout: number): Promise<string> {
    const seconds = timeout / 1_000;
    const describe = () => this.#describe(`wrote no line within ${seconds} s`);
    return within(this.#next(), timeout, describe);
  }

  /**
   * Sends a command as a line of JSON, and returns the answer.
   *
   * @param timeout The longest wait for the answer, in milliseconds
   * @throws {Error} If the command fails in the child process
   */
  async request<Answer>(command: unknown, timeout: number): Promise<Answer> {
    const bytes = new TextEncoder().encode(`${JSON.stringify(command)}\n`);
    // If the child process has ended, `next` reports it.
    await this.#input.write(bytes).catch(() => {});
    const answer = JSON.parse(await this.next(timeout));
    if (answer?.error !== undefined) throw new Error(answer.error);
    return answer;
  }

  /** Kills the process, and waits until it has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.#child.status;
    alive.delete(this);
    await this.#input.abort().catch(() => {});
    await this.#output.cancel().catch(() => {});
    await this.#errorsRead;
  }

  /** Kills the process. */
  kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // The process has already ended.
    }
  }

  async #next(): Promise<string> {
    while (!this.#unread.includes("\n")) {
      const { done, value } = await this.#output.read();
      if (done) throw new Error(this.#describe("ended"));
      this.#unread += value;
    }
    const end = this.#unread.indexOf("\n");
    const line = this.#unread.slice(0, end);
    this.#unread = this.#unread.slice(end + 1);
    return line;
  }

  async #readErrors(): Promise<void> {
    const stream = this.#child.stderr.pipeThrough(new TextDecoderStream());
    for await (const chunk of stream) {
      this.#errors = (this.#errors + chunk).slice(-MAX_ERRORS);
    }
  }

  #describe(problem: string): string {
    const errors = this.#errors.trim();
    const details = errors === "" ? "" : `: ${errors}`;
    return `${this.#name} ${problem}${details}`;
  }
}

/** Kills all child processes. */
export function killAll(): void {
  for (const process of alive) process.kill();
}

/** Ends this process and all its child processes if it is interrupted. */
export function endOnSignals(): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => {
      killAll();
      console.error("\nInterrupted. All child processes have ended.");
      Deno.exit(130);
    });
  }
}

/**
 * Returns the standard output of a command; `undefined` if the command fails
 * or does not exist.
 */
export async function output(
  command: string,
  args: readonly string[],
): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command(command, {
      args: [...args],
      stdin: "null",
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
