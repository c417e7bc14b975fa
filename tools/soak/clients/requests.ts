/**
 * The requests of the clients that use the library, and their expected answers.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  ApplicationError,
  type Connection,
  ErrorCode,
  type JsonObject,
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

/** Makes a request with the data. */
type Request = (connection: Connection, data: JsonObject) => Promise<unknown>;

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

/** Aborts a call that ends only then, or lets its time pass. */
const cancel: Kind = async (connection, random, nonce) => {
  const timeout = random.between(0, 20);
  const options = random.happens(0.5)
    ? { timeout }
    : { signal: AbortSignal.timeout(timeout) };
  const request = random.happens(0.7)
    ? connection.operation("wait", { nonce }, options)
    : connection.message("wait", { nonce }, options);
  await assert.rejects(request, isTimeout);
  const data = { nonce, limit: TIMEOUT / 2 };
  const result = await connection.operation("given up", data, OPTIONS);
  assert.deepEqual(result, { nonce, over: true });
};

/** Gets an error that the application throws on purpose. */
const buy: Kind = async (connection, random, nonce) => {
  const request = random.happens(0.5)
    ? connection.operation("sold out", { nonce }, OPTIONS)
    : connection.message("sold out", { nonce }, OPTIONS);
  await assert.rejects(request, (error) => {
    if (!(error instanceof ApplicationError)) throw error;
    const { code, kind, details } = error;
    assert.equal(code, ErrorCode.SERVER_ERROR);
    assert.deepEqual({ kind, details }, {
      kind: "sold_out",
      details: { nonce },
    });
    return true;
  });
};

/** Makes a request that the application does not allow. */
const trespass: Kind = async (connection, random, nonce) => {
  const request = random.pick(REQUESTS)(connection, { nonce });
  await assertAnswered(request, ErrorCode.FORBIDDEN);
};

const REQUESTS: readonly [Request, ...Request[]] = [
  (connection, data) => connection.operation("forbidden", data, OPTIONS),
  (connection, data) => connection.message("forbidden", data, OPTIONS),
  (connection, data) => connection.stream("forbidden", data).next(),
];

/** Finds out the identity, and the data that the server keeps for the client. */
const present: Kind = async (connection, _random, nonce) => {
  const result = await connection.operation("who am i", { nonce }, OPTIONS);
  const { isRightId, logins, nonce: actual } = Object(result);
  const expected = { isRightId: true, logins: 1, nonce };
  assert.deepEqual({ isRightId, logins, nonce: actual }, expected);
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
  cancel,
  buy,
  trespass,
  present,
  takeAll,
  breakOff,
  abort,
  beAsked,
];

/** Accepts the error of a timeout: that of the library, or that of the signal. */
function isTimeout(error: unknown): boolean {
  if (Object(error).name === "TimeoutError") return true;
  throw error;
}

async function assertAnswered(
  request: Promise<unknown>,
  code: number,
): Promise<void> {
  await assert.rejects(request, (error) => {
    if (error instanceof ResponseError) return error.code === code;
    throw error;
  });
}
