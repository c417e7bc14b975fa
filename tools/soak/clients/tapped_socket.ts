/**
 * A WebSocket with a checker for its frames, because the library does not show a frame that
 * arrives twice.
 *
 * @module
 */

import type { WebSocketConstructor } from "@hoist/cli";
import type { FrameChecker } from "./frame_checker.ts";

/** Returns a WebSocket class. `open` returns the checker of each socket. */
export function tappedSocket(open: () => FrameChecker): WebSocketConstructor {
  return class extends WebSocket {
    readonly #checker = open();

    constructor(url: string | URL, protocols?: string | string[]) {
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
