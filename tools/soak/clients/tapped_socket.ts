/**
 * A WebSocket with a checker for its frames, because the library does not show a frame that
 * arrives twice.
 *
 * @module
 */

import type { WebSocketConstructor } from "@hoist/cli";
import { DenoSocket } from "../../../client/deno_socket.ts";
import type { FrameChecker } from "./frame_checker.ts";

/** A class that connects like the `WebSocket` of the runtime. */
type Base = typeof WebSocket | typeof DenoSocket;

/** The class of the runtime, and the class that the client uses by default. */
export const SOCKETS: readonly [Base, ...Base[]] = [WebSocket, DenoSocket];

/**
 * Returns a WebSocket class.
 *
 * @param open Returns the checker of each socket
 * @param Base The class that connects
 */
export function tappedSocket(
  open: () => FrameChecker,
  Base: Base = WebSocket,
): WebSocketConstructor {
  return class extends (Base as WebSocketConstructor) {
    readonly #checker = open();

    constructor(url: string, protocols?: string | string[]) {
      super(url, protocols);
      this.addEventListener("message", ({ data }) => {
        this.#checker.received(String(data));
      });
    }

    override send(data: string): void {
      this.#checker.sent(data);
      super.send(data);
    }
  };
}
