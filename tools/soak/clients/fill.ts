/**
 * Taking up all connections that a server allows: if it still counted one that has
 * gone, there would be one too few.
 *
 * @module
 */

import { RawSocket } from "./raw_socket.ts";
import { checkerOf, type Visit } from "./visit.ts";

/** What a server answers that has no room: for anyone, or for this address. */
const FULL: readonly number[] = [503, 429];

/** Opens as many connections as there may be, and one more. */
export async function fill(visit: Visit, capacity: number): Promise<void> {
  const sockets: RawSocket[] = [];
  try {
    for (let count = 0; count < capacity; count++) {
      const socket = await open(visit);
      if (typeof socket === "number") {
        return visit.report(
          `only ${count} of ${capacity} connections were free, then came ${socket}`,
        );
      }
      sockets.push(socket);
    }
    const beyond = await open(visit);
    if (typeof beyond === "number" && FULL.includes(beyond)) return;
    if (typeof beyond !== "number") sockets.push(beyond);
    visit.report(`connection ${capacity + 1} was not refused: ${beyond}`);
  } finally {
    for (const socket of sockets) socket.cut();
  }
}

async function open(visit: Visit): Promise<RawSocket | number> {
  const checker = checkerOf(visit);
  const socket = await RawSocket.open({ port: visit.port, checker });
  // Else the time for the login could be up before all are there.
  if (typeof socket !== "number") await socket.logIn();
  return socket;
}
