/**
 * Clients that exceed the limits of the server.
 *
 * @module
 */

import { CloseCode, ErrorCode, type Json, type JsonObject } from "@hoist/cli";
import { pause } from "../../lib/deadline.ts";
import { textFrame } from "../../lib/frames.ts";
import { LIMITS } from "../limits.ts";
import type { FrameChecker } from "./frame_checker.ts";
import { RawSocket } from "./raw_socket.ts";
import { assertOpen, checkerOf, type Visit } from "./visit.ts";

/** The number of requests that exceed the limit. */
const EXCESS = 20;

/** How long the requests take, in milliseconds: longer than a busy server stalls. */
const DELAY = 2_000;

/** The number of calls that fit into one frame. */
const CALLS = 100;

/** Sends too many requests at once. Each request gets an answer. */
export async function askTooMuch(visit: Visit): Promise<void> {
  const { name, report, tally } = visit;
  const checker = checkerOf(visit, [ErrorCode.LIMIT_EXCEEDED]);
  using socket = await logIn(visit, checker);
  const length = LIMITS.maxPending + EXCESS;
  await socket.send(
    Array.from(
      { length },
      (_, index) =>
        socket.callOf("later", { nonce: `${name}.${index}`, delay: DELAY }),
    ),
  );
  if (!await socket.settle()) report(`${name}: closed with ${socket.code}`);
  tally.end("abort");
}

/** Sends data of the largest depth, and data that is deeper. */
export async function askTooDeep(visit: Visit): Promise<void> {
  const { name, report, tally } = visit;
  using socket = await logIn(visit, checkerOf(visit));
  // The object around the data is one level.
  const data = nest(LIMITS.maxDepth - 1);
  await socket.call("echo", { nonce: `${name}.1`, data });
  await socket.call("too deep", { nonce: `${name}.2`, data: [data] });
  if (!await socket.settle()) report(`${name}: closed with ${socket.code}`);
  tally.end("abort");
}

/** Sends a frame that is too large. */
export async function sendTooMuch(visit: Visit): Promise<void> {
  using socket = await logIn(visit, checkerOf(visit));
  await socket.write(textFrame("x".repeat(LIMITS.maxPayload + 1)));
  await socket.readToEnd();
  assertEnd(visit, socket, [CloseCode.MESSAGE_TOO_BIG]);
}

/** Sends requests too fast, and does not stop. */
export async function askTooFast(visit: Visit): Promise<void> {
  const checker = checkerOf(visit, [ErrorCode.LIMIT_EXCEEDED]);
  using socket = await logIn(visit, checker);
  await Promise.all([hurry(visit, socket), socket.readToEnd()]);
  // The client also reads slowly. If it sends after the Close frame, the connection is
  // reset, and the Close frame can be lost.
  const { ABNORMAL, POLICY_VIOLATION, TRY_AGAIN_LATER } = CloseCode;
  assertEnd(visit, socket, [POLICY_VIOLATION, TRY_AGAIN_LATER, ABNORMAL]);
}

async function hurry({ name }: Visit, socket: RawSocket): Promise<void> {
  while (socket.code === undefined) {
    const calls: JsonObject[] = Array.from(
      { length: CALLS },
      () => socket.callOf("echo", { nonce: name }),
    );
    await socket.send(calls);
    await pause(1);
  }
}

/** Returns an array of a depth. */
function nest(depth: number): Json {
  let value: Json = 1;
  for (let level = 0; level < depth; level++) value = [value];
  return value;
}

function assertEnd(
  { name, report, tally }: Visit,
  { code = 0 }: RawSocket,
  expected: readonly number[],
): void {
  tally.end(`code ${code}`);
  if (expected.includes(code)) return;
  report(
    `${name}: closed with ${code} instead of ${expected.join(" or ")}`,
  );
}

async function logIn(visit: Visit, checker: FrameChecker): Promise<RawSocket> {
  const { port, tally } = visit;
  const socket = assertOpen(await RawSocket.open({ port, checker }));
  tally.connections++;
  await socket.logIn(["batch", "done-id"]);
  await socket.settle();
  return socket;
}
