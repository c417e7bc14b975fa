/**
 * A WebSocket that somebody listens in on: what the library makes of a frame does not
 * tell whether there was one too many.
 *
 * @module
 */

import type { WebSocketConstructor } from "@hoist/cli";
import type { FrameChecker } from "./frame_checker.ts";

/** A class of WebSockets; `open` makes the checker of each. */
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
