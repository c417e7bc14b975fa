/**
 * The host program of the server under test: what its operations and listeners do,
 * and what a client must therefore see.
 *
 * @module
 */

import type { ClientMessage } from "../../client_message.ts";
import type { JsonObject } from "../../protocol.ts";
import type { Server } from "../../server.ts";
import { pause } from "../helpers.ts";

/** An operation of the host. */
export interface HostOperation {
  /** Whether it has its result at once, so that its answer cannot be overtaken */
  readonly immediate: boolean;
  run(data: JsonObject): unknown;
  /** What it must come to; `undefined` if it fails */
  expect(data: JsonObject): unknown;
}

/** A listener of the host. */
export interface HostListener {
  /** How many replies it sends before it is done */
  replies(data: JsonObject): number;
  /** How long it takes between them, in milliseconds; 0 for no wait at all */
  readonly delay: number;
  /** Whether it then throws */
  readonly fails: boolean;
  /** Whether it sends a last reply when it has long been done */
  readonly isLate: boolean;
}

function thrower(): never {
  throw new Error("secret of the host");
}

const PROMPT = { immediate: true, expect: () => undefined };
const SLOW = { immediate: false, expect: (data: JsonObject) => data };

/** The operations, by their names: some are properties that every object has. */
export const OPERATIONS: ReadonlyMap<string, HostOperation> = new Map<
  string,
  HostOperation
>([
  ["echo", { ...SLOW, immediate: true, run: (data) => data }],
  ["", { ...SLOW, immediate: true, run: (data) => data }],
  ["__proto__", { ...PROMPT, run: () => "proto", expect: () => "proto" }],
  ["nothing", { ...PROMPT, run: () => undefined, expect: () => null }],
  ["throw", { ...PROMPT, run: thrower }],
  ["big", { ...PROMPT, run: () => 1n }],
  ["function", { ...PROMPT, run: () => thrower }],
  ["getter", { ...PROMPT, run: () => ({ toJSON: thrower }) }],
  ["turn", { ...SLOW, run: (data) => pause(0).then(() => data) }],
  ["wait", { ...SLOW, run: (data) => pause(2).then(() => data) }],
  ["thenable", {
    ...SLOW,
    run: (data) => ({ then: (to: Resolve) => to(data) }),
  }],
  ["reject", { ...PROMPT, immediate: false, run: () => Promise.reject("no") }],
]);

type Resolve = (data: JsonObject) => void;

const MUTE = { replies: () => 0, delay: 0, fails: false, isLate: false };

/** The listeners, by the names of their messages. */
export const LISTENERS: ReadonlyMap<string, HostListener> = new Map<
  string,
  HostListener
>([
  ["mute", MUTE],
  ["hello", { ...MUTE, replies: () => 1 }],
  ["constructor", { ...MUTE, replies: () => 2 }],
  ["many", { ...MUTE, replies: ({ n }) => isSmall(n) ? n : 0 }],
  ["steps", { ...MUTE, replies: () => 2, delay: 1 }],
  ["broken", { ...MUTE, replies: () => 1, fails: true }],
  ["late", { ...MUTE, replies: () => 1, isLate: true }],
]);

function isSmall(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 20;
}

/** The name of all replies. */
export const REPLY = "re";

const NOBODY = 0;

/** What a host knows of itself. */
export class Host {
  /** Handlers that have not finished */
  underWay = 0;
  /** The most handlers that one client had under way */
  most = 0;
  readonly #of = new Map<number, number>();

  /** Gives a server its operations and listeners. */
  constructor(server: Server) {
    for (const [name, { run }] of OPERATIONS) {
      server.operation(name, (data, { client }) => {
        const result = run(data);
        return result instanceof Promise
          ? this.#track(client.id, result)
          : result;
      });
    }
    for (const [name, listener] of LISTENERS) {
      server.receive(
        name,
        (message) =>
          this.#track(message.client.id, this.#answer(listener, message)),
      );
    }
  }

  async #track(client: number, running: Promise<unknown>): Promise<unknown> {
    const count = (this.#of.get(client) ?? 0) + 1;
    this.#of.set(client, count);
    this.underWay++;
    if (client !== NOBODY) this.most = Math.max(this.most, count);
    try {
      return await running;
    } finally {
      this.underWay--;
      const left = this.#of.get(client)! - 1;
      if (left > 0) this.#of.set(client, left);
      else this.#of.delete(client);
    }
  }

  async #answer(listener: HostListener, message: ClientMessage): Promise<void> {
    const { replies, delay, fails, isLate } = listener;
    const count = replies(message.data);
    for (let n = 0; n < count; n++) {
      if (delay > 0) await pause(delay);
      message.reply(REPLY, { n });
    }
    // Nobody waits for it.
    if (isLate) void this.#track(NOBODY, replyLate(message, count));
    if (fails) thrower();
  }
}

async function replyLate(message: ClientMessage, n: number): Promise<void> {
  await pause(3);
  message.reply(REPLY, { n });
}
