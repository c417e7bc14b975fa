/** A server under attack, in a process of its own. */

import assert from "node:assert/strict";
import { Program, ROOT } from "./program.ts";
import type { Settings } from "../attacks/server.ts";

/** The program of the server. */
const SERVER = `${ROOT}/tests/attacks/server.ts`;

/** A server under attack. The end of an `await using` block ends its process. */
export class AttackedServer implements AsyncDisposable {
  readonly token = "test";
  /** The address that it listens on */
  readonly addr: { readonly port: number };
  readonly #program: Program;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  #lastCommand = 0;

  private constructor(program: Program, port: number) {
    this.#program = program;
    this.#input = program.process.stdin.getWriter();
    this.addr = { port };
  }

  /** Starts a server and waits until it listens. */
  static async start(
    settings: Settings = {},
    maxDescriptors = "",
  ): Promise<AttackedServer> {
    const args = ["-A", "--v8-flags=--expose-gc", SERVER];
    const program = new Program([...args, JSON.stringify(settings)], {}, {
      stdin: "piped",
      maxDescriptors,
    });
    const line = await program.line(/^info listening on \d+$/);
    return new AttackedServer(program, Number(line.split(" ").at(-1)));
  }

  get url(): string {
    return `http://127.0.0.1:${this.addr.port}`;
  }

  /** The lines of its log. They can arrive after what the server has sent later. */
  get log(): readonly string[] {
    const { lines } = this.#program.output;
    return lines.filter((line) => line.startsWith("error "))
      .map((line) => line.slice("error ".length));
  }

  /** Whether the process has not ended */
  get isRunning(): boolean {
    return descriptorsOf(this.#program.process.pid) > 0;
  }

  /** The number of its open descriptors */
  get descriptors(): number {
    return descriptorsOf(this.#program.process.pid);
  }

  /** Collects the garbage of the server; resolves to the bytes that it still holds. */
  async memory(): Promise<number> {
    return Number(await this.ask("memory"));
  }

  /** Sends a command to the program; resolves to its answer. */
  // deno-lint-ignore no-explicit-any -- tests read any property
  async ask(command: string): Promise<any> {
    const id = ++this.#lastCommand;
    const bytes = new TextEncoder().encode(`${id} ${command}\n`);
    await this.#input.write(bytes);
    const line = await this.#program.line(new RegExp(`^info answer ${id} `));
    return JSON.parse(line.slice(`info answer ${id} `.length));
  }

  /** Requests a path of the server; resolves to the JSON of the response. */
  // deno-lint-ignore no-explicit-any -- tests read any property
  async health(): Promise<any> {
    const response = await fetch(`${this.url}/hoist/health`);
    assert.equal(response.status, 200);
    return await response.json();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]();
    await this.#input.close().catch(() => {});
  }
}

/** Returns the number of open descriptors of a process, or 0 if it has ended. */
function descriptorsOf(pid: number): number {
  try {
    return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
  } catch {
    return 0;
  }
}
