/**
 * Creates the links of a connection. It is loaded when the first connection is created,
 * because programs that only serve do not need the modules behind it.
 *
 * @module
 */

import { Dialer, type Target } from "./handshake.ts";
import type { LinkEvents } from "./link.ts";
import { SocketLink } from "./socket_link.ts";

/** Creates a link over a new WebSocket. */
export type LinkFactory = (events: LinkEvents) => SocketLink;

/** Returns a factory whose links remember what the server reported about itself. */
export function linkFactory(target: Target): LinkFactory {
  const dialer = new Dialer(target);
  return (events) => new SocketLink(dialer, events);
}
