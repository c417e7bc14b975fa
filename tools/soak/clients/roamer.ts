/**
 * A client of the library whose connection is lost again and again, and that reconnects.
 *
 * @module
 */

import assert from "node:assert/strict";
import { connect, type Connection, ConnectionClosedError } from "@hoist/cli";
import { RECONNECT_QUEUED, TIMEOUT, TOKEN } from "../commands.ts";
import type { Random } from "../random.ts";
import { dialPort, Relay } from "../../lib/relay.ts";
import { makeRequest } from "./requests.ts";
import { answerQuestions, takeOn } from "./streams.ts";
import { SOCKETS, tappedSocket } from "./tapped_socket.ts";
import { checkerOf, closeAndCount, idle, type Visit } from "./visit.ts";

/** Reconnects a few times. Each request is answered, rejected or repeated. */
export async function roam(visit: Visit): Promise<void> {
  const { port, tally, random } = visit;
  await using relay = new Relay(dialPort(() => port));
  await using connection = await connect(TOKEN, {
    url: relay.url,
    timeout: TIMEOUT,
    reconnect: RECONNECT_QUEUED,
    WebSocket: tappedSocket(() => checkerOf(visit), random.pick(SOCKETS)),
  });
  follow(connection, visit);
  answerQuestions(connection);
  for (let stays = random.between(1, 4); stays > 0; stays--) {
    tally.connections++;
    await stay(connection, relay, `${visit.name}.${stays}`, visit);
    if (visit.isOver()) break;
  }
  await closeAndCount(connection, visit);
}

/** Sends requests, loses the connection, and reconnects. */
async function stay(
  connection: Connection,
  relay: Relay,
  name: string,
  visit: Visit,
): Promise<void> {
  const { random } = visit;
  const length = random.between(1, 8);
  const requests = Promise.allSettled(
    Array.from(
      { length },
      (_, index) => makeRequest(connection, random, `${name}.${index}`),
    ),
  );
  const repeated = repeat(connection, random, name);
  const continued = problemOf(takeOn(connection, random, `${name} on`));
  await idle(visit, 150);
  relay.abort();
  for (const outcome of await requests) assertFair(outcome);
  for (const problem of await Promise.all([repeated, continued])) {
    if (problem !== undefined) throw problem;
  }
}

/** Resolves to the error of a promise, or to `undefined`. */
async function problemOf(task: Promise<void>): Promise<unknown> {
  try {
    await task;
  } catch (error) {
    return error;
  }
}

/** A request that settles in any case. Resolves to the problem, if there is one. */
async function repeat(
  connection: Connection,
  random: Random,
  nonce: string,
): Promise<unknown> {
  const data = { nonce, delay: random.between(0, 200) };
  const options = { idempotent: true, timeout: TIMEOUT };
  try {
    const result = await connection.operation("later", data, options);
    assert.deepEqual(result, data);
  } catch (error) {
    return error;
  }
}

/** Expects the right answer, or an error about the lost connection. */
function assertFair(outcome: PromiseSettledResult<void>): void {
  if (outcome.status === "fulfilled") return;
  if (outcome.reason instanceof ConnectionClosedError) return;
  throw outcome.reason;
}

/** Listeners stay registered. No broadcast arrives twice or out of order. */
function follow(connection: Connection, visit: Visit): void {
  const { name, tally, report } = visit;
  let last = 0;
  connection.receive("news", ({ data }) => {
    const n = Number(data.n);
    if (n <= last) report(`${name}: a listener got ${n} after ${last}`);
    last = n;
  });
  connection.onState((status) => {
    if (status.state === "waiting") tally.end(`code ${status.close.code}`);
  });
}
