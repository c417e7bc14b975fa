/**
 * The options of listening on a port, and the errors of the system.
 *
 * @module
 */

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
   * The port to listen on, from 0 to 65,535; 0 selects a free port. Browsers and `fetch` do
   * not connect to some ports, such as 6667: the server logs a warning then.
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
   * Called when the server listens. If it throws, the server releases the port.
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

/** Handles the requests on a port. */
export type PortHandler = Deno.ServeHandler<Deno.NetAddr>;

/** An HTTP server on a port. */
export interface Port {
  readonly addr: Deno.NetAddr;
  /** Resolves or rejects when the server does not accept connections any more */
  readonly finished: Promise<void>;
  /** Releases the port, and ends the HTTP connections. */
  abort(): void;
}

/**
 * Binds a port immediately.
 *
 * @param options The options, which were checked
 * @param handler Handles the requests
 * @param onError Returns the response if the handler throws
 *
 * @throws The error of the system, with a remedy, or the error of `onListen`
 */
export function openPort(
  options: ListenOptions,
  handler: PortHandler,
  onError: (error: unknown) => Response,
): Port {
  const bound = bind(options, handler, onError);
  try {
    options.onListen?.(bound.addr);
    return bound;
  } catch (error) {
    // The caller gets no server that it could close.
    bound.abort();
    throw error;
  }
}

function bind(
  options: ListenOptions,
  handler: PortHandler,
  onError: (error: unknown) => Response,
): Port {
  const { hostname = "0.0.0.0", port = 5000, cert, key } = options;
  const { reusePort = false } = options;
  const controller = new AbortController();
  const { signal } = controller;
  // Without a listener, Deno prints a line of its own.
  const onListen = () => {};
  const common = { hostname, port, reusePort, onListen, onError, signal };
  const tls = cert === undefined || key === undefined ? {} : { cert, key };
  try {
    const { addr, finished } = Deno.serve({ ...common, ...tls }, handler);
    return { addr, finished, abort: () => controller.abort() };
  } catch (error) {
    throw explain(error, hostname, port);
  }
}

/** Throws an error if an option of `listen` is invalid. */
export function checkListenOptions(options: ListenOptions): void {
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
  return new TypeError(describeOther(message, hostname, subject), options);
}

/** Recognizes the errors of the runtime that have no class of their own. */
function describeOther(
  message: string,
  hostname: string,
  subject: string,
): string {
  if (/host|lookup/i.test(message)) {
    return `${LISTEN} on hostname ${
      JSON.stringify(hostname)
    }: it is not an address or a name of this machine. Choose another 'hostname'.`;
  }
  // These messages contain no part of the key.
  if (/certificate|\bkey/i.test(message)) {
    return `${subject}: TLS is not possible (${message}). Pass the certificate as 'cert' and its private key as 'key', in PEM format.`;
  }
  return `${subject}: ${message}`;
}
