/**
 * One process of `--workers`, as the process that started it sees it.
 *
 * @module
 */

import { settlesWithin } from "../common/async.ts";
import { WORKER } from "./serve_flags.ts";
import { cloneFlags, specifierOf } from "./package_modules.ts";
import type { ServeSettings } from "./settings.ts";

/** The line on the standard output of a worker that listens. */
export const READY = "ready";

/** A process that serves. */
export class WorkerProcess {
  /** Resolves when it has ended */
  readonly ended: Promise<Deno.CommandStatus>;
  /** The id of the process */
  readonly pid: number;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;

  /**
   * Starts a process.
   *
   * @param permissions The flags of `deno run` for its permissions
   * @param settings The settings of its server. They contain secrets, so that the list of
   * processes and the environment must not show them
   * @param onListening Called when its server listens
   */
  constructor(
    permissions: readonly string[],
    settings: ServeSettings,
    onListening: () => void,
  ) {
    this.#child = spawn(permissions);
    this.pid = this.#child.pid;
    this.#input = this.#child.stdin.getWriter();
    const { status, stdout } = this.#child;
    const reading = readLines(stdout, (line) => {
      if (line === READY) onListening();
      else console.log(line);
    });
    this.ended = Promise.all([status, reading]).then(async ([status]) => {
      await this.#input.abort().catch(() => {});
      return status;
    });
    const line = `${JSON.stringify(settings)}\n`;
    // If the process ends first, `ended` reports it.
    this.#input.write(new TextEncoder().encode(line)).catch(() => {});
  }

  /**
   * Asks the process to close its server, and to end.
   *
   * @param limit After how many milliseconds it is killed
   * @returns Whether it ended in time
   */
  async stop(limit: number): Promise<boolean> {
    this.#input.close().catch(() => {});
    if (await settlesWithin(this.ended, limit)) return true;
    this.kill();
    return false;
  }

  /** Kills the process. */
  kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
  }
}

function spawn(permissions: readonly string[]): Deno.ChildProcess {
  // The progress of downloads of many workers would delete the lines of each other, and the
  // startup line with the token.
  const quiet = ["--quiet", "--no-prompt", "--unstable-net"];
  const flags = [...quiet, ...permissions];
  const main = specifierOf("", "../mod.ts");
  return new Deno.Command(Deno.execPath(), {
    args: ["run", ...cloneFlags(), ...flags, main, WORKER],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

async function readLines(
  stream: ReadableStream<BufferSource>,
  onLine: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(onLine);
  }
}
