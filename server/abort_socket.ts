/**
 * Ends WebSockets of a server without the client.
 *
 * Deno has no public function for this: a WebSocket that was closed waits for the Close
 * frame of the client without end, and holds its file descriptor. Deno itself aborts a
 * WebSocket after its `idleTimeout`, with the function that this module uses. The server
 * therefore keeps the `idleTimeout` of Deno where the function is missing.
 *
 * @module
 */

/** The name of the symbol under which Deno keeps the resource of a WebSocket. */
const RESOURCE = "[[rid]]";

/** The part of the internals of Deno that aborts a WebSocket */
interface Internals {
  readonly core?: { tryClose?(resource: unknown): void };
}

/** Whether all sockets so far had a resource */
let haveResources = true;

/** Returns whether the sockets of this version of Deno can be aborted, as far as known. */
export function canAbort(): boolean {
  return haveResources && typeof internals()?.core?.tryClose === "function";
}

/** Checks a new socket, so that {@linkcode canAbort} is right for the next one. */
export function probe(socket: object): void {
  haveResources &&= resourceSymbol(socket) !== undefined;
}

/** Ends a WebSocket at once; does nothing if this version of Deno cannot do so. */
export function abortSocket(socket: object): void {
  const symbol = resourceSymbol(socket);
  if (symbol === undefined) return;
  try {
    internals()?.core?.tryClose?.(Reflect.get(socket, symbol));
  } catch {
    // The internals have changed: the socket stays until the client ends TCP.
  }
}

function resourceSymbol(socket: object): symbol | undefined {
  return Object.getOwnPropertySymbols(socket).find(({ description }) =>
    description === RESOURCE
  );
}

function internals(): Internals | undefined {
  const { internal } = Deno as { readonly internal?: symbol };
  return internal && Reflect.get(Deno, internal);
}
