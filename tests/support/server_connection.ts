/** Connections of a server without a network. */

import { ServerConnection } from "../../server/connection.ts";
import type { ServerContext } from "../../server/context.ts";
import { LogRecorder } from "./log_recorder.ts";
import { ADDRESS, FakeSocket, serverContext } from "./server_context.ts";
import { endOfTick } from "./timing.ts";

const UPGRADE = { peer: { address: ADDRESS, network: "192.0.2.1" } };

/** Creates a connection, and records the events that its hub gets. */
export function connectSocket(
  socket: FakeSocket,
  overrides: Partial<ServerContext> = {},
) {
  const logger = new LogRecorder();
  const context = serverContext(overrides, logger);
  const events: string[] = [];
  const connection = new ServerConnection(
    1,
    context,
    {
      admit: (_connection, result) => {
        events.push("open");
        return result;
      },
      onConnected: () => {},
      renew: (_connection, result) => result as never,
      onClosed: () => events.push("closed"),
      onGone: () => events.push("gone"),
      onOpenedLate: () => events.push("opened late"),
    },
    socket,
    UPGRADE,
  );
  const { client } = connection;
  return {
    client,
    connection,
    context,
    events,
    logger,
    socket,
    sent: socket.sent,
  };
}

/** Creates a connection whose client has logged in. */
export async function logInSocket(
  features?: readonly string[],
  overrides: Partial<ServerContext> = {},
) {
  const connection = connectSocket(new FakeSocket(), overrides);
  const { socket, sent } = connection;
  socket.receive({ id: 0, token: "test", version: "1.0.0", features });
  await endOfTick();
  sent.length = 0;
  return connection;
}

/** Returns the ids of the frames that a socket has sent; a batch is an array. */
export function idsOf(sent: readonly string[]): unknown[] {
  return sent.map((frame) => {
    const value = JSON.parse(frame);
    return Array.isArray(value) ? value.map(({ id }) => id) : value.id;
  });
}
