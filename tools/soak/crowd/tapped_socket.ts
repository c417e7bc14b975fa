/**
 * A WebSocket that somebody listens in on: what the library makes of a frame does not
 * tell whether there was one too many.
 *
 * @module
 */

import type { WebSocketConstructor } from "@hoist/cli";
import type { Ledger } from "./ledger.ts";

/** A class of WebSockets; `open` makes the ledger of each. */
export function tappedSocket(open: () => Ledger): WebSocketConstructor {
  return class extends WebSocket {
    readonly #ledger = open();

    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      this.addEventListener("message", ({ data }) => {
        this.#ledger.received(String(data));
      });
    }

    override send(data: string): void {
      this.#ledger.sent(data);
      super.send(data);
    }
  };
}
