/**
 * The requests of the clients that use the library, and their expected answers.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  type Connection,
  ErrorCode,
  ResponseError,
  TimeoutError,
} from "@hoist/cli";
import { TIMEOUT } from "../commands.ts";
import type { Random } from "../random.ts";
import { abort, beAsked, breakOff, takeAll } from "./streams.ts";

/** Makes a request, and checks the answer. */
type Kind = (
  connection: Connection,
  random: Random,
  nonce: string,
) => Promise<void>;

/** A timeout that is only reached if an answer is missing. */
const OPTIONS = { timeout: TIMEOUT };

/** Makes a request of a random kind. Rejects if the answer is wrong. */
export async function makeRequest(
  connection: Connection,
  random: Random,
  nonce: string,
): Promise<void> {
  await random.pick(KINDS)(connection, random, nonce);
}

const echo: Kind = async (connection, random, nonce) => {
  const padding = "é".repeat(random.happens(0.1) ? 4_000 : 10);
  const name = random.happens(0.03) ? "publish" : "echo";
  const result = await connection.operation(name, { nonce, padding }, OPTIONS);
  assert.equal(Object(result).nonce, nonce);
  assert.equal(Object(result).padding, padding);
};

const later: Kind = async (connection, random, nonce) => {
  const data = { nonce, delay: random.between(0, 100) };
  assert.deepEqual(await connection.operation("later", data, OPTIONS), data);
};

const notify: Kind = async (connection, random, nonce) => {
  const data = { nonce, count: random.between(1, 5), size: 10 };
  const result = await connection.operation("notify", data, OPTIONS);
  assert.deepEqual(result, { nonce });
};

const count: Kind = async (connection, random, nonce) => {
  const replies = random.between(0, 8);
  const numbers: unknown[] = [];
  const onReply = ({ data }: { readonly data: { readonly n?: unknown } }) =>
    void numbers.push(data.n);
  const options = { ...OPTIONS, onReply };
  const sent = await connection.message("count", { nonce, replies }, options);
  const expected = Array.from({ length: replies }, (_, index) => index + 1);
  assert.deepEqual(sent.replies.map(({ data }) => data.n), expected);
  assert.deepEqual(numbers, expected);
};

/** Sends a message, replies to its reply, and expects a reply to that. */
const converse: Kind = async (connection, _random, nonce) => {
  const sent = await connection.message(
    "count",
    { nonce, replies: 1 },
    OPTIONS,
  );
  const [first] = sent.replies;
  const again = await first?.reply("again", { nonce, replies: 1 }, OPTIONS);
  const [confirmed] = again?.replies ?? [];
  assert.equal(confirmed?.name, "confirmed");
  assert.equal(confirmed?.data.nonce, nonce);
  assert.equal(confirmed?.replying?.replying?.name, "number");
  assert(sent.id > 0 && again !== undefined && again.id > sent.id);
};

const fail: Kind = async (connection, random, nonce) => {
  const request = random.happens(0.5)
    ? connection.operation("fail", { nonce }, OPTIONS)
    : connection.message("fail", { nonce }, OPTIONS);
  await assertAnswered(request, ErrorCode.SERVER_ERROR);
};

const missing: Kind = async (connection, _random, nonce) => {
  const request = connection.operation("missing", { nonce }, OPTIONS);
  await assertAnswered(request, ErrorCode.UNKNOWN_OPERATION);
};

const silence: Kind = async (connection, _random, nonce) => {
  const sent = await connection.message("silence", { nonce }, OPTIONS);
  assert.equal(sent.replies.length, 0);
};

/** Aborts a call. The server answers it anyway. */
const giveUp: Kind = async (connection, random, nonce) => {
  const data = { nonce, delay: random.between(0, 20) };
  const options = { timeout: random.between(0, 20) };
  try {
    assert.deepEqual(await connection.operation("later", data, options), data);
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    // With the same delay, the server answers this call after the other one.
    await connection.operation("later", data, OPTIONS);
  }
};

const KINDS: readonly [Kind, ...Kind[]] = [
  echo,
  later,
  notify,
  count,
  converse,
  fail,
  missing,
  silence,
  giveUp,
  takeAll,
  breakOff,
  abort,
  beAsked,
];

async function assertAnswered(
  request: Promise<unknown>,
  code: number,
): Promise<void> {
  await assert.rejects(request, (error) => {
    if (error instanceof ResponseError) return error.code === code;
    throw error;
  });
}
