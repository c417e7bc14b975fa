/**
 * Clients that stop reading for a while, or for good.
 *
 * @module
 */

import { CloseCode, connect } from "@hoist/cli";
import { PATIENCE, TOKEN } from "../commands.ts";
import { RawSocket } from "./raw_socket.ts";
import { assertOpen, checkerOf, idle, type Visit } from "./visit.ts";

/** More than the operating system keeps for a connection, at both its ends. */
const FLOOD = { count: 2_000, size: 16_000 };

/** The same as a stream, which waits for its client. */
const STREAM = { size: 16_000, credit: 2_000 };

/** How long the server may take to notice, in milliseconds. */
const LIMIT = PATIENCE / 2;

/** Reads nothing for a while, and then finds all that it missed. */
export async function doze(visit: Visit): Promise<void> {
  const { name, random, report, tally } = visit;
  using socket = await logIn(visit);
  for (let time = random.between(1, 3); time > 0; time--) {
    const data = { nonce: `${name}.${time}`, count: 20, size: 500 };
    await socket.call("notify", data);
    await idle(visit, 1_000);
    await socket.settle();
  }
  if (socket.code !== undefined) report(`${name}: ended by ${socket.code}`);
  tally.end("cut");
}

/** Has more sent than the server keeps, and reads nothing until it is cut off. */
export async function stall(visit: Visit): Promise<void> {
  const { name, random, report, tally } = visit;
  using socket = await logIn(visit);
  await socket.call("watch me", { nonce: `${name}.0`, name });
  await socket.settle();
  // One request for all: a socket that is closed with something unread is reset, and
  // the Close frame lost.
  await socket.call("flood", { nonce: `${name}.1`, ...FLOOD });
  if (random.happens(0.3)) return tally.end("cut");
  if (!await isGone(visit)) report(`${name}: was not cut off`);
  await socket.readToEnd();
  tally.end(`code ${socket.code}`);
  const isTold = socket.code === CloseCode.TRY_AGAIN_LATER;
  if (!isTold) report(`${name}: was cut off with ${socket.code}`);
}

/** Takes more items than anyone keeps, and reads none for a while: it may. */
export async function lag(visit: Visit): Promise<void> {
  const { name, random, report, tally } = visit;
  using socket = await logIn(visit, ["batch", "stream"]);
  const { size, credit } = STREAM;
  const data = { nonce: name, size };
  const id = await socket.stream("numbers", data, credit);
  await idle(visit, 1_000);
  if (random.happens(0.5)) return tally.end("cut");
  await socket.cancel(id);
  if (!await socket.settle()) report(`${name}: ended by ${socket.code}`);
  tally.end("cut");
}

/** Whether the server lets go of the client; asked for by another one. */
async function isGone({ port, name }: Visit): Promise<boolean> {
  const url = `http://127.0.0.1:${port}`;
  await using connection = await connect(TOKEN, { url, timeout: PATIENCE });
  const data = { nonce: name, name, limit: LIMIT };
  const result = await connection.operation("gone", data, {
    timeout: PATIENCE,
  });
  return Object(result).gone === true;
}

async function logIn(
  visit: Visit,
  features = visit.random.happens(0.5) ? ["batch", "done-id"] : undefined,
): Promise<RawSocket> {
  const { port, tally } = visit;
  const checker = checkerOf(visit);
  const socket = assertOpen(await RawSocket.open({ port, checker }));
  tally.connections++;
  await socket.logIn(features);
  await socket.settle();
  return socket;
}
