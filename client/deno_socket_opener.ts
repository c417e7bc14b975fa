/**
 * Opens WebSockets on Deno: with the socket of this package, or through a proxy.
 *
 * @module
 */

import type { ClientSocket } from "./client_socket.ts";
import { DenoSocket, type DenoSocketOptions } from "./deno_socket.ts";
import {
  isSocket,
  type OpenFailure,
  type OpenSocket,
  tryToOpen,
} from "./open_socket.ts";
import { proxyUse } from "./proxy_use.ts";
import { readVariable } from "./runtime.ts";
import { UpgradeError } from "./upgrade_error.ts";

/**
 * How long a connection can take if there can be a proxy that the program cannot see, in
 * milliseconds. A firewall that forces clients to use a proxy often does not answer.
 */
const DIRECT_TIMEOUT = 3_000;

/** The hosts that only the WebSocket of the runtime has reached, because of its proxy. */
const behindProxy = new Set<string>();

/** Opens the WebSockets of a client. */
export class DenoSocketOpener {
  readonly #options: DenoSocketOptions;
  readonly #openWithRuntime: OpenSocket;

  /**
   * Constructs a `DenoSocketOpener`.
   *
   * @param options The options of the socket of this package
   * @param openWithRuntime Opens the WebSocket of the runtime, which can use a proxy
   */
  constructor(options: DenoSocketOptions, openWithRuntime: OpenSocket) {
    this.#options = options;
    this.#openWithRuntime = openWithRuntime;
  }

  /**
   * Opens a WebSocket.
   *
   * @throws The reason of the signal
   */
  async open(
    ...request: Parameters<OpenSocket>
  ): Promise<ClientSocket | OpenFailure> {
    const url = new URL(request[0]);
    const use = proxyUse(url, readVariable);
    if (use === "proxy") return await this.#openWithRuntime(...request);
    if (use === "direct") return await this.#openDirectly(request);
    if (behindProxy.has(url.host)) return await this.#openAgain(request);
    const opened = await this.#openDirectly(request, DIRECT_TIMEOUT);
    if (isSocket(opened) || isAnswered(opened)) return opened;
    return await this.#tryProxy(request, opened);
  }

  async #openDirectly(
    [url, protocols, signal]: Parameters<OpenSocket>,
    connectTimeout?: number,
  ): Promise<ClientSocket | OpenFailure> {
    const options = { ...this.#options, connectTimeout };
    const create = () => new DenoSocket(url, protocols, options);
    return await tryToOpen(create, signal);
  }

  /** Perhaps there is no proxy: a server can start between the two attempts. */
  async #openAgain(
    request: Parameters<OpenSocket>,
  ): Promise<ClientSocket | OpenFailure> {
    const opened = await this.#openWithRuntime(...request);
    if (!isSocket(opened)) behindProxy.delete(new URL(request[0]).host);
    return opened;
  }

  /** Only the runtime can see the proxy. Without one, the attempt fails once more. */
  async #tryProxy(
    request: Parameters<OpenSocket>,
    failure: OpenFailure,
  ): Promise<ClientSocket | OpenFailure> {
    const opened = await this.#openWithRuntime(...request);
    if (!isSocket(opened)) return failure;
    behindProxy.add(new URL(request[0]).host);
    return opened;
  }
}

/** Whether the server or a proxy has answered with a status. */
function isAnswered({ error }: OpenFailure): boolean {
  return error instanceof UpgradeError && error.head !== undefined;
}
