/**
 * Clients that do not get in.
 *
 * @module
 */

import { ErrorCode } from "@hoist/cli";
import { textFrame } from "../../lib/frames.ts";
import { LIMITS } from "../limits.ts";
import type { Random } from "../random.ts";
import { RawSocket } from "./raw_socket.ts";
import { checkerOf, type Visit } from "./visit.ts";

/** More guesses than even a slow machine allows within the window. */
const MAX_GUESSES = 10 * LIMITS.maxLoginFailures;

/** A way not to get in. */
type Attempt = (socket: RawSocket) => Promise<void>;

/** Tries to get in, and is told how that ends. */
export async function intrude(visit: Visit): Promise<void> {
  const { name, port, random, tally, report } = visit;
  const checker = checkerOf(visit, REFUSALS);
  const address = addressOf(random);
  const socket = await RawSocket.open({ port, checker, address });
  if (typeof socket === "number") return tally.end(`status ${socket}`);
  using _ = socket;
  tally.connections++;
  await random.pick(ATTEMPTS)(socket);
  await socket.readToEnd();
  tally.end(`code ${socket.code}`);
  if (checker.loggedIn) report(`${name}: got in`);
}

/** Guesses tokens until it is locked out. */
export async function guessOn(visit: Visit): Promise<void> {
  const { name, port, random, tally, report } = visit;
  const address = addressOf(random);
  for (let guesses = 0; guesses < MAX_GUESSES; guesses++) {
    const checker = checkerOf(visit, REFUSALS);
    const socket = await RawSocket.open({ port, checker, address });
    if (typeof socket === "number") return tally.end(`status ${socket}`);
    using _ = socket;
    tally.connections++;
    await guess(socket);
    await socket.readToEnd();
    tally.end(`code ${socket.code}`);
  }
  report(`${name}: could guess ${MAX_GUESSES} times`);
}

/** An address of its own: it would lock out everyone else on this machine. */
function addressOf(random: Random): string {
  const part = () => random.between(0, 255);
  return `10.${part()}.${part()}.${part()}`;
}

const REFUSALS: readonly number[] = [
  ErrorCode.INVALID_JSON,
  ErrorCode.INVALID_CONTENT,
  ErrorCode.LOGIN_FAILED,
  ErrorCode.BAD_VERSION,
];

const guess: Attempt = (socket) => socket.logIn([], "guess");

/** Until the time for the login is up. */
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
