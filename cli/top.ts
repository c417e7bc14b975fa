/**
 * The command `admin top`: a live view of a server.
 *
 * @module
 */

import { settlesWithin } from "../common/async.ts";
import { ConnectionClosedError } from "../common/errors.ts";
import { Watchdog } from "../common/watchdog.ts";
import {
  type Admin,
  type AdminConnection,
  withAdmin,
} from "./admin_connection.ts";
import type { TOP_FLAGS } from "./client_flags.ts";
import type { CommandInput } from "./command.ts";
import type { CommandContext } from "./context.ts";
import type { Terminal } from "./terminal.ts";
import { summarizeStats, TopView } from "./top_view.ts";

/** Shows a server until the user ends the view; returns the exit code. */
export async function run(
  { flags }: CommandInput<typeof TOP_FLAGS>,
  context: CommandContext,
): Promise<number> {
  const { interval } = flags;
  // A program that reads the lines needs none about a lost connection.
  const terminal = flags.json ? null : await context.openTerminal();
  const quiet = flags.quiet || terminal !== null;
  try {
    return await withAdmin({ ...flags, quiet }, context, {
      reconnect: true,
      use: (admin) =>
        terminal === null
          ? printLines(admin, interval)
          : takeOver(terminal, admin, interval),
    });
  } finally {
    terminal?.[Symbol.dispose]();
  }
}

/** Shows the view after the question for the token, and ends it before an error is printed. */
async function takeOver(
  terminal: Terminal,
  admin: Admin,
  interval: number,
): Promise<void> {
  using _terminal = terminal;
  terminal.start();
  await showLive(admin, terminal, interval);
}

/** Prints a line for each interval. */
async function printLines(admin: Admin, interval: number): Promise<void> {
  const { output } = admin;
  let previous: Parameters<typeof summarizeStats>[1];
  await watch(admin, async ({ connection, signal }) => {
    const input = { interval, metrics: !output.isJson };
    const stream = connection.stream("hoist.admin.stats", input, { signal });
    for await (const stats of stream) {
      if (output.isJson) output.line(stats);
      else output.event(summarizeStats(stats, previous), {});
      previous = stats;
    }
  }, () => previous = undefined);
}

async function showLive(
  admin: Admin,
  terminal: Terminal,
  interval: number,
): Promise<void> {
  const { connection, context: { hasColors } } = admin;
  const view = new TopView(connection.url);
  const draw = () => terminal.draw(view.render(terminal.size, hasColors));
  const ended = Promise.withResolvers<void>();
  terminal.onResize(draw);
  terminal.onKey((key) => {
    if (view.onKey(key, terminal.size)) ended.resolve();
    else draw();
  });
  draw();
  const stop = new AbortController();
  const signal = AbortSignal.any([admin.signal, stop.signal]);
  const watching = watch(
    { ...admin, signal },
    ({ connection, signal }) =>
      Promise.all([
        showStats({ connection, signal }, interval, view, draw),
        showClients({ connection, signal }, interval, view),
      ]),
    () => {
      view.reset("the connection was lost, connecting again");
      draw();
    },
  );
  try {
    await Promise.race([watching, ended.promise]);
  } finally {
    stop.abort();
    await watching.catch(() => {});
  }
}

/** How much later than its interval an update is called late, in milliseconds. */
const GRACE = 1_000;

/** What a stream needs. */
interface Source {
  readonly connection: AdminConnection;
  readonly signal: AbortSignal;
}

async function showStats(
  { connection, signal }: Source,
  interval: number,
  view: TopView,
  draw: () => void,
): Promise<void> {
  const input = { interval, metrics: true };
  const stream = connection.stream("hoist.admin.stats", input, { signal });
  // A heartbeat notices a server that has stopped much later.
  using watchdog = new Watchdog(interval + GRACE, (silence) => {
    view.noteSilence(silence);
    draw();
  });
  for await (const stats of stream) {
    watchdog.feed();
    view.addStats(stats);
    draw();
  }
}

async function showClients(
  { connection, signal }: Source,
  interval: number,
  view: TopView,
): Promise<void> {
  const input = { interval: Math.min(interval, MAX_CLIENTS_INTERVAL) };
  const stream = connection.stream("hoist.admin.clients", input, { signal });
  for await (const change of stream) view.addClients(change);
}

/** The longest interval of the stream of clients, in milliseconds. */
const MAX_CLIENTS_INTERVAL = 60_000;

/** The pause after streams that the server has ended, in milliseconds. */
const PAUSE = 500;

/** Reads streams again after each reconnect. */
async function watch(
  { connection, signal }: Source,
  read: (source: Source) => Promise<unknown>,
  onLost: () => void,
): Promise<void> {
  for (;;) {
    const attempt = new AbortController();
    try {
      const both = AbortSignal.any([signal, attempt.signal]);
      await read({ connection, signal: both });
      // A server ends the streams before it closes, and when the client is no admin any more.
      // The next attempt shows which.
      await settlesWithin(connection.closed, PAUSE);
    } catch (error) {
      // One of two streams can still be open.
      attempt.abort();
      if (!(error instanceof ConnectionClosedError)) throw error;
      if (connection.state === "closed") throw error;
    }
    // The user can have ended the view during the pause.
    signal.throwIfAborted();
    onLost();
    await untilOpen(connection, signal);
  }
}

/** Waits until a connection is open. */
async function untilOpen(
  connection: AdminConnection,
  signal: AbortSignal,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  using _listener = connection.onState(({ state }) => {
    if (state === "open") resolve();
  });
  connection.closed.then((info) =>
    reject(new ConnectionClosedError("the view", info))
  );
  try {
    await promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
