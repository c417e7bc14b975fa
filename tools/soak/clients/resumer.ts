/**
 * A client that reads a stream while its connection is lost again and again.
 *
 * @module
 */

import assert from "node:assert/strict";
import { connect, type Connection } from "@hoist/cli";
import { RECONNECT, TIMEOUT, TOKEN } from "../commands.ts";
import { dialPort, Relay } from "../../lib/relay.ts";
import { StallLimit } from "./stall_limit.ts";
import { answerQuestions, lengthFor } from "./streams.ts";
import { SOCKETS, tappedSocket } from "./tapped_socket.ts";
import { checkerOf, closeAndCount, type Visit } from "./visit.ts";

/** The sizes of the buffer: strict pull, one item, a few items, many items. */
const BUFFERS = [0, 1, 7, 256] as const;

/** The share of the items after which the connection is lost. */
const LOSSES = 1 / 40;

/** Reads a stream over several connections: each item once, and in order. */
export async function readOn(visit: Visit): Promise<void> {
  const { port, tally, random } = visit;
  await using relay = new Relay(dialPort(() => port));
  await using connection = await connect(TOKEN, {
    url: relay.url,
    timeout: TIMEOUT,
    reconnect: RECONNECT,
    WebSocket: tappedSocket(() => checkerOf(visit), random.pick(SOCKETS)),
  });
  tally.connections++;
  answerQuestions(connection);
  connection.onState((status) => {
    if (status.state === "waiting") tally.end(`code ${status.close.code}`);
  });
  await readAll(connection, relay, visit);
  await closeAndCount(connection, visit);
}

/** Reads a stream, and loses the connection after some of the items. */
async function readAll(
  connection: Connection,
  relay: Relay,
  { name: nonce, random }: Visit,
): Promise<void> {
  using limit = new StallLimit(TIMEOUT);
  const { signal } = limit;
  const options = { buffer: random.pick(BUFFERS), resume: true, signal };
  const to = lengthFor(options, random, 50, 400);
  const data = { nonce, to, delay: 20 };
  const stream = connection.stream("tracked numbers", data, options);
  let last = 0;
  for await (const item of stream) {
    limit.progress();
    const { nonce: actual, n } = Object(item);
    assert.deepEqual({ nonce: actual, n }, { nonce, n: ++last });
    if (random.happens(LOSSES)) relay.abort();
  }
  assert.equal(last, to);
}
