/**
 * The streams that the clients of the library take, to their end or not, and what the
 * server asks them.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  type Connection,
  ConnectionClosedError,
  type OperationStream,
  type ServerMessage,
  type StreamOptions,
} from "@hoist/cli";
import { PATIENCE } from "../commands.ts";
import type { Random } from "../random.ts";

/** No answer takes so long: this is how one that never comes is noticed. */
const OPTIONS = { timeout: PATIENCE };

/** How many items may be on the way: one by one, a few, as many as there are. */
const BUFFERS = [1, 2, 7, 256] as const;

/** How a stream is taken; no item takes so long either. */
const optionsOf = (random: Random): StreamOptions => ({
  buffer: random.pick(BUFFERS),
  signal: AbortSignal.timeout(PATIENCE),
});

/** Takes all there is. */
export async function takeAll(
  connection: Connection,
  random: Random,
  nonce: string,
): Promise<void> {
  const to = random.happens(0.1) ? 600 : random.between(0, 40);
  const data = { nonce, to, delay: random.between(0, 2) };
  const stream = connection.stream("numbers", data, optionsOf(random));
  assert.equal(await take(stream, nonce, Infinity), to);
}

/** Takes some, and no more. */
export async function breakOff(
  connection: Connection,
  random: Random,
  nonce: string,
): Promise<void> {
  const data = { nonce, delay: random.between(0, 2) };
  const most = random.between(1, 40);
  const stream = connection.stream("numbers", data, optionsOf(random));
  assert.equal(await take(stream, nonce, most), most);
  await assertOver(connection, nonce);
}

/** Is told amid a stream to leave it at that. */
export async function abort(
  connection: Connection,
  random: Random,
  nonce: string,
): Promise<void> {
  const controller = new AbortController();
  const reason = new Error("enough");
  const timer = setTimeout(
    () => controller.abort(reason),
    random.between(0, 20),
  );
  const { signal } = controller;
  const data = { nonce, delay: random.between(0, 2) };
  const stream = connection.stream("numbers", data, { signal });
  try {
    await assert.rejects(take(stream, nonce, Infinity), isSame(reason));
  } finally {
    clearTimeout(timer);
  }
  await assertOver(connection, nonce);
}

/** Lets the server ask, and replies or does not. */
export async function beAsked(
  connection: Connection,
  random: Random,
  nonce: string,
): Promise<void> {
  const n = random.between(1, 100);
  const result = await connection.operation("ask me", { nonce, n }, OPTIONS);
  assert.deepEqual(result, { nonce, reply: replyTo(n) });
}

/** Replies to what the server asks. */
export function answerQuestions(connection: Connection): void {
  connection.receive("question", async (message: ServerMessage) => {
    const { nonce = null, n } = message.data;
    const reply = replyTo(Number(n));
    if (reply === null) return;
    try {
      await message.reply("reply", { nonce, n: reply }, OPTIONS);
    } catch (error) {
      // Whoever comes and goes cannot reply to what is gone.
      if (!(error instanceof ConnectionClosedError)) throw error;
    }
  });
}

/** What the reply to a number is; some get none. */
function replyTo(n: number): number | null {
  return n % 5 === 0 ? null : n + 1;
}

/** Takes so many items, which have to be those that are due; returns how many came. */
async function take(
  stream: OperationStream,
  nonce: string,
  most: number,
): Promise<number> {
  let taken = 0;
  for await (const item of stream) {
    const { nonce: actual, n } = Object(item);
    assert.deepEqual({ nonce: actual, n }, { nonce, n: ++taken });
    if (taken === most) break;
  }
  return taken;
}

/** The generator gets to its `finally`, also if nobody wants its items any more. */
async function assertOver(
  connection: Connection,
  nonce: string,
): Promise<void> {
  const data = { nonce, limit: PATIENCE / 2 };
  const result = await connection.operation("over", data, OPTIONS);
  assert.deepEqual(result, { nonce, over: true });
}

/** Whether an error is the one that is due, or says that there is no connection. */
function isSame(reason: Error): (error: unknown) => boolean {
  return (error) => {
    if (error === reason) return true;
    throw error;
  };
}
