/** Links over sockets that a test controls. */

import { Dialer, type Target } from "../../client/handshake.ts";
import type { LinkEvents } from "../../client/link.ts";
import { SocketLink } from "../../client/socket_link.ts";
import { clientLog } from "./client_log.ts";
import { fakeServer, successFrame } from "./fake_server.ts";
import { FakeSocket, fakeTarget } from "./fake_socket.ts";
import { pause } from "./timing.ts";

/** Returns a request whose frame has a length. */
export function requestOf(length = 0) {
  return {
    name: "add",
    describe: (name: string) => `operation "${name}"`,
    encode: (id: number) => `{"id":${id}}`.padEnd(length),
  };
}

/** Starts to open a link over sockets of a class, and records its events. */
export function startLink(
  WebSocket: typeof FakeSocket,
  options: Partial<Target> = {},
) {
  const server = fakeServer(() => {});
  const { target } = fakeTarget(server.url);
  const events: unknown[][] = [];
  const recorder: LinkEvents = {
    onOpen: () => {},
    onClosed: (_link, { code, reason }) =>
      events.push(["closed", code, reason]),
    onMessage: ({ message }, request) => {
      events.push(["message", message]);
      request?.onDone(false);
    },
    onInvalid: () => events.push(["invalid"]),
    onRoom: ({ kind }) => events.push([kind]),
  };
  const log = clientLog({
    warn: (line) => events.push(["warn", line]),
    error: (line) => events.push(["error", line]),
  });
  const dialer = new Dialer({ ...target, log, ...options, WebSocket });
  const link = new SocketLink(dialer, recorder);
  const opening = link.open("test");
  opening.catch(() => {});
  return { server, link, opening, events };
}

/** Starts a link over a socket that opens, and waits until it has sent the login. */
export async function startLogin(options: Partial<Target> = {}) {
  const sockets: FakeSocket[] = [];
  class OpeningSocket extends FakeSocket {
    constructor() {
      super();
      sockets.push(this);
      queueMicrotask(() => this.dispatch("open"));
    }
  }
  const parts = startLink(OpeningSocket, options);
  while (sockets[0]?.sent[0] === undefined) await pause(1);
  return { ...parts, socket: sockets[0] };
}

/** Opens a link with some extensions. */
export async function openLink(
  options: Partial<Target> = {},
  features: readonly string[] = [],
) {
  const parts = await startLogin(options);
  parts.socket.receive(successFrame(0, null, { features }));
  await parts.opening;
  return parts;
}
