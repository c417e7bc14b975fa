/**
 * Chooses the implementation of WebSockets.
 *
 * @module
 */

import type { WebSocketConstructor } from "./client_socket.ts";
import { constructSocket, type RequestSettings } from "./construct_socket.ts";
import { type OpenSocket, tryToOpen } from "./open_socket.ts";
import { hasTcp } from "./runtime.ts";

/** How to open WebSockets */
export interface SocketSettings extends RequestSettings {
  /** The class of the application; `undefined` for the best one of the runtime */
  readonly WebSocket: WebSocketConstructor | undefined;
  /** The largest frame that the client accepts, in bytes */
  readonly maxPayload: number;
}

/** Returns the function that opens WebSockets. */
export async function chooseSocket(
  settings: SocketSettings,
): Promise<OpenSocket> {
  const { WebSocket } = settings;
  if (WebSocket !== undefined) return openerOf(WebSocket, settings);
  const ofRuntime = openerOf(globalThis.WebSocket, settings);
  if (!hasTcp) return ofRuntime;
  // Only Deno can load it.
  const { DenoSocketOpener } = await import("./deno_socket_opener.ts");
  const opener = new DenoSocketOpener(settings, ofRuntime);
  return (url, protocols, signal) => opener.open(url, protocols, signal);
}

function openerOf(
  WebSocket: WebSocketConstructor,
  settings: RequestSettings,
): OpenSocket {
  return (url, protocols, signal) => {
    const offered = protocols.length > 1 ? [...protocols] : protocols[0];
    const create = () => constructSocket(WebSocket, url, offered, settings);
    return tryToOpen(create, signal);
  };
}
