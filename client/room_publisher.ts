/**
 * The messages of a client to one room.
 *
 * @module
 */

import { Deadline, type Limit, limit } from "../common/async.ts";
import { ConnectionClosedError } from "../common/errors.ts";
import { PublishError } from "../common/hoist_error.ts";
import type { JsonObject } from "../common/json.ts";
import { byteLength, describeMessage, describeRoom } from "../common/text.ts";
import { timedOut } from "../common/timed_out.ts";
import {
  encodePublish,
  type PublishEncoder,
} from "../protocol/encode_room_frames.ts";
import type { RoomAnswer } from "../protocol/success_frames.ts";
import { isCausedByClient } from "./backoff.ts";
import { roomBufferFull } from "./buffer_errors.ts";
import type { Link } from "./link.ts";
import type { RoomContext } from "./room_context.ts";
import { publishErrorOf, unknownOutcome, unsent } from "./room_errors.ts";
import type { PublishOptions, PublishResult } from "./room_options.ts";

/** How long a message can be sent again, in milliseconds: docs/reference/protocol.md, `rooms` */
const REPEAT_WINDOW = 120_000;

/** A message that waits for its answer */
interface Entry {
  readonly subject: string;
  readonly encode: PublishEncoder;
  readonly bytes: number;
  /** Ends at the end of the time in which the message can be sent */
  deadline: Deadline;
  /** The link over which it was sent last */
  link: Link | undefined;
  /** The connection that sent it, if it was sent, and the time */
  sent: { readonly by: string | undefined; readonly at: number } | undefined;
  /** Whether nothing sends it again if the link is lost */
  isGivenUp: boolean;
  /** The number of its requests that no link has answered */
  requests: number;
  settle(end: End): void;
}

/** How a message has ended */
type End = { readonly result: PublishResult } | { readonly error: unknown };

/**
 * Sends messages in the order of the calls. If the connection is lost before the answer, it
 * sends the message again, but only as long as the server recognizes it by its key.
 */
export class RoomPublisher {
  readonly #room: string;
  readonly #context: RoomContext;
  readonly #entries = new Set<Entry>();

  /** Constructs a `RoomPublisher` for a room. */
  constructor(room: string, context: RoomContext) {
    this.#room = room;
    this.#context = context;
  }

  /** Whether a message waits for its answer */
  get isBusy(): boolean {
    return this.#entries.size > 0;
  }

  /**
   * Adds a message, which `flush` sends.
   *
   * @param name The name of the message
   * @param data The payload
   * @param options Options that were checked
   *
   * @throws {TypeError} If the data is not a JSON object
   * @throws {BufferFullError} If too much data waits
   */
  async add(
    name: string,
    data: JsonObject,
    options: PublishOptions = {},
  ): Promise<PublishResult> {
    const { waiting } = this.#context;
    const subject = this.subjectOf(name);
    const { key = this.#context.nextKey(), signal, timeout } = options;
    const encode = encodePublish(this.#room, name, data, key);
    const bytes = byteLength(encode(0, true));
    signal?.throwIfAborted();
    if (!waiting.add(bytes)) throw roomBufferFull(subject, waiting.max);
    const limited = signal === undefined && timeout === undefined
      ? undefined
      : limit(signal, timeout, () => timedOut(subject, timeout));
    return await this.#wait({ subject, encode, bytes }, limited);
  }

  /** Returns the description of a message for errors. */
  subjectOf(name: string): string {
    return `${describeMessage(name)} to ${describeRoom(this.#room)}`;
  }

  /** Sends what was not sent over the open link. The client is in the room. */
  flush(): void {
    for (const entry of [...this.#entries]) {
      const { link } = this.#context;
      if (link === undefined) return;
      if (entry.link !== link) this.#send(entry, link);
    }
  }

  /**
   * Gives up the messages that no open link will answer, now or when the link is lost.
   *
   * @param reason Why, as a part of a sentence
   * @param cause The error, if there is one
   */
  end(reason: string, cause?: unknown): void {
    const { link } = this.#context;
    for (const entry of [...this.#entries]) {
      entry.isGivenUp = true;
      if (link === undefined || entry.link !== link) {
        fail(entry, reason, cause);
      }
    }
  }

  #wait(
    fields: Pick<Entry, "subject" | "encode" | "bytes">,
    limited: Limit | undefined,
  ): Promise<PublishResult> {
    return new Promise((resolve, reject) => {
      const entry: Entry = {
        ...fields,
        deadline: new Deadline(REPEAT_WINDOW, () => expire(entry)),
        link: undefined,
        sent: undefined,
        isGivenUp: false,
        requests: 0,
        settle: (end) => {
          if (!this.#entries.delete(entry)) return;
          entry.deadline.cancel();
          limited?.cancel();
          this.#release(entry);
          if ("error" in end) reject(end.error);
          else resolve(end.result);
        },
      };
      this.#entries.add(entry);
      const { signal } = limited ?? {};
      signal?.addEventListener(
        "abort",
        () => entry.settle({ error: signal.reason }),
      );
    });
  }

  #send(entry: Entry, link: Link): void {
    const isRepeated = entry.sent !== undefined;
    if (isRepeated && !this.#canRepeat(entry)) return;
    entry.link = link;
    entry.requests++;
    let answer: RoomAnswer | undefined;
    link.request({
      name: this.#room,
      describe: () => entry.subject,
      needs: "rooms",
      // The bytes of all messages that wait for their answers are limited.
      isAdmitted: true,
      encode: (id) => entry.encode(id, isRepeated),
      toError: (frame) => publishErrorOf(entry.subject, frame),
      toInvalid: () => unclear(entry),
      events: {
        onSent: () => this.#onSent(entry),
        onRoomAnswer: (frame) => answer = frame,
      },
    }).then(
      () => entry.settle(endOf(entry, answer)),
      (error) => onFailure(entry, link, error, isRepeated),
    ).finally(() => {
      entry.requests--;
      this.#release(entry);
    });
  }

  /** Without a caller, a frame can still wait in the buffer of its link. */
  #release(entry: Entry): void {
    if (this.#entries.has(entry) || entry.requests > 0) return;
    this.#context.waiting.remove(entry.bytes);
  }

  /** Gives up a message that the server would not recognize. */
  #canRepeat(entry: Entry): boolean {
    const { publisher } = this.#context;
    const { by, at = 0 } = entry.sent ?? {};
    if (by === undefined || by !== publisher) {
      fail(
        entry,
        "the connection was lost, and the server does not recognize this client any more",
      );
      return false;
    }
    if (performance.now() - at < REPEAT_WINDOW) return true;
    expire(entry);
    return false;
  }

  #onSent(entry: Entry): void {
    if (entry.sent !== undefined) return;
    entry.sent = { by: this.#context.publisher, at: performance.now() };
    entry.deadline.cancel();
    entry.deadline = new Deadline(REPEAT_WINDOW, () => expire(entry));
  }
}

function onFailure(
  entry: Entry,
  link: Link,
  error: unknown,
  isRepeated: boolean,
): void {
  if (entry.link !== link) return;
  if (error instanceof ConnectionClosedError) {
    // The next link sends it again, unless the server would close that link, too.
    if (!entry.isGivenUp && !isCausedByClient(error.code)) return;
    return fail(entry, "the connection was closed", error);
  }
  const isUnknown = error instanceof PublishError &&
    error.outcome === "unknown";
  if (!isRepeated || isUnknown) return entry.settle({ error });
  // The server can have accepted the message before, so this error decides nothing.
  fail(entry, "it was not accepted when it was sent again", error);
}

function endOf(entry: Entry, answer: RoomAnswer | undefined): End {
  if (answer?.kind !== "published") {
    return { error: unclear(entry) };
  }
  const { position, duplicate } = answer;
  return { result: { position, duplicate } };
}

/** Returns the error for an answer that does not tell what has become of the message. */
function unclear({ subject }: Entry): PublishError {
  return unknownOutcome(subject, "the server sent an invalid answer");
}

/** The time is over in which the server recognizes the message. */
function expire(entry: Entry): void {
  const seconds = REPEAT_WINDOW / 1_000;
  const reason = entry.sent === undefined
    ? `the client was not in the room for ${seconds} seconds`
    : `the server did not answer within ${seconds} seconds`;
  fail(entry, reason);
}

function fail(entry: Entry, reason: string, cause?: unknown): void {
  const toError = entry.sent === undefined ? unsent : unknownOutcome;
  entry.settle({ error: toError(entry.subject, reason, cause) });
}
