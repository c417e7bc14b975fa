/** Runs the programs of an example with the commands of its README. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { firstMatch } from "./process.ts";
import { cleanEnvironment } from "./environment.ts";

/** An example of the checkout, whose programs run in a folder of their own. */
export class ExamplePrograms {
  readonly #example: string;
  readonly #cwd: string;
  readonly #readme: string;

  /**
   * Constructs an `ExamplePrograms`.
   *
   * @param name The name of a folder in `examples/`
   * @param cwd The folder with the files that the programs read and write
   */
  constructor(name: string, cwd: string) {
    const root = new URL("../../examples/", import.meta.url);
    this.#example = fileURLToPath(new URL(name, root));
    this.#cwd = cwd;
    this.#readme = Deno.readTextFileSync(join(this.#example, "README.md"));
  }

  /** Starts a program, such as `server.ts`. */
  start(program: string): RunningProgram {
    const child = new Deno.Command(Deno.execPath(), {
      args: this.#argumentsOf(program),
      cwd: this.#cwd,
      ...cleanEnvironment({ NO_COLOR: "1" }),
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    return new RunningProgram(program, child);
  }

  /** The arguments in the command of the README, which runs in the folder of the example. */
  #argumentsOf(program: string): string[] {
    const [, flags] = this.#readme.match(
      new RegExp(`^deno run (.*) ${program.replace(".", "\\.")}$`, "m"),
    ) ?? [];
    assert(flags !== undefined, `README.md has no command for ${program}`);
    const config = join(this.#example, "deno.json");
    return [
      ...["run", "--quiet", "--config", config, ...flags.split(" ")],
      join(this.#example, program),
    ];
  }
}

/** A program of an example */
export class RunningProgram implements AsyncDisposable {
  readonly #name: string;
  readonly #child: Deno.ChildProcess;
  readonly #head: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #ended: Promise<unknown>;
  readonly #errors: Promise<string>;
  #isOver = false;

  constructor(name: string, child: Deno.ChildProcess) {
    this.#name = name;
    this.#child = child;
    const [head, rest] = child.stdout.tee();
    this.#head = head;
    this.#errors = new Response(child.stderr).text();
    this.#ended = Promise.all([child.status, new Response(rest).text()]);
  }

  /** Returns the first match in its standard output. Call it once. */
  find(pattern: RegExp): Promise<string> {
    return firstMatch(this.#head, pattern);
  }

  /** Resolves to its standard error when it has ended by itself. */
  async end(): Promise<string> {
    this.#isOver = true;
    await this.#ended;
    return await this.#errors;
  }

  /** Ends it at once, as a crash does. Throws an error if it has ended by itself. */
  async kill(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    try {
      this.#child.kill("SIGKILL");
    } catch {
      assert.fail(`${this.#name} has ended\n${await this.#errors}`);
    } finally {
      await Promise.all([this.#ended, this.#errors]);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}
