/** The publisher of a room, over links whose answers a test decides. */

import assert from "node:assert/strict";
import type { Link, LinkRequest } from "../../client/link.ts";
import { type RoomContext, WaitingBytes } from "../../client/room_context.ts";
import type { PublishOptions } from "../../client/room_options.ts";
import { RoomPublisher } from "../../client/room_publisher.ts";
import { ConnectionClosedError, PublishError } from "../../common/errors.ts";
import { clientLog } from "./client_log.ts";
import { rejection } from "./errors.ts";
import { endOfTick } from "./timing.ts";

/** A link whose answers a test decides. */
export class FakeLink {
  /** The data of each message that was sent */
  readonly sent: { key: string; repeated?: boolean; message: string }[] = [];
  readonly #requests: {
    request: LinkRequest;
    resolve(data: null): void;
    reject(error: Error): void;
  }[] = [];

  request(request: LinkRequest): Promise<null> {
    this.sent.push(JSON.parse(request.encode(0)).data);
    request.events?.onSent?.(() => {});
    return new Promise((resolve, reject) => {
      this.#requests.push({ request, resolve, reject });
    });
  }

  /** Accepts the oldest message. */
  accept(position: string, duplicate = false): void {
    const { request, resolve } = this.#requests.shift()!;
    const answer = { kind: "published", id: 0, position, duplicate } as const;
    request.events?.onRoomAnswer?.(answer);
    resolve(null);
  }

  /** Answers the oldest message with a frame that does not belong to it. */
  answerWrongly(): void {
    this.#requests.shift()!.resolve(null);
  }

  /** Fails the oldest message with an error frame. */
  refuse(code: number, data: unknown = null): void {
    const { request } = this.#requests[0]!;
    const frame = { code, error: "SOME", message: "Some.", description: null };
    this.fail(request.toError!({ ...frame, data }));
  }

  /** Fails the oldest message. */
  fail(error: Error): void {
    this.#requests.shift()!.reject(error);
  }

  /** Ends the connection. */
  lose(code = 1006): void {
    const error = new ConnectionClosedError("it", { code, reason: "" });
    for (const { reject } of this.#requests.splice(0)) reject(error);
  }
}

class FakeContext {
  link: Link | undefined;
  publisher: string | undefined = "c-1";
  readonly closed = undefined;
  readonly waiting: WaitingBytes;
  readonly log = clientLog();
  #keys = 0;

  constructor(maxBuffered = 10_000) {
    this.waiting = new WaitingBytes(maxBuffered);
  }

  nextKey(): string {
    return `key-${++this.#keys}`;
  }
}

/** Creates the messages to a room, and a link over which they are sent. */
export function createPublisher(maxBuffered?: number) {
  const context = new FakeContext(maxBuffered);
  const publisher = new RoomPublisher("r", context as unknown as RoomContext);
  /** Opens another link. */
  const open = () => {
    const link = new FakeLink();
    context.link = link as unknown as Link;
    publisher.flush();
    return link;
  };
  /** Loses the link that is open. */
  const lose = async (link: FakeLink, code?: number) => {
    context.link = undefined;
    link.lose(code);
    await endOfTick();
  };
  const publish = (name: string, options?: PublishOptions) => {
    const published = publisher.add(name, {}, options);
    published.catch(() => {});
    publisher.flush();
    return published;
  };
  return { context, publisher, open, lose, publish };
}

/** Publishes a message, and loses the link before it is answered. */
export async function interrupt() {
  const parts = createPublisher();
  const first = parts.open();
  const published = parts.publish("one");
  await parts.lose(first);
  return { ...parts, published };
}

/** Asserts that a message fails, and returns what is known about it. */
export async function outcomeOf(published: Promise<unknown>) {
  const error = await rejection(published);
  assert(error instanceof PublishError, error.message);
  return error.outcome;
}
