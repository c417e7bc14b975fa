/** Servers for clients that reconnect, and a recorder of connection states. */

import type { Connection } from "../../client/connection.ts";
import type { ConnectionState, ConnectionStatus } from "../../client/status.ts";
import type { ReconnectOptions } from "../../client/reconnect_policy.ts";
import { connectTo } from "./server.ts";
import { ackResponse, fakeServer, successFrame } from "./fake_server.ts";

/** Handles the frames of one connection of a fake server. */
export type ConnectionScript = (
  socket: WebSocket,
  frame: Record<string, unknown>,
) => void;

/** Reconnect options with short delays. */
export const FAST_RECONNECT = { minDelay: 1, maxDelay: 2 };

/** Connects a client that reconnects with short delays. */
export function connectReconnecting(
  server: { readonly url: string },
  options: ReconnectOptions = {},
): Promise<Connection> {
  return connectTo(server, { reconnect: { ...FAST_RECONNECT, ...options } });
}

/** Answers the login, operations (with their names), messages and goodbyes. */
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

/** Answers the login and goodbyes only. */
export const answerLoginOnly: ConnectionScript = (socket, frame) => {
  if (frame.token !== undefined || frame.end === true) answerAll(socket, frame);
};

/** Answers the login and closes the connection at the n-th request. */
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
 * Starts a server that handles the first connection with the first script, and so on.
 * The last script handles all later connections.
 */
export function scriptedServer(
  scripts: readonly [...ConnectionScript[], ConnectionScript],
  ack: (request: Request) => Response | Promise<Response> = ackResponse,
) {
  const sockets: WebSocket[] = [];
  const frames: Record<string, unknown>[][] = [];
  const server = fakeServer((socket, frame) => {
    if (!sockets.includes(socket)) sockets.push(socket);
    const connection = sockets.indexOf(socket);
    (frames[connection] ??= []).push(frame);
    (scripts[connection] ?? scripts.at(-1)!)(socket, frame);
  }, ack);
  return {
    url: server.url,
    /** The sockets of all connections in order */
    sockets,
    /** The frames of each connection, starting with the login */
    frames,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Returns the names of the operations and messages among the frames. */
export function requestNames(
  frames: readonly Record<string, unknown>[] | undefined,
): unknown[] {
  return (frames ?? []).flatMap(({ data }) => {
    const { operation, message } = (data ?? {}) as Record<string, unknown>;
    return operation ?? message ?? [];
  });
}

/** Calls a listener with each change of the state, and not with the current state. */
export function onChange(
  connection: Connection,
  listener: (status: ConnectionStatus) => void,
): void {
  let hasStarted = false;
  connection.onState((status) => hasStarted && listener(status));
  hasStarted = true;
}

/** Records the changes of the state of a connection from now on. */
export class StateRecorder {
  /** All states so far */
  readonly seen: ConnectionState[] = [];
  readonly #statuses: ConnectionStatus[] = [];
  #read = 0;
  #wake = () => {};

  constructor(connection: Connection) {
    onChange(connection, (status) => {
      this.seen.push(status.state);
      this.#statuses.push(status);
      this.#wake();
    });
  }

  /** Resolves to the next status with a state, or to a recorded one that was not read yet. */
  async next<State extends ConnectionState>(
    state: State,
  ): Promise<Extract<ConnectionStatus, { state: State }>> {
    while (true) {
      while (this.#read < this.#statuses.length) {
        const status = this.#statuses[this.#read++]!;
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
