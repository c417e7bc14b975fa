/**
 * Opens all connections that the server allows. If the server still counted a connection
 * that has ended, there would be one too few.
 *
 * @module
 */

import { RawSocket } from "./raw_socket.ts";
import { checkerOf, type Visit } from "./visit.ts";

/** The statuses for too many connections: in total, or from one address. */
const FULL: readonly number[] = [503, 429];

/**
 * How many connections are opened at once. After a reset, the server waits before each
 * upgrade, and the first connections must not end before the last one is open.
 */
const AT_ONCE = 50;

/** Opens as many connections as the server allows, and one more. */
export async function fill(visit: Visit, capacity: number): Promise<void> {
  const sockets: RawSocket[] = [];
  try {
    const status = await openAll(visit, capacity, sockets);
    if (status !== undefined) {
      return visit.report(
        `the server rejected connection ${
          sockets.length + 1
        } of ${capacity} with status ${status}`,
      );
    }
    const beyond = await open(visit);
    if (typeof beyond === "number" && FULL.includes(beyond)) return;
    if (typeof beyond !== "number") sockets.push(beyond);
    const outcome = typeof beyond === "number" ? `status ${beyond}` : "open";
    visit.report(
      `the server accepted connection ${
        capacity + 1
      } of ${capacity}: ${outcome}`,
    );
  } finally {
    for (const socket of sockets) socket.abort();
  }
}

/** Opens connections; resolves to the status of one that the server rejected. */
async function openAll(
  visit: Visit,
  capacity: number,
  sockets: RawSocket[],
): Promise<number | undefined> {
  while (sockets.length < capacity) {
    const length = Math.min(AT_ONCE, capacity - sockets.length);
    const group = await Promise.all(
      Array.from({ length }, () => open(visit)),
    );
    sockets.push(...group.filter((socket) => typeof socket !== "number"));
    const status = group.find((socket) => typeof socket === "number");
    if (status !== undefined) return status;
  }
}

async function open(visit: Visit): Promise<RawSocket | number> {
  const checker = checkerOf(visit);
  // The first connections are silent until the last one is open.
  const options = { port: visit.port, checker, isPatient: true };
  const socket = await RawSocket.open(options);
  // Without a login, the server would close the first connections before the last opens.
  if (typeof socket !== "number") await socket.logIn();
  return socket;
}
