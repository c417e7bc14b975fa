/**
 * Clients that stop reading for a while or forever.
 *
 * @module
 */

import { CloseCode } from "@hoist/cli";
import { isGone } from "./presence.ts";
import { RawSocket } from "./raw_socket.ts";
import { assertOpen, checkerOf, idle, type Visit } from "./visit.ts";

/** More bytes than the operating system buffers for a connection at both ends. */
const FLOOD = { count: 2_000, size: 16_000 };

/** The same amount as a stream, which waits for its client. */
const STREAM = { size: 16_000, credit: 2_000 };

/** Stops reading for a while, and then receives everything. */
export async function doze(visit: Visit): Promise<void> {
  const { name, random, report, tally } = visit;
  using socket = await logIn(visit);
  for (let time = random.between(1, 3); time > 0; time--) {
    const data = { nonce: `${name}.${time}`, count: 20, size: 500 };
    await socket.call("notify", data);
    await idle(visit, 1_000);
    await socket.settle();
  }
  if (socket.code !== undefined) report(`${name}: closed with ${socket.code}`);
  tally.end("abort");
}

/** Lets the server send more than its limit, and does not read until it is disconnected. */
export async function stall(visit: Visit): Promise<void> {
  const { name, random, report, tally } = visit;
  // Otherwise the server could close the connection because the client is silent.
  using socket = await logIn(visit, ["batch"], true);
  await socket.call("watch me", { nonce: `${name}.0`, name });
  await socket.settle();
  // One request causes all data. If a socket is closed with unread data, it is reset, and
  // the Close frame is lost.
  await socket.call("flood", { nonce: `${name}.1`, ...FLOOD });
  if (random.happens(0.3)) return tally.end("abort");
  if (!await isGone(visit)) report(`${name}: was not disconnected`);
  await socket.readToEnd();
  tally.end(`code ${socket.code}`);
  const isExpected = socket.code === CloseCode.TRY_AGAIN_LATER;
  if (!isExpected) report(`${name}: was disconnected with ${socket.code}`);
}

/** Stops reading a long stream for a while, which is allowed. */
export async function lag(visit: Visit): Promise<void> {
  const { name, random, report, tally } = visit;
  using socket = await logIn(visit, ["batch", "stream"]);
  const { size, credit } = STREAM;
  const data = { nonce: name, size };
  const id = await socket.stream("numbers", data, credit);
  await idle(visit, 1_000);
  if (random.happens(0.5)) return tally.end("abort");
  await socket.cancel(id);
  if (!await socket.settle()) report(`${name}: closed with ${socket.code}`);
  tally.end("abort");
}

async function logIn(
  visit: Visit,
  features = visit.random.happens(0.5) ? ["batch", "done-id"] : undefined,
  isPatient = false,
): Promise<RawSocket> {
  const { port, tally } = visit;
  const checker = checkerOf(visit);
  const socket = assertOpen(await RawSocket.open({ port, checker, isPatient }));
  tally.connections++;
  await socket.logIn(features);
  await socket.settle();
  return socket;
}
