/**
 * Ports of the loopback interface.
 *
 * @module
 */

/** The first port of `freePort`, above common services and all that `fetch` blocks. */
const FIRST = 11_000;

/** The first port that the system draws for connections, and for servers on port 0. */
const FIRST_DRAWN = firstDrawn();

/**
 * Returns a port that was free a moment ago. The system itself gives such a port to nobody:
 * neither to a connection, nor to a server that listens on port 0.
 */
export function freePort(): number {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (FIRST_DRAWN - FIRST));
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      // On Windows, some ports are reserved.
      const isTaken = error instanceof Deno.errors.AddrInUse ||
        error instanceof Deno.errors.PermissionDenied;
      if (!isTaken) throw error;
    }
  }
}

/** Returns whether the system can give a port to a connection while no server listens on it. */
export function canBeDrawn(port: number): boolean {
  return port >= FIRST_DRAWN && port <= 65_535;
}

/** Reads the setting of Linux. Its default is the lowest of all systems. */
function firstDrawn(): number {
  if (Deno.build.os !== "linux") return 32_768;
  const range = Deno.readTextFileSync("/proc/sys/net/ipv4/ip_local_port_range");
  const first = Number(range.split(/\s+/)[0]);
  // Otherwise nearly all ports are drawn, and none is safe.
  return first > FIRST + 1_000 ? first : 32_768;
}
