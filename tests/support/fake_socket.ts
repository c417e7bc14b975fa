/** A WebSocket of a client without a network. */

import type { ClientSocket } from "../../client/client_socket.ts";
import type { Target } from "../../client/handshake.ts";
import { endpointsOf } from "../../client/http_options.ts";
import type { FetchInit } from "../../client/http_target.ts";
import { TokenSource } from "../../client/token_source.ts";
import { clientLog } from "./client_log.ts";

type SocketListener = (event: never) => void;

/** A socket whose server is the test. */
export class FakeSocket implements ClientSocket {
  readyState = 1;
  bufferedAmount = 0;
  /** The frames that the client has sent */
  readonly sent: string[] = [];
  /** The arguments of each call of `close()` */
  readonly closed: unknown[][] = [];
  /** Thrown by `send()`, if there is one */
  sendError: Error | undefined;
  readonly #listeners = new Map<string, SocketListener[]>();

  addEventListener(type: string, listener: SocketListener): void {
    const listeners = this.#listeners.get(type) ?? [];
    this.#listeners.set(type, [...listeners, listener]);
  }

  send(data: string): void {
    if (this.sendError !== undefined) throw this.sendError;
    this.sent.push(data);
  }

  close(...args: unknown[]): void {
    this.closed.push(args);
  }

  /** Dispatches an event to the client. */
  dispatch(type: string, event: object = {}): void {
    for (const listener of this.#listeners.get(type) ?? []) {
      listener(event as never);
    }
  }

  /** Sends a frame to the client. */
  receive(data: string): void {
    this.dispatch("message", { data });
  }

  /** Ends the connection. */
  end(code: number, reason = ""): void {
    this.readyState = 3;
    this.dispatch("close", { code, reason });
  }
}

/** Returns a target whose WebSockets are fake; `url` answers `GET /hoist/ack`. */
export function fakeTarget(url: string): {
  readonly target: Target;
  readonly sockets: readonly FakeSocket[];
} {
  const sockets: FakeSocket[] = [];
  class WebSocket extends FakeSocket {
    constructor() {
      super();
      sockets.push(this);
      queueMicrotask(() => this.dispatch("open"));
    }
  }
  const log = clientLog();
  const endpoints = endpointsOf(url);
  const limits = { base: endpoints.base, timeout: Infinity };
  const target = {
    endpoints,
    fetch: (url: URL, init: FetchInit) => fetch(url, init),
    tokens: new TokenSource("test", { ...limits, log }),
    minimumVersion: undefined,
    heartbeat: undefined,
    timeout: Infinity,
    maxPayload: Infinity,
    maxBuffered: Infinity,
    WebSocket,
    encodeLogin: (token: string) => (id: number) =>
      `{"id":${id},"token":"${token}"}`,
    log,
  };
  return { target, sockets };
}
