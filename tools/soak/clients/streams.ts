/**
 * The streams that the clients of the library read, completely or in part, and the requests
 * of the server.
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
import { TIMEOUT } from "../commands.ts";
import type { Random } from "../random.ts";
import { StallLimit } from "./stall_limit.ts";

/** A timeout that is only reached if an answer is missing. */
const OPTIONS = { timeout: TIMEOUT };

/** The sizes of the buffer: strict pull, one item, a few items, many items. */
const BUFFERS = [0, 1, 2, 7, 256] as const;

/**
 * The most items of a stream with a small buffer, because each of them waits for a busy
 * server, which needs up to 300 ms.
 */
const MAX_SLOW_ITEMS = 60;

/** Returns the number of items of a stream: at most a number, and fewer if it is slow. */
export function lengthFor(
  { buffer = 0 }: StreamOptions,
  random: Random,
  least: number,
  most: number,
): number {
  const isSlow = buffer < 7;
  return random.between(least, isSlow ? Math.min(most, MAX_SLOW_ITEMS) : most);
}

/** The options of a stream. */
const optionsOf = (random: Random): StreamOptions => ({
  buffer: random.pick(BUFFERS),
});

/** Reads a stream to its end. */
export async function takeAll(
  connection: Connection,
  random: Random,
  nonce: string,
): Promise<void> {
  const options = optionsOf(random);
  const to = lengthFor(options, random, 0, random.happens(0.1) ? 600 : 40);
  const data = { nonce, to, delay: random.between(0, 2) };
  const open = (signal: AbortSignal) =>
    connection.stream("numbers", data, { ...options, signal });
  assert.equal(await take(open, nonce, Infinity), to);
}

/** Reads a stream to its end, over all connections that it needs. */
export async function takeOn(
  connection: Connection,
  random: Random,
  nonce: string,
): Promise<void> {
  const options = { ...optionsOf(random), resume: true };
  const to = lengthFor(options, random, 50, 300);
  const data = { nonce, to, delay: random.between(0, 20) };
  const open = (signal: AbortSignal) =>
    connection.stream("tracked numbers", data, { ...options, signal });
  assert.equal(await take(open, nonce, Infinity), to);
}

/** Reads a part of a stream. */
export async function breakOff(
  connection: Connection,
  random: Random,
  nonce: string,
): Promise<void> {
  const data = { nonce, delay: random.between(0, 2) };
  const most = random.between(1, 40);
  const options = optionsOf(random);
  const open = (signal: AbortSignal) =>
    connection.stream("numbers", data, { ...options, signal });
  assert.equal(await take(open, nonce, most), most);
  await assertOver(connection, nonce);
}

/** Aborts a stream in the middle. */
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
  const open = () => connection.stream("numbers", data, { signal });
  try {
    await assert.rejects(take(open, nonce, Infinity), isSame(reason));
  } finally {
    clearTimeout(timer);
  }
  await assertOver(connection, nonce);
}

/** Makes the server send a request, and replies or not. */
export async function beAsked(
  connection: Connection,
  random: Random,
  nonce: string,
): Promise<void> {
  const n = random.between(1, 100);
  const result = await connection.operation(
    "request me",
    { nonce, n },
    OPTIONS,
  );
  assert.deepEqual(result, { nonce, reply: replyTo(n) });
}

/** Replies to the requests of the server. */
export function answerQuestions(connection: Connection): void {
  connection.receive("question", async (message: ServerMessage) => {
    const { nonce = null, n } = message.data;
    const reply = replyTo(Number(n));
    if (reply === null) return;
    try {
      await message.reply("reply", { nonce, n: reply }, OPTIONS);
    } catch (error) {
      // After a reconnect, a reply to the old connection fails.
      if (!(error instanceof ConnectionClosedError)) throw error;
    }
  });
}

/** Returns the reply to a number; some requests get no reply. */
function replyTo(n: number): number | null {
  return n % 5 === 0 ? null : n + 1;
}

/** Reads up to `most` items, checks them, and returns their number. */
async function take(
  open: (signal: AbortSignal) => OperationStream,
  nonce: string,
  most: number,
): Promise<number> {
  using limit = new StallLimit(TIMEOUT);
  let taken = 0;
  for await (const item of open(limit.signal)) {
    limit.progress();
    const { nonce: actual, n } = Object(item);
    assert.deepEqual({ nonce: actual, n }, { nonce, n: ++taken });
    if (taken === most) break;
  }
  return taken;
}

/** Checks that the generator reaches its `finally`, also after a cancel. */
async function assertOver(
  connection: Connection,
  nonce: string,
): Promise<void> {
  const data = { nonce, limit: TIMEOUT / 2 };
  const result = await connection.operation("over", data, OPTIONS);
  assert.deepEqual(result, { nonce, over: true });
}

/** Returns a check for an expected error, or for a lost connection. */
function isSame(reason: Error): (error: unknown) => boolean {
  return (error) => {
    if (error === reason) return true;
    throw error;
  };
}
