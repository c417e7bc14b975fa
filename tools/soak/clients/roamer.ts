/**
 * A client of the library whose way to the server is cut again and again, and that
 * comes back.
 *
 * @module
 */

import assert from "node:assert/strict";
import { connect, type Connection, ConnectionClosedError } from "@hoist/cli";
import { PATIENCE, TOKEN } from "../commands.ts";
import type { Random } from "../random.ts";
import { Relay } from "./relay.ts";
import { makeRequest } from "./requests.ts";
import { answerQuestions } from "./streams.ts";
import { tappedSocket } from "./tapped_socket.ts";
import { checkerOf, idle, type Visit } from "./visit.ts";

/** Comes back soon, as it is here to be cut off, and goes on asking meanwhile. */
const RECONNECT = { minDelay: 10, maxDelay: 200, maxQueue: 32 };

/** Comes back a few times; whatever is under way is answered, rejected or repeated. */
export async function roam(visit: Visit): Promise<void> {
  const { port, tally, random } = visit;
  using relay = new Relay(port);
  await using connection = await connect(TOKEN, {
    url: relay.url,
    timeout: PATIENCE,
    reconnect: RECONNECT,
    WebSocket: tappedSocket(() => checkerOf(visit)),
  });
  follow(connection, visit);
  answerQuestions(connection);
  for (let stays = random.between(1, 4); stays > 0; stays--) {
    tally.connections++;
    await stay(connection, relay, `${visit.name}.${stays}`, visit);
    if (visit.isOver()) break;
  }
  await connection.close();
  tally.end(`code ${(await connection.closed).code}`);
}

/** Asks for this and that, is cut, and comes back. */
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
  await idle(visit, 150);
  relay.cut();
  for (const outcome of await requests) assertFair(outcome);
  const outcome = await repeated;
  if (outcome !== undefined) throw outcome;
}

/** Something that is answered whatever happens; resolves to what is wrong with it. */
async function repeat(
  connection: Connection,
  random: Random,
  nonce: string,
): Promise<unknown> {
  const data = { nonce, delay: random.between(0, 200) };
  const options = { idempotent: true, timeout: PATIENCE };
  try {
    const result = await connection.operation("later", data, options);
    assert.deepEqual(result, data);
  } catch (error) {
    return error;
  }
}

/** A request is answered as it should be, or its caller learns that it was cut. */
function assertFair(outcome: PromiseSettledResult<void>): void {
  if (outcome.status === "fulfilled") return;
  if (outcome.reason instanceof ConnectionClosedError) return;
  throw outcome.reason;
}

/** Listeners stay, and get no broadcast twice or in another order. */
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
