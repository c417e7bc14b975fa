/**
 * Waits until a WebSocket has opened or failed.
 *
 * @module
 */

import { aborted } from "../common/async.ts";
import { readable } from "../common/thrown.ts";
import { abortSocket, type ClientSocket } from "./client_socket.ts";

/** Why a WebSocket did not open */
export interface OpenFailure {
  /** The message of the error; empty if the runtime hides it, as browsers do */
  readonly message: string;
  /** The error, if the implementation reports one */
  readonly error?: unknown;
}

/**
 * Opens a WebSocket that offers subprotocols. Resolves to the WebSocket, or to the reason
 * why it did not open. Rejects when the signal aborts.
 */
export type OpenSocket = (
  url: string,
  protocols: readonly string[],
  signal: AbortSignal,
) => Promise<ClientSocket | OpenFailure>;

/** Whether a WebSocket has opened. */
export function isSocket(
  opened: ClientSocket | OpenFailure,
): opened is ClientSocket {
  return "readyState" in opened;
}

/** Resolves to a WebSocket that is open, or to the reason why it did not open. */
export async function tryToOpen(
  create: () => ClientSocket,
  signal: AbortSignal,
): Promise<ClientSocket | OpenFailure> {
  const socket = createSocket(create);
  if (!isSocket(socket)) return socket;
  const outcome = new Promise<ClientSocket | OpenFailure>((resolve) => {
    socket.addEventListener("open", () => resolve(socket));
    // Some implementations never report "close" after it. In Node, an error event without
    // a listener ends the process.
    socket.addEventListener("error", (event) => resolve(failureOf(event)));
    socket.addEventListener("close", () => resolve({ message: "" }));
  });
  let opened: ClientSocket | OpenFailure | undefined;
  try {
    opened = await Promise.race([outcome, aborted(signal)]);
    return opened;
  } finally {
    if (opened !== socket) discard(socket);
  }
}

/** Calls the class, which can throw an error whose message contains the URL. */
function createSocket(create: () => ClientSocket): ClientSocket | OpenFailure {
  try {
    return create();
  } catch (error) {
    const { message } = failureOf(error);
    return { message: message || "the class WebSocket threw an error" };
  }
}

/** Ends a WebSocket, also if it opens later. */
function discard(socket: ClientSocket): void {
  const abort = () => abortSocket(socket);
  socket.addEventListener("open", abort);
  abort();
}

/** Reads an error event. In browsers, it has no message. */
function failureOf(event: unknown): OpenFailure {
  const { message, error } = Object(readable(event));
  const shown = typeof message === "string" ? message : "";
  return { message: shown, error: readable(error) };
}
