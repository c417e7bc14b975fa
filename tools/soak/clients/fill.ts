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

/** Opens as many connections as the server allows, and one more. */
export async function fill(visit: Visit, capacity: number): Promise<void> {
  const sockets: RawSocket[] = [];
  try {
    for (let count = 0; count < capacity; count++) {
      const socket = await open(visit);
      if (typeof socket === "number") {
        return visit.report(
          `the server rejected connection ${
            count + 1
          } of ${capacity} with status ${socket}`,
        );
      }
      sockets.push(socket);
    }
    const beyond = await open(visit);
    if (typeof beyond === "number" && FULL.includes(beyond)) return;
    if (typeof beyond !== "number") sockets.push(beyond);
    visit.report(
      `the server accepted connection ${
        capacity + 1
      } of ${capacity}: ${beyond}`,
    );
  } finally {
    for (const socket of sockets) socket.abort();
  }
}

async function open(visit: Visit): Promise<RawSocket | number> {
  const checker = checkerOf(visit);
  const socket = await RawSocket.open({ port: visit.port, checker });
  // Without a login, the server would close the first connections before the last opens.
  if (typeof socket !== "number") await socket.logIn();
  return socket;
}
