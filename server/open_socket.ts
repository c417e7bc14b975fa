/**
 * Upgrades a request to a WebSocket.
 *
 * @module
 */

import { HEARTBEAT_SUBPROTOCOL, SUBPROTOCOL } from "../protocol/features.ts";
import { canAbort, probe } from "./abort_socket.ts";
import { PROTOCOL_HEADER, subprotocolsOf } from "./handshake.ts";

/** A WebSocket that is opening, and the response to its request. */
export interface OpenedSocket extends Deno.WebSocketUpgrade {
  /** Whether Deno ends the connection if the client is silent */
  readonly isTimed: boolean;
}

/** Options of {@linkcode openSocket} */
export interface OpenOptions {
  /** How long a client can be silent, in milliseconds */
  readonly idleTimeout: number;
  readonly limits: { readonly loginTimeout: number };
}

/**
 * The longest `loginTimeout` of a connection without a timer of Deno, in milliseconds.
 * Before the login, nothing else ends a connection whose client is gone.
 */
const MAX_LOGIN_TIMEOUT = 60_000;

/**
 * Upgrades a request. The server itself ends silent connections of clients that send
 * heartbeats, because a timer of Deno needs memory, and can outlive the connection.
 *
 * @returns The socket; `undefined` if the handshake is invalid
 */
export function openSocket(
  request: Request,
  { idleTimeout, limits: { loginTimeout } }: OpenOptions,
): OpenedSocket | undefined {
  const offered = subprotocolsOf(request);
  const isTimed = !offered.includes(HEARTBEAT_SUBPROTOCOL) || !canAbort() ||
    loginTimeout > MAX_LOGIN_TIMEOUT;
  const seconds = isTimed && idleTimeout !== Infinity ? idleTimeout / 1_000 : 0;
  const upgrade = tryToUpgrade(request, seconds);
  if (upgrade === undefined) return undefined;
  const { socket, response } = upgrade;
  probe(socket);
  // With the option `protocol`, Deno expects a space after each comma.
  if (offered.includes(SUBPROTOCOL)) {
    response.headers.set(PROTOCOL_HEADER, SUBPROTOCOL);
  }
  return { socket, response, isTimed };
}

function tryToUpgrade(
  request: Request,
  idleTimeout: number,
): Deno.WebSocketUpgrade | undefined {
  try {
    return Deno.upgradeWebSocket(request, { idleTimeout });
  } catch {
    return undefined;
  }
}
