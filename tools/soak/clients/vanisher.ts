/**
 * Clients that end the connection without a handshake, at any moment.
 *
 * @module
 */

import { textFrame } from "../../lib/frames.ts";
import { RawSocket } from "./raw_socket.ts";
import { assertOpen, checkerOf, idle, type Visit } from "./visit.ts";

/** The moment of the end. */
type Exit = (socket: RawSocket, visit: Visit) => Promise<void>;

/** Connects, and ends the connection. */
export async function vanish(visit: Visit): Promise<void> {
  const { port, tally, random } = visit;
  if (random.happens(0.1)) return await vanishUnheard(visit);
  using socket = assertOpen(
    await RawSocket.open({ port, checker: checkerOf(visit) }),
  );
  tally.connections++;
  await random.pick(EXITS)(socket, visit);
  tally.end("abort");
}

/** Ends the connection before the WebSocket is open. */
async function vanishUnheard(visit: Visit): Promise<void> {
  const { port, random } = visit;
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  if (random.happens(0.5)) return;
  await connection.write(new TextEncoder().encode("GET /hoist HTTP/1.1\r\n"));
  await idle(visit, 100);
}

const beforeLogin: Exit = async (_socket, visit) => await idle(visit, 200);

const duringLogin: Exit = async (socket) => await socket.logIn();

const amidRequests: Exit = async (socket, visit) => {
  const { name, random } = visit;
  await socket.logIn(random.happens(0.5) ? ["batch", "done-id"] : undefined);
  await socket.settle();
  const count = random.between(1, 20);
  for (let nonce = 0; nonce < count; nonce++) {
    const delay = random.between(0, 200);
    await socket.call("later", { nonce: `${name}.${nonce}`, delay });
    await socket.message("count", { nonce: `${name}.${nonce}`, replies: 3 });
  }
  for (let left = random.between(0, count); left > 0; left--) {
    await socket.read();
  }
};

/** Ends it during streams, some of them partly read or cancelled. */
const amidStreams: Exit = async (socket, visit) => {
  const { name, random } = visit;
  await socket.logIn(["batch", "stream", "request"]);
  await socket.settle();
  const credit = random.pick([1, 20, 1_000]);
  for (let left = random.between(1, 4); left > 0; left--) {
    const data = { nonce: `${name}.${left}`, delay: random.between(0, 5) };
    const id = await socket.stream("numbers", data, credit);
    await socket.call("request me later", {
      nonce: `${name}.${left}`,
      n: left,
    });
    if (random.happens(0.3)) await socket.cancel(id);
  }
  for (let left = random.between(0, 4); left > 0; left--) await socket.read();
};

const amidFrame: Exit = async (socket, { random }) => {
  await socket.logIn();
  await socket.settle();
  const frame = textFrame(JSON.stringify(socket.callOf("echo", {})));
  await socket.write(frame.subarray(0, random.between(1, frame.length - 1)));
};

/** Sends a Close frame, and does not wait for the answer. */
const amidClosing: Exit = async (socket, { random }) => {
  await socket.logIn();
  if (random.happens(0.5)) await socket.settle();
  await socket.sendClose(random.pick([1000, 1001, 3000]));
};

const EXITS: readonly [Exit, ...Exit[]] = [
  beforeLogin,
  duringLogin,
  amidRequests,
  amidRequests,
  amidRequests,
  amidStreams,
  amidStreams,
  amidFrame,
  amidClosing,
];
