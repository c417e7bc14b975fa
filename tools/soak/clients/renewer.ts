/**
 * Clients whose login expires: some renew it, and others cannot.
 *
 * @module
 */

import assert from "node:assert/strict";
import { CloseCode, connect, type Connection } from "@hoist/cli";
import { pause } from "../../lib/deadline.ts";
import { TIMEOUT } from "../commands.ts";
import { tokenFor } from "../tokens.ts";
import type { FrameChecker } from "./frame_checker.ts";
import { addressOf } from "./intruder.ts";
import { RawSocket } from "./raw_socket.ts";
import { answerQuestions, breakOff } from "./streams.ts";
import { SOCKETS, tappedSocket } from "./tapped_socket.ts";
import { assertOpen, checkerOf, closeAndCount, type Visit } from "./visit.ts";

const OPTIONS = { timeout: TIMEOUT };

/** The time between two requests, in milliseconds. */
const LOOK = 200;

/** Renews its login on the open connection, which continues. */
export async function renew(visit: Visit): Promise<void> {
  const { port, name, random, tally } = visit;
  const checker = checkerOf(visit);
  let tokens = 0;
  await using connection = await connect(
    () => tokenFor("renewed", `${name}.${++tokens}`),
    {
      url: `http://127.0.0.1:${port}`,
      timeout: TIMEOUT,
      WebSocket: tappedSocket(() => checker, random.pick(SOCKETS)),
    },
  );
  tally.connections++;
  answerQuestions(connection);
  const clients = new Set<unknown>();
  let logins: unknown = 1;
  for (let n = 1; logins === 1; n++) {
    const result = await askWhoAmI(connection, `${name}.${n}`);
    clients.add(result.id);
    logins = result.logins;
    await breakOff(connection, random, `${name}.${n}.numbers`);
    await pause(LOOK);
  }
  assert.equal(clients.size, 1, "the server has seen another client");
  // The server can have asked again in the meantime.
  assert(tokens >= Number(logins), `${logins} logins with ${tokens} tokens`);
  tally.note("renewed login");
  await awaitRenewal(checker, TIMEOUT);
  checker.finish();
  await closeAndCount(connection, visit);
}

/**
 * Waits until the server has answered every token, because it can have asked again in the meantime.
 * On a busy machine, the last requests take longer than a login lasts.
 *
 * @param limit The longest wait, in milliseconds
 */
export async function awaitRenewal(
  checker: FrameChecker,
  limit: number,
): Promise<void> {
  const end = performance.now() + limit;
  while (checker.isRenewing && performance.now() < end) await pause(LOOK);
}

async function askWhoAmI(
  connection: Connection,
  nonce: string,
): Promise<{ readonly id: unknown; readonly logins: unknown }> {
  const result = await connection.operation("who am i", { nonce }, OPTIONS);
  assert.equal(Object(result).nonce, nonce);
  return Object(result);
}

/** Sends a token that the server rejects when the login is renewed. */
export async function expire(visit: Visit): Promise<void> {
  const { port, name, random, tally, report } = visit;
  await using connection = await connect(tokenFor("expiring", name), {
    url: `http://127.0.0.1:${port}`,
    timeout: TIMEOUT,
    // A rejected token counts as a failed login of its address.
    headers: { "X-Forwarded-For": addressOf(random) },
  });
  tally.connections++;
  answerQuestions(connection);
  const { code, reason } = await connection.closed;
  tally.end(`code ${code}`);
  if (code === CloseCode.POLICY_VIOLATION) return tally.note("expired login");
  report(`${name}: closed with ${code} (${reason}) when its login expired`);
}

/** Logs in as a client for which `onConnect` fails. */
export async function beTurnedAway(visit: Visit): Promise<void> {
  const { port, name, tally, report } = visit;
  const checker = checkerOf(visit);
  using socket = assertOpen(await RawSocket.open({ port, checker }));
  tally.connections++;
  await socket.logIn(["batch"], tokenFor("unready", name));
  await socket.readToEnd();
  tally.end(`code ${socket.code}`);
  if (socket.code === CloseCode.INTERNAL_ERROR) return;
  report(`${name}: closed with ${socket.code} when onConnect failed`);
}
