/** Servers that a client comes back to, and what watches it. */

import type { Connection } from "../../client/connection.ts";
import type { ConnectionState, ConnectionStatus } from "../../client/status.ts";
import { ackResponse, fakeServer, successFrame } from "./fake_server.ts";

/** What a fake server does with the frames of one connection. */
export type ConnectionScript = (
  socket: WebSocket,
  frame: Record<string, unknown>,
) => void;

/** Waits that no test notices. */
export const FAST_RECONNECT = { minDelay: 1, maxDelay: 2 };

/** Lets a client in, answers operations with their names, and goodbyes. */
export const answerAll: ConnectionScript = (
  socket,
  { id, token, action, data, end },
) => {
  if (token !== undefined) socket.send(successFrame(0, null));
  else if (end === true) socket.close(1000, "goodbye");
  else {
    const { operation } = data as { operation?: string };
    const done = action === "message" ? "done" : null;
    socket.send(
      successFrame(id as number, done, { result: operation ?? null }),
    );
  }
};

/** Lets a client in and takes all else without an answer. */
export const answerLoginOnly: ConnectionScript = (socket, frame) => {
  if (frame.token !== undefined || frame.end === true) answerAll(socket, frame);
};

/** Lets a client in, answers no request and closes at one of them, the first or so. */
export function closeOnRequest(
  code: number,
  reason = "",
  requests = 1,
): ConnectionScript {
  let seen = 0;
  return (socket, frame) => {
    if (frame.action === undefined) {
      seen = 0;
      return answerAll(socket, frame);
    }
    if (++seen === requests) socket.close(code, reason);
  };
}

/**
 * A server to whose first connection the first visit happens, and so on; the last one
 * happens to all others.
 */
export function scriptedServer(
  visits: readonly [...ConnectionScript[], ConnectionScript],
  ack: (request: Request) => Response | Promise<Response> = ackResponse,
) {
  const sockets: WebSocket[] = [];
  const frames: Record<string, unknown>[][] = [];
  const server = fakeServer((socket, frame) => {
    if (!sockets.includes(socket)) sockets.push(socket);
    const visit = sockets.indexOf(socket);
    (frames[visit] ??= []).push(frame);
    (visits[visit] ?? visits.at(-1)!)(socket, frame);
  }, ack);
  return {
    url: server.url,
    /** The sockets of all connections, in their order */
    sockets,
    /** What came on each of them, the login first */
    frames,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** The operations and messages among frames, by name. */
export function requestNames(
  frames: readonly Record<string, unknown>[] | undefined,
): unknown[] {
  return (frames ?? []).flatMap(({ data }) => {
    const { operation, message } = (data ?? {}) as Record<string, unknown>;
    return operation ?? message ?? [];
  });
}

/** What becomes of a connection, from now on. */
export class StateRecorder {
  /** Every state that there was */
  readonly seen: ConnectionState[] = [];
  readonly #statuses: ConnectionStatus[] = [];
  #taken = 0;
  #wake = () => {};

  constructor(connection: Connection) {
    connection.onState((status) => {
      this.seen.push(status.state);
      this.#statuses.push(status);
      this.#wake();
    });
  }

  /** The next time that a connection is in a state, which may have been already. */
  async next<State extends ConnectionState>(
    state: State,
  ): Promise<Extract<ConnectionStatus, { state: State }>> {
    while (true) {
      while (this.#taken < this.#statuses.length) {
        const status = this.#statuses[this.#taken++]!;
        if (isOf(status, state)) return status;
      }
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }
}

function isOf<State extends ConnectionState>(
  status: ConnectionStatus,
  state: State,
): status is Extract<ConnectionStatus, { state: State }> {
  return status.state === state;
}

/** What stands between a client and a server, and may fail. */
export class TcpProxy implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #target: number;
  readonly #connections = new Set<Deno.TcpConn>();
  readonly #accepting: Promise<void>;
  /** Whether new connections lead nowhere */
  isStalled = false;

  constructor(target: { readonly url: string }) {
    this.#target = Number(new URL(target.url).port);
    this.#accepting = this.#accept();
  }

  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}`;
  }

  /** Ends all connections, without a Close frame. */
  cut(): void {
    for (const connection of this.#connections) connection.close();
    this.#connections.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.cut();
    await this.#accepting;
  }

  async #accept(): Promise<void> {
    const links: Promise<void>[] = [];
    for await (const client of this.#listener) {
      this.#connections.add(client);
      if (!this.isStalled) links.push(this.#link(client));
    }
    await Promise.all(links);
  }

  async #link(client: Deno.TcpConn): Promise<void> {
    const port = this.#target;
    const server = await Deno.connect({ hostname: "127.0.0.1", port });
    this.#connections.add(server);
    const ways = [
      client.readable.pipeTo(server.writable),
      server.readable.pipeTo(client.writable),
    ];
    await Promise.allSettled(ways);
    this.#connections.delete(client);
    this.#connections.delete(server);
  }
}
