/** What attackers do, and how the other clients feel it. */

import assert from "node:assert/strict";
import net from "node:net";
import { type Addressed, encodeRequest, TcpPeer } from "./tcp_peer.ts";
import { operation } from "./raw_client.ts";
import { pause, unlessStalled } from "./timing.ts";

/** Runs an action many times, a few at once; resolves to the results in any order. */
export async function repeat<Result>(
  count: number,
  atOnce: number,
  act: (index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const work = async () => {
    while (next < count) results.push(await act(next++));
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return results;
}

/** Runs an action at a constant rate for a time; resolves when all runs have ended. */
export async function atRate(
  perSecond: number,
  seconds: number,
  act: (index: number) => Promise<unknown>,
): Promise<void> {
  const start = performance.now();
  const runs: Promise<unknown>[] = [];
  for (let index = 0; index < perSecond * seconds; index++) {
    const rest = start + index * 1_000 / perSecond - performance.now();
    if (rest > 0) await pause(rest);
    runs.push(act(index));
  }
  await Promise.all(runs);
}

/** Sends the request for an upgrade and resets the connection `delay` ms later. */
export function resetUpgrade(
  { addr: { port } }: Addressed,
  delay?: number,
): Promise<void> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: "127.0.0.1", port });
    socket.on("error", () => {});
    socket.on("close", () => resolve());
    socket.on("connect", () => {
      const reset = () => void socket.resetAndDestroy();
      socket.write(encodeRequest(), () => {
        if (delay === undefined) reset();
        else setTimeout(reset, delay);
      });
    });
  });
}

/** The header with which a client behind a trusted proxy arrives. */
export function from(address: string): readonly string[] {
  return [`X-Forwarded-For: ${address}`];
}

/** Opens a WebSocket from an address behind a trusted proxy. */
export function openFrom(
  server: Addressed,
  address: string,
): Promise<TcpPeer> {
  return TcpPeer.open(server, from(address));
}

/** The number of strings of nine digits with the same place. */
const COLLIDING = 6_800;

/**
 * Returns a JSON array of strings that have the same place in V8's table of strings, because
 * V8 uses the last bits of the number in a string of digits as its hash.
 *
 * @param bytes The length of the array
 * @param start The number of strings in earlier arrays: V8 keeps them for some time
 */
export function collidingStrings(bytes: number, start: number): string {
  // JSON.parse puts strings of at most nine digits into the table.
  const strings = Array.from(
    { length: Math.floor((bytes - 2) / 12) },
    (_, index) => {
      const position = start + index;
      const place = Math.floor(position / COLLIDING);
      return `"${100_000_000 + place + (position % COLLIDING) * 131_072}"`;
    },
  );
  return `[${strings}]`;
}

/** Returns a JSON array of many copies of a value. */
export function copies(value: string, bytes: number): string {
  const count = Math.floor((bytes - 1) / (value.length + 1));
  return `[${Array(count).fill(value)}]`;
}

/** The time between two calls of a client that measures, in milliseconds. */
const INTERVAL = 10;

/**
 * Calls an operation at a constant rate while a condition holds, also while the server does
 * not answer; resolves to the median of the round trips, in milliseconds.
 */
async function medianRoundTrip(
  peer: TcpPeer,
  isNeeded: (count: number) => boolean,
): Promise<number> {
  const times: number[] = [];
  const calls: Promise<unknown>[] = [];
  const receive = async (start: number) => {
    await peer.next();
    times.push(performance.now() - start);
  };
  let received: Promise<void> = Promise.resolve();
  for (let id = 1; isNeeded(id); id++) {
    const start = performance.now();
    calls.push(peer.send(operation(id, "echo", { id })));
    received = received.then(() => receive(start));
    await pause(INTERVAL);
  }
  await Promise.all([...calls, received]);
  return times.sort((one, other) => one - other)[times.length >> 1] ?? Infinity;
}

/** A stop of the machine that can change a median, in milliseconds. */
const STALL = 200;

/**
 * Registers a test with `assertUndisturbed`. It runs again if it fails, and the machine has
 * stopped meanwhile.
 */
export function testUndisturbed(name: string, fn: () => Promise<void>): void {
  Deno.test(name, () => unlessStalled(STALL, fn));
}

/**
 * Asserts that a client hardly feels an attack.
 *
 * @param bound The median that is allowed if the machine is fast, in milliseconds
 */
export async function assertUndisturbed(
  server: Addressed,
  bound: number,
  attack: () => Promise<unknown>,
): Promise<void> {
  using peer = await TcpPeer.logIn(server);
  const idle = await medianRoundTrip(peer, (id) => id <= 50);
  let isOver = false;
  const ended = attack().finally(() => isOver = true);
  const median = await medianRoundTrip(peer, () => !isOver);
  await ended;
  // The ratio is for a machine that is slow or busy.
  const limit = Math.max(bound, 20 * idle);
  assert(
    median < limit,
    `the median round trip is ${median} ms under attack, and ${idle} ms before`,
  );
}
