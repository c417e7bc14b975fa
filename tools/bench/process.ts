/**
 * Child processes that speak in lines, and that never outlive the bench.
 *
 * @module
 */

import { within } from "./load/deadline.ts";

/** How a child is started. */
export interface ProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Whether what it writes to standard error goes nowhere, instead of into errors */
  readonly silent?: boolean;
}

/** How much of what a child wrote to standard error is kept. */
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

  constructor({ command, args, cwd, silent = false }: ProcessOptions) {
    this.#name = [command.split("/").at(-1), ...args].join(" ").slice(0, 120);
    this.#child = new Deno.Command(command, {
      args: [...args],
      ...(cwd === undefined ? {} : { cwd }),
      stdin: "piped",
      stdout: "piped",
      stderr: silent ? "null" : "piped",
    }).spawn();
    this.pid = this.#child.pid;
    this.#input = this.#child.stdin.getWriter();
    const text = this.#child.stdout.pipeThrough(new TextDecoderStream());
    this.#output = text.getReader();
    this.#errorsRead = silent ? Promise.resolve() : this.#readErrors();
    alive.add(this);
  }

  /**
   * The next line of its standard output.
   *
   * @param limit How long to wait, in milliseconds
   */
  next(limit: number): Promise<string> {
    const seconds = limit / 1_000;
    const describe = () => this.#describe(`said nothing within ${seconds} s`);
    return within(this.#next(), limit, describe);
  }

  /** Writes a line to its standard input and returns the line that it answers. */
  async ask(line: string, limit: number): Promise<string> {
    // One that has ended does not read: it does not answer either.
    const bytes = new TextEncoder().encode(`${line}\n`);
    await this.#input.write(bytes).catch(() => {});
    return await this.next(limit);
  }

  /** Ends it, at once, and waits until it is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.#child.status;
    alive.delete(this);
    await this.#input.abort().catch(() => {});
    await this.#output.cancel().catch(() => {});
    await this.#errorsRead;
  }

  /** Ends it, at once. */
  kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended already.
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
    const text = this.#child.stderr.pipeThrough(new TextDecoderStream());
    for await (const chunk of text) {
      this.#errors = (this.#errors + chunk).slice(-MAX_ERRORS);
    }
  }

  #describe(problem: string): string {
    const errors = this.#errors.trim();
    const details = errors === "" ? "" : `: ${errors}`;
    return `${this.#name} ${problem}${details}`;
  }
}

/** Ends all children, at once. */
export function killAll(): void {
  for (const process of alive) process.kill();
}

/** Ends the bench and all its children when somebody interrupts it. */
export function endOnSignals(): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => {
      killAll();
      console.error("\nInterrupted; nothing is left running");
      Deno.exit(130);
    });
  }
}

/** What a command writes to standard output; `undefined` if it fails or is missing. */
export async function output(
  command: string,
  args: readonly string[],
): Promise<string | undefined> {
  try {
    const result = await new Deno.Command(command, {
      args: [...args],
      stdin: "null",
      stderr: "null",
    }).output();
    const text = new TextDecoder().decode(result.stdout).trim();
    return result.success ? text : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
