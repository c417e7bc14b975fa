/**
 * The port of a server: taking it, naming it, giving it back.
 *
 * @module
 */

import { settlesWithin } from "../common/async.ts";
import { HoistError } from "../common/errors.ts";
import { bracket } from "../common/ip.ts";
import type { ListenOptions } from "./options.ts";
const DEFAULT_HOSTNAME = "0.0.0.0";

const DEFAULT_PORT = 5000;

const MAX_PORT = 65_535;

/** How long peers get to let go of their sockets, in milliseconds. */
const GRACE = 1_000;

/** A port that is listened on. */
export class Listening {
  /** The address and the port that are really bound */
  readonly addr: Deno.NetAddr;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #controller = new AbortController();
  readonly #secure: boolean;

  /** Takes the port, at once. */
  constructor(
    options: ListenOptions,
    handler: Deno.ServeHandler<Deno.NetAddr>,
    onError: (error: unknown) => Response,
  ) {
    const { hostname = DEFAULT_HOSTNAME, port = DEFAULT_PORT } = options;
    assertPort(port);
    const certificate = certificateOf(options);
    this.#secure = options.cert !== undefined;
    try {
      this.#server = Deno.serve({
        hostname,
        port,
        reusePort: options.reusePort ?? false,
        // Left out, Deno would print a line of its own.
        onListen: options.onListen ?? (() => {}),
        onError,
        signal: this.#controller.signal,
        ...certificate,
      }, handler);
    } catch (error) {
      throw explain(error, hostname, port);
    }
    this.addr = this.#server.addr;
  }

  /** The URL under which this machine reaches the server */
  get url(): string {
    const { hostname, port } = this.addr;
    const isWildcard = hostname === "0.0.0.0" || hostname === "::";
    const host = isWildcard ? "localhost" : bracket(hostname);
    return `${this.#secure ? "https" : "http"}://${host}:${port}`;
  }

  /** Gives the port back, in bounded time. */
  async close(): Promise<void> {
    // A graceful shutdown waits for ever for a peer that does not read or does not
    // finish its request, and cannot be aborted any more. The clients are gone by now,
    // and what else is answered over HTTP is a few bytes.
    this.#controller.abort();
    await settlesWithin(this.#server.finished, GRACE);
  }
}

function assertPort(port: number): void {
  if (Number.isInteger(port) && port >= 0 && port <= MAX_PORT) return;
  throw new RangeError(
    `Cannot listen as 'port' must be a whole number from 0 to ${MAX_PORT}: current value is ${
      Deno.inspect(port)
    }`,
  );
}

function certificateOf(
  { cert, key }: ListenOptions,
): { readonly cert: string; readonly key: string } | undefined {
  if (cert !== undefined && key !== undefined) return { cert, key };
  if (cert === undefined && key === undefined) return undefined;
  const [there, missing] = cert === undefined
    ? ["key", "cert"]
    : ["cert", "key"];
  throw new TypeError(
    `Cannot listen as '${there}' is given without '${missing}': TLS needs both`,
  );
}

/** The same kind of error, saying what can be done. */
function explain(error: unknown, hostname: string, port: number): unknown {
  const options = { cause: error };
  const where = `Cannot listen on ${bracket(hostname)}:${port}`;
  const { AddrInUse, AddrNotAvailable, NotCapable, PermissionDenied } =
    Deno.errors;
  if (error instanceof AddrInUse) {
    return new AddrInUse(
      `Cannot listen on port ${port}: it is already in use, choose another or 0 for a free one`,
      options,
    );
  }
  if (error instanceof AddrNotAvailable) {
    return new AddrNotAvailable(
      `${where}: this machine does not have the address`,
      options,
    );
  }
  if (error instanceof NotCapable) {
    return new NotCapable(
      `${where}: the permission is missing, run with --allow-net`,
      options,
    );
  }
  if (error instanceof PermissionDenied) {
    return new PermissionDenied(
      `${where}: the system does not allow it, choose a port above 1023`,
      options,
    );
  }
  const { message } = error instanceof Error ? error : new Error(String(error));
  return new TypeError(
    /host|lookup/i.test(message)
      ? `Cannot listen on hostname ${
        JSON.stringify(hostname)
      }: it must be an address or a name of this machine`
      : `${where}: ${message}`,
    options,
  );
}

/** A port that is taken once, if at all. */
export class Port {
  #listening: Listening | undefined;

  /** Takes the port, as {@linkcode Listening} does. */
  open(...listening: ConstructorParameters<typeof Listening>): void {
    this.#listening = new Listening(...listening);
  }

  /**
   * Refuses to be taken a second time.
   *
   * @throws {HoistError} If it is taken
   */
  assertFree(): void {
    if (this.#listening === undefined) return;
    throw new HoistError(
      `Cannot listen: the server already does, on ${this.#listening.url}`,
    );
  }

  /**
   * What is listened on.
   *
   * @throws {HoistError} If it is not taken
   */
  get listening(): Listening {
    if (this.#listening !== undefined) return this.#listening;
    throw new HoistError(
      "Cannot tell the address: the server has no port of its own, call listen()",
    );
  }

  /** Gives the port back, in bounded time. */
  async close(): Promise<void> {
    await this.#listening?.close();
  }
}
