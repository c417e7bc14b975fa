/**
 * A client of the library that keeps its connection and loses nothing.
 *
 * @module
 */

import { connect, type Connection } from "@hoist/cli";
import { TIMEOUT, TOKEN } from "../commands.ts";
import { makeRequest } from "./requests.ts";
import { Sequence } from "./sequence.ts";
import { answerQuestions } from "./streams.ts";
import { SOCKETS, tappedSocket } from "./tapped_socket.ts";
import { checkerOf, closeAndCount, idle, type Visit } from "./visit.ts";

/** The longest pause between two rounds of requests, in milliseconds. */
const PAUSE = 400;

/** Connects, sends some rounds of requests, waits for all answers, and closes. */
export async function talk(visit: Visit): Promise<void> {
  const checker = checkerOf(visit);
  await using connection = await connect(TOKEN, {
    url: `http://127.0.0.1:${visit.port}`,
    timeout: TIMEOUT,
    WebSocket: tappedSocket(() => checker, visit.random.pick(SOCKETS)),
  });
  visit.tally.connections++;
  follow(connection, visit);
  answerQuestions(connection);
  const rounds = visit.random.between(1, 12);
  for (let round = 0; round < rounds && !visit.isOver(); round++) {
    await talkAtOnce(connection, visit, round);
    await idle(visit, PAUSE);
  }
  checker.finish();
  await closeAndCount(connection, visit);
}

/** Sends several requests at once. */
async function talkAtOnce(
  connection: Connection,
  { name, random }: Visit,
  round: number,
): Promise<void> {
  const length = random.happens(0.1) ? 16 : random.between(1, 4);
  await Promise.all(
    Array.from(
      { length },
      (_, index) =>
        makeRequest(connection, random, `${name}.${round}.${index}`),
    ),
  );
}

/** Checks the order of the broadcasts in a listener. */
function follow(connection: Connection, { name, report }: Visit): void {
  const sequence = new Sequence();
  connection.receive("news", ({ data }) => {
    const problem = sequence.take(Number(data.n));
    if (problem !== undefined) report(`${name}: a listener got ${problem}`);
  });
}
