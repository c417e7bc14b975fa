/**
 * Clients that ask for more than the server allows.
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

/** How many requests of a batch are under way too many. */
const EXCESS = 20;

/** How many calls fit into a frame, whatever their numbers. */
const CALLS = 100;

/** Has more requests under way than it may; each gets its own answer. */
export async function askTooMuch(visit: Visit): Promise<void> {
  const { name, report, tally } = visit;
  const checker = checkerOf(visit, [ErrorCode.LIMIT_EXCEEDED]);
  using socket = await logIn(visit, checker);
  const length = LIMITS.maxPending + EXCESS;
  await socket.send(
    Array.from(
      { length },
      (_, index) =>
        socket.callOf("later", { nonce: `${name}.${index}`, delay: 300 }),
    ),
  );
  if (!await socket.settle()) report(`${name}: ended by ${socket.code}`);
  tally.end("cut");
}

/** Sends what is as deep as it may be, and something deeper. */
export async function askTooDeep(visit: Visit): Promise<void> {
  const { name, report, tally } = visit;
  using socket = await logIn(visit, checkerOf(visit));
  // The object around it is one level, too.
  const data = nest(LIMITS.maxDepth - 1);
  await socket.call("echo", { nonce: `${name}.1`, data });
  await socket.call("too deep", { nonce: `${name}.2`, data: [data] });
  if (!await socket.settle()) report(`${name}: ended by ${socket.code}`);
  tally.end("cut");
}

/** Sends more than it may at once. */
export async function sendTooMuch(visit: Visit): Promise<void> {
  using socket = await logIn(visit, checkerOf(visit));
  await socket.write(textFrame("x".repeat(LIMITS.maxPayload + 1)));
  await socket.readToEnd();
  assertEnd(visit, socket, [CloseCode.MESSAGE_TOO_BIG]);
}

/** Asks faster than it may, and does not stop when it is told so. */
export async function askTooFast(visit: Visit): Promise<void> {
  const checker = checkerOf(visit, [ErrorCode.LIMIT_EXCEEDED]);
  using socket = await logIn(visit, checker);
  await Promise.all([hurry(visit, socket), socket.readToEnd()]);
  // It may be slow, too, with so much to read; and who goes on sending has the
  // connection reset, with the Close frame that was on its way.
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

/** Something that is so deep. */
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
    `${name}: was closed with ${code} instead of ${expected.join(" or ")}`,
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
