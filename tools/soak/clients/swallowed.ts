/**
 * A client whose connection begins to swallow all bytes. Nothing tells either side.
 *
 * @module
 */

import assert from "node:assert/strict";
import { CloseCode, connect, type Connection } from "@hoist/cli";
import { RECONNECT, TIMEOUT, TOKEN } from "../commands.ts";
import { introduce, isGone } from "./presence.ts";
import { dialPort, Relay } from "../../lib/relay.ts";
import { answerQuestions } from "./streams.ts";
import { closeAndCount, type Visit } from "./visit.ts";

/** The shortest heartbeats, so that the server waits for 17 seconds. */
const HEARTBEAT = { interval: 1_000, timeout: 1_000 };

/**
 * Loses its connection without a sign. The client gives it up and reconnects, and the server
 * disconnects the old client.
 */
export async function fallSilent(visit: Visit): Promise<void> {
  const { port, name, tally, report } = visit;
  await using relay = new Relay(dialPort(() => port));
  await using connection = await connect(TOKEN, {
    url: relay.url,
    timeout: TIMEOUT,
    reconnect: RECONNECT,
    heartbeat: HEARTBEAT,
  });
  tally.connections++;
  answerQuestions(connection);
  await introduce(connection, name);
  relay.swallow();
  await Promise.all([outlive(connection, name), hasGivenUp(connection)]);
  tally.note("swallowed connection");
  if (!await isGone(visit)) report(`${name}: was not disconnected`);
  await closeAndCount(connection, visit);
}

/** Makes a request that is answered by the next connection. */
async function outlive(connection: Connection, nonce: string): Promise<void> {
  const options = { idempotent: true, timeout: TIMEOUT };
  const result = await connection.operation("who am i", { nonce }, options);
  assert.equal(Object(result).nonce, nonce);
}

/** Waits until the client has given up the connection. */
async function hasGivenUp(connection: Connection): Promise<void> {
  const lost = Promise.withResolvers<number>();
  using _ = connection.onState((status) => {
    if (status.state === "waiting") lost.resolve(status.close.code);
  });
  assert.equal(await lost.promise, CloseCode.ABNORMAL);
}
