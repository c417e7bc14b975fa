/**
 * Ports of the loopback interface.
 *
 * @module
 */

/** The first port, above those of common services. */
const FIRST = 10_000;

/** The number of ports. Systems draw their own from 32768 at the lowest. */
const COUNT = 22_768;

/**
 * Returns a port that was free a moment ago. The system itself gives such a port to nobody:
 * neither to a connection, nor to a server that listens on port 0.
 */
export function freePort(): number {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
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
