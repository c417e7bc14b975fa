/**
 * Measures connections that connect, log in, close, and connect again.
 *
 * @module
 */

import type { ConnectionsCommand, Measurement } from "./commands.ts";
import { logOut } from "./conversation.ts";
import type { ClientPool } from "./client_pool.ts";
import { pause } from "../../lib/deadline.ts";
import { Window } from "./window.ts";

/** Measures connections. */
export async function measureConnections(
  pool: ClientPool,
  { width, warmUp, duration, pids }: ConnectionsCommand,
): Promise<Measurement> {
  let running = true;
  let count = 0;
  const visit = async () => {
    while (running) {
      await logOut(await pool.logIn(), pool.dialect);
      count++;
    }
  };
  const visits = Promise.all(Array.from({ length: width }, visit));
  const measured = (async () => {
    await pause(warmUp);
    const window = new Window(pids);
    const before = count;
    await pause(duration);
    const units = count - before;
    return { ...window.close(), units, times: [] };
  })();
  // Both promises can reject, and the first rejection ends the measurement.
  const measurement = await Promise.race([
    measured,
    visits.then(() => measured),
  ]);
  running = false;
  await visits;
  return measurement;
}
