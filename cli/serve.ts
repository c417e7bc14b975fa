/**
 * The command `serve`, which starts a server, or several processes with one each.
 *
 * @module
 */

import type { LogEntry } from "../common/log_format.ts";
import { debug, serve } from "../server.ts";
import type { CommandInput } from "./command.ts";
import { openBroker } from "./broker.ts";
import type { CommandContext } from "./context.ts";
import { exitCodeOf } from "./exit_code.ts";
import { logNote } from "./notes.ts";
import type { SERVE_FLAGS } from "./serve_flags.ts";
import { readSettings, type ServeSettings } from "./settings.ts";
import { runWorker } from "./worker.ts";
import { runWorkers, type TriedServer } from "./workers.ts";

/**
 * Serves until the signal aborts.
 *
 * @returns The exit code: 0 after a signal, 2 for an invalid option, 1 for another error
 */
export async function run(
  { flags }: CommandInput<typeof SERVE_FLAGS>,
  context: CommandContext,
): Promise<number> {
  const log = (note: LogEntry) => logNote(note, flags, context);
  return await exitCodeOf(context, async (signal) => {
    const { settings, notes, adminToken } = await readSettings(flags, context);
    const onListening = (url: string) => {
      notes.forEach(log);
      if (!flags.dashboard) return;
      logNote(dashboardNote(url, adminToken), flags, {
        ...context,
        printError: (line) => context.writeError(`${line}\n`),
      });
    };
    if (flags.workers === undefined) {
      return await serveUntil(signal, settings, onListening);
    }
    const host = { signal, log, onListening, tryServer };
    await runWorkers(flags.workers, settings, host);
  });
}

/** Serves in a process of `--workers`; returns the exit code. */
export function runServeWorker(context: CommandContext): Promise<number> {
  return runWorker(context, serveUntil);
}

/**
 * Serves in this process, until the signal aborts.
 *
 * @param onListening Called with the URL when the server listens
 */
async function serveUntil(
  signal: AbortSignal,
  settings: ServeSettings,
  onListening: (url: string) => void,
): Promise<void> {
  if (settings.debug) debug({ trace: settings.trace, http: true });
  const { broker: url } = settings;
  const broker = url === undefined ? undefined : await openBroker(url);
  const options = { ...settings.options, broker, signal };
  await using server = serve(settings.token, options);
  onListening(server.url);
  await server.finished;
}

/**
 * Starts a server for a moment. It throws the errors that a server with these settings would
 * throw.
 *
 * @returns Its token, its port and its URL, which can be generated
 */
async function tryServer(
  { token, options }: ServeSettings,
): Promise<TriedServer> {
  await using server = serve(token, { ...options, logLevel: "critical" });
  const { url, addr: { port } } = server;
  return { token: server.token, port, url };
}

/** Returns the line with the URL of the dashboard, and with a generated token of admins. */
function dashboardNote(url: string, token: string | undefined): LogEntry {
  const page = `${url}/hoist/dashboard/`;
  const end = token === undefined ? "" : ` with admin token ${token}`;
  return {
    level: "info",
    event: "startup",
    message: `the dashboard is at ${page}${end}`,
    fields: { url: page, adminToken: token },
  };
}
