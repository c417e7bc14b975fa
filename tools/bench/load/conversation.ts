/**
 * Exchanges single frames with a server, before and after a measurement.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import { within } from "../../lib/deadline.ts";
import type { Dialect } from "./dialects.ts";
import { closeFrame, textFrame } from "../../lib/frames.ts";
import { answerTo } from "./pings.ts";
import { type Frame, FrameReader } from "../../lib/frame_reader.ts";
import { Wire } from "./wire.ts";

/** The longest wait for an answer, in milliseconds. */
const TIMEOUT = 20_000;

const HEAD_END = "\r\n\r\n";

/** A dialogue over a connection. It receives all chunks until another receiver is set. */
class Conversation {
  readonly #wire: Wire;
  readonly #reader = new FrameReader();
  readonly #frames: Frame[] = [];
  #wake: () => void = () => {};

  constructor(wire: Wire) {
    this.#wire = wire;
    wire.onChunk = (chunk) => this.take(chunk);
    wire.onEnd = () => this.#wake();
  }

  take(chunk: Uint8Array): void {
    this.#frames.push(...this.#reader.read(chunk));
    this.#wake();
  }

  /** Returns the next frame of the server. */
  async next(): Promise<Frame> {
    while (this.#frames.length === 0 && !this.#wire.ended) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const frame = this.#frames.shift();
    if (frame !== undefined) return frame;
    throw new Error(
      `the server closed a connection, received last: ${this.#wire.lastReceived()}`,
    );
  }
}

/** Connects and logs in. */
export async function logIn(port: number, dialect: Dialect): Promise<Wire> {
  const wire = await Wire.open(port);
  const describe = () =>
    `the login took too long, received last: ${wire.lastReceived()}`;
  await within(greet(wire, dialect), TIMEOUT, describe);
  answerPings(wire, dialect);
  return wire;
}

/** Sends the last frame of a client, and waits until the server closes with 1000. */
export async function logOut(wire: Wire, dialect: Dialect): Promise<void> {
  const conversation = new Conversation(wire);
  wire.write(dialect.goodbye);
  const describe = () =>
    `the server did not close in time, received last: ${wire.lastReceived()}`;
  const code = await within(untilClose(conversation), TIMEOUT, describe);
  if (code !== 1000) throw new Error(`the server closed with ${code}`);
  wire.write(closeFrame(1000));
  wire.end();
}

async function untilClose(conversation: Conversation): Promise<number> {
  let frame = await conversation.next();
  while (!frame.isClose) frame = await conversation.next();
  return frame.closeCode;
}

async function greet(wire: Wire, dialect: Dialect): Promise<void> {
  const rest = await upgrade(wire, dialect.target);
  const conversation = new Conversation(wire);
  conversation.take(rest);
  for (const { send, findProblem } of dialect.login) {
    if (send !== undefined) wire.write(textFrame(send));
    const problem = findProblem((await conversation.next()).text);
    if (problem !== undefined) throw new Error(problem);
  }
}

/** Requests the upgrade, and returns the bytes behind the response. */
async function upgrade(wire: Wire, target: string): Promise<Uint8Array> {
  let head = "";
  const answered = new Promise<void>((resolve) => {
    wire.onEnd = resolve;
    wire.onChunk = (chunk) => {
      head += chunk.toString("latin1");
      if (head.includes(HEAD_END)) resolve();
    };
  });
  wire.write(new TextEncoder().encode(upgradeRequest(target)));
  await answered;
  if (!head.startsWith("HTTP/1.1 101 ")) {
    throw new Error(
      `the server rejected the upgrade: ${JSON.stringify(head.slice(0, 100))}`,
    );
  }
  const rest = head.slice(head.indexOf(HEAD_END) + HEAD_END.length);
  return Uint8Array.from(rest, (character) => character.charCodeAt(0));
}

function upgradeRequest(target: string): string {
  return [
    `GET ${target} HTTP/1.1`,
    "Host: 127.0.0.1",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "",
    "",
  ].join("\r\n");
}

/** Answers pings and ignores all other chunks, until another receiver is set. */
export function answerPings(wire: Wire, dialect: Dialect): void {
  takeChunks(wire, dialect, () => {});
}

/** Answers pings, and calls `take` with every chunk. */
export function takeChunks(
  wire: Wire,
  { ping }: Dialect,
  take: (chunk: Buffer) => void,
): void {
  wire.onChunk = (chunk) => {
    const pong = answerTo(chunk, ping);
    if (pong !== undefined) wire.write(pong);
    take(chunk);
  };
}
