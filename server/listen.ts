/**
 * Listening on a port: the options, the URL and the errors of the system.
 *
 * @module
 */

import { settlesWithin } from "../common/async.ts";
import {
  checkBoolean,
  checkFunction,
  checkKeys,
  checkNumber,
  checkString,
} from "../common/check.ts";
import { bracket } from "../common/ip.ts";

/** Options of `Server.listen`: the address, and TLS */
export interface ListenOptions {
  /**
   * The address or host name to listen on. With `127.0.0.1`, only this machine can connect.
   *
   * @default {"0.0.0.0"}
   */
  readonly hostname?: string | undefined;
  /**
   * The port to listen on, from 0 to 65,535; 0 selects a free port.
   *
   * @default {5000}
   */
  readonly port?: number | undefined;
  /** The certificate for TLS in PEM format. It requires `key`. */
  readonly cert?: string | undefined;
  /** The private key for TLS in PEM format. It requires `cert`. */
  readonly key?: string | undefined;
  /**
   * Whether several processes can listen on the same port and share its connections. Deno
   * needs `--unstable-net` for it.
   *
   * @default {false}
   */
  readonly reusePort?: boolean | undefined;
  /**
   * Called when the server listens.
   *
   * @param address The bound address and port
   */
  readonly onListen?: ((address: Deno.NetAddr) => void) | undefined;
}

/** The names of all options of `listen`. */
export const LISTEN_KEYS: Readonly<Record<keyof ListenOptions, true>> = {
  hostname: true,
  port: true,
  cert: true,
  key: true,
  reusePort: true,
  onListen: true,
};

const LISTEN = "Cannot listen";

const PORTS = { min: 0, max: 65_535, integer: true };

/** How long clients have to close their sockets, in milliseconds. */
const GRACE = 1_000;

/** An HTTP server that listens on a port. */
export class Listening {
  /** The bound address and port */
  readonly addr: Deno.NetAddr;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #controller = new AbortController();
  readonly #isSecure: boolean;

  /** Binds the port immediately. */
  constructor(
    options: ListenOptions,
    handler: Deno.ServeHandler<Deno.NetAddr>,
    onError: (error: unknown) => Response,
  ) {
    checkListenOptions(options);
    const { hostname = "0.0.0.0", port = 5000, cert, key } = options;
    const { reusePort = false } = options;
    this.#isSecure = cert !== undefined;
    // Without a listener, Deno prints a line of its own.
    const { onListen = () => {} } = options;
    const { signal } = this.#controller;
    const common = { hostname, port, reusePort, onListen, onError, signal };
    const tls = cert === undefined || key === undefined ? {} : { cert, key };
    try {
      this.#server = Deno.serve({ ...common, ...tls }, handler);
    } catch (error) {
      throw explain(error, hostname, port);
    }
    this.addr = this.#server.addr;
  }

  /** The URL to connect to from this machine */
  get url(): string {
    const { hostname, port } = this.addr;
    const isWildcard = hostname === "0.0.0.0" || hostname === "::";
    const host = isWildcard ? "localhost" : bracket(hostname);
    return `${this.#isSecure ? "https" : "http"}://${host}:${port}`;
  }

  /** Releases the port, in bounded time. */
  async close(): Promise<void> {
    // A graceful shutdown waits forever for a peer that does not read or does not finish
    // its request, and cannot be aborted later. The clients are gone at this point, and
    // other HTTP responses are small.
    this.#controller.abort();
    await settlesWithin(this.#server.finished, GRACE);
  }
}

function checkListenOptions(options: ListenOptions): void {
  checkKeys(LISTEN, options, LISTEN_KEYS);
  const { hostname, port, cert, key, reusePort, onListen } = options;
  checkString(LISTEN, "hostname", hostname);
  checkNumber(LISTEN, "port", port, PORTS);
  checkString(LISTEN, "cert", cert);
  checkString(LISTEN, "key", key);
  checkBoolean(LISTEN, "reusePort", reusePort);
  checkFunction(LISTEN, "onListen", onListen);
  if ((cert === undefined) === (key === undefined)) return;
  const [given, missing] = cert === undefined
    ? ["key", "cert"]
    : ["cert", "key"];
  throw new TypeError(
    `${LISTEN}: TLS needs 'cert' and 'key', and '${missing}' is missing. Pass '${missing}' or omit '${given}'.`,
  );
}

/** Returns an error of the same class whose message says what to do. */
function explain(error: unknown, hostname: string, port: number): unknown {
  const options = { cause: error };
  const subject = `${LISTEN} on ${bracket(hostname)}:${port}`;
  const { AddrInUse, AddrNotAvailable, NotCapable, PermissionDenied } =
    Deno.errors;
  if (error instanceof AddrInUse) {
    return new AddrInUse(
      `${LISTEN} on port ${port}: the port is in use. Choose another port or stop the other program.`,
      options,
    );
  }
  if (error instanceof AddrNotAvailable) {
    return new AddrNotAvailable(
      `${subject}: this machine does not have the address. Choose another 'hostname'.`,
      options,
    );
  }
  if (error instanceof NotCapable) {
    return new NotCapable(
      `${subject}: the permission is missing. Run with --allow-net.`,
      options,
    );
  }
  if (error instanceof PermissionDenied) {
    return new PermissionDenied(
      `${subject}: the system does not allow it. Choose a port above 1023.`,
      options,
    );
  }
  const { message } = error instanceof Error ? error : new Error(String(error));
  return new TypeError(
    /host|lookup/i.test(message)
      ? `${LISTEN} on hostname ${
        JSON.stringify(hostname)
      }: it is not an address or a name of this machine. Choose another 'hostname'.`
      : `${subject}: ${message}`,
    options,
  );
}
