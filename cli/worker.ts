/**
 * A process of `--workers`: a server that gets its settings from the process that started it, and
 * closes when that process has ended.
 *
 * @module
 */

import { HoistError } from "../common/errors.ts";
import type { CommandContext } from "./context.ts";
import { exitCodeOf } from "./exit_code.ts";
import type { ServeSettings } from "./settings.ts";
import { READY } from "./worker_process.ts";

/**
 * Serves until a signal, or until the parent process has closed the standard input.
 *
 * @param serve Serves until a signal aborts
 * @returns The exit code
 */
export async function runWorker(
  context: CommandContext,
  serve: (
    signal: AbortSignal,
    settings: ServeSettings,
    onListening: () => void,
  ) => Promise<void>,
): Promise<number> {
  return await exitCodeOf(context, async (signal) => {
    const { settings, ended } = await readInput(Deno.stdin.readable);
    await serve(
      AbortSignal.any([signal, ended]),
      settings,
      () => context.print(READY),
    );
  });
}

/**
 * Reads the settings from the first line of the standard input. The parent keeps it open: it ends
 * when the parent wants the worker to end, or has ended itself, in whichever way.
 */
async function readInput(
  input: ReadableStream<BufferSource>,
): Promise<{ settings: ServeSettings; ended: AbortSignal }> {
  const reader = input.pipeThrough(new TextDecoderStream()).getReader();
  let line = "";
  while (!line.endsWith("\n")) {
    const { done, value } = await reader.read();
    if (done) throw new HoistError(NO_PARENT);
    line += value;
  }
  const ended = new AbortController();
  const onEnd = () => ended.abort();
  // The parent writes nothing else.
  reader.read().then(onEnd, onEnd);
  return { settings: JSON.parse(line), ended: ended.signal };
}

const NO_PARENT =
  "Cannot run a worker: it got no settings. Run 'serve --workers', which starts its workers itself.";
