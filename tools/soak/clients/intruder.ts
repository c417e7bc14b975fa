/**
 * Clients whose login fails.
 *
 * @module
 */

import { ErrorCode } from "@hoist/cli";
import { textFrame } from "../../lib/frames.ts";
import { LIMITS } from "../limits.ts";
import type { Random } from "../random.ts";
import { RawSocket } from "./raw_socket.ts";
import { checkerOf, type Visit } from "./visit.ts";

/** More attempts than the server allows within the window, even on a slow machine. */
const MAX_GUESSES = 10 * LIMITS.maxLoginFailures;

/** A way to fail the login. */
type Attempt = (socket: RawSocket) => Promise<void>;

/** Fails the login in one of several ways. */
export async function intrude(visit: Visit): Promise<void> {
  const { name, port, random, tally, report } = visit;
  const checker = checkerOf(visit, LOGIN_ERRORS);
  const address = addressOf(random);
  const socket = await RawSocket.open({ port, checker, address });
  if (typeof socket === "number") return tally.end(`status ${socket}`);
  using _ = socket;
  tally.connections++;
  await random.pick(ATTEMPTS)(socket);
  await socket.readToEnd();
  tally.end(`code ${socket.code}`);
  if (checker.loggedIn) report(`${name}: logged in without the token`);
}

/** Tries wrong tokens until the server locks the address out. */
export async function guessOn(visit: Visit): Promise<void> {
  const { name, port, random, tally, report } = visit;
  const address = addressOf(random);
  for (let guesses = 0; guesses < MAX_GUESSES; guesses++) {
    const checker = checkerOf(visit, LOGIN_ERRORS);
    const socket = await RawSocket.open({ port, checker, address });
    if (typeof socket === "number") return tally.end(`status ${socket}`);
    using _ = socket;
    tally.connections++;
    await guess(socket);
    await socket.readToEnd();
    tally.end(`code ${socket.code}`);
  }
  report(`${name}: could try ${MAX_GUESSES} tokens`);
}

/** Returns an own address, because the server locks out all clients of an address. */
export function addressOf(random: Random): string {
  const part = () => random.between(0, 255);
  return `10.${part()}.${part()}.${part()}`;
}

const LOGIN_ERRORS: readonly number[] = [
  ErrorCode.INVALID_JSON,
  ErrorCode.INVALID_CONTENT,
  ErrorCode.LOGIN_FAILED,
  ErrorCode.BAD_VERSION,
];

const guess: Attempt = (socket) => socket.logIn([], "guess");

/** Waits for the login timeout. */
const wait: Attempt = () => Promise.resolve();

const babble: Attempt = (socket) => socket.write(textFrame("hello?"));

const skipLogin: Attempt = (socket) => socket.call("echo", { nonce: 1 });

const ATTEMPTS: readonly [Attempt, ...Attempt[]] = [
  guess,
  guess,
  guess,
  wait,
  babble,
  skipLogin,
];
