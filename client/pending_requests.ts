/**
 * The requests of one WebSocket that wait for their answers.
 *
 * @module
 */

import { responseErrorOf } from "../common/application_error.ts";
import {
  ConnectionClosedError,
  ErrorCode,
  type ErrorFrame,
} from "../common/errors.ts";
import { isJsonObject, type Json, type JsonObject } from "../common/json.ts";
import { timedOut } from "../common/timed_out.ts";
import type { CloseInfo } from "../protocol/close.ts";
import type { WireMessage } from "../protocol/message.ts";
import type { ServerFrame } from "../protocol/server_frames.ts";
import type { RoomAnswer } from "../protocol/success_frames.ts";
import { repliesFull } from "./buffer_errors.ts";
import { invalidAnswer, type LinkRequest, subjectOf } from "./link.ts";

/** A request that waits for its answer */
interface PendingRequest {
  readonly request: LinkRequest;
  resolve(data: JsonObject | null): void;
  reject(error: Error): void;
  /** The length of the replies that its caller keeps, in UTF-16 units */
  kept: number;
  /** Whether its caller got an error, so that the rest of the answer is dropped */
  hasFailed: boolean;
}

/** How many abandoned requests are remembered. */
const MAX_ABANDONED = 1_024;

/**
 * Finds the request that a frame belongs to and settles it. Frames for unknown requests
 * are ignored, for example an answer that comes after the caller's timeout.
 */
export class PendingRequests {
  // Maps keep the order of insertion: the first request is the oldest.
  readonly #requests = new Map<number, PendingRequest>();
  /**
   * Requests that the caller abandoned and the server can still answer. Only the latest
   * are kept, because a server that never answers would let the set grow without limit.
   * If a server is further behind than that, its next error fails the wrong request.
   */
  readonly #abandoned = new Set<number>();
  /** Whether each error of the server names the request that it belongs to. */
  #namesErrors = false;
  #nextId = 0;
  readonly #maxKept: number;
  /** The length of the replies to all requests that wait, in UTF-16 units. */
  #kept = 0;

  /**
   * Constructs `PendingRequests`.
   *
   * @param maxKept The maximum length of the replies to all requests that wait
   */
  constructor(maxKept: number = Infinity) {
    this.#maxKept = maxKept;
  }

  /** The number of requests that wait */
  get size(): number {
    return this.#requests.size;
  }

  /** Returns whether a request waits. */
  has(id: number): boolean {
    return this.#requests.has(id);
  }

  /** Returns whether the replies to a request are kept until it ends. */
  keepsReplies(id: number): boolean {
    const request = this.#waiting(id)?.request;
    return request !== undefined && request.endsWithReply !== true;
  }

  /** Relies on it, from now on, that each error of the server names its request. */
  expectIds(): void {
    this.#namesErrors = true;
    this.#abandoned.clear();
  }

  /** Returns an unused number, starting with 0. */
  nextId(): number {
    return this.#nextId++;
  }

  /**
   * Adds a request that is about to be sent.
   *
   * @param id The number of the request
   * @param request The request
   * @returns The data of the response. Rejects if the server answers with an error, or if
   * the connection ends
   */
  add(id: number, request: LinkRequest): Promise<JsonObject | null> {
    return new Promise((resolve, reject) => {
      const entry = { request, resolve, reject, kept: 0, hasFailed: false };
      this.#requests.set(id, entry);
    });
  }

  /** Forgets a request, because its caller has stopped waiting. */
  abandon(id: number): void {
    if (this.#take(id) === undefined || this.#namesErrors) return;
    this.#remember(id);
  }

  #remember(id: number): void {
    this.#abandoned.add(id);
    const [first] = this.#abandoned;
    if (first !== undefined && this.#abandoned.size > MAX_ABANDONED) {
      this.#abandoned.delete(first);
    }
  }

  /**
   * Passes a frame of the server to the request that it belongs to.
   *
   * @param frame The frame
   * @param units The length of a reply, or of all items of the frame, in UTF-16 units;
   * measured if omitted
   */
  handle(frame: ServerFrame, units?: number): void {
    switch (frame.kind) {
      case "open":
        return this.#open(frame.id, frame.messageId);
      case "message":
        return this.#reply(frame.id, frame.message, units);
      case "items":
        return this.#addItems(frame, units);
      case "request":
      case "pong":
      case "presence":
      case "publication":
      case "gap":
        return;
      case "joined":
      case "left":
      case "published":
      case "members":
        return this.#answerRoom(frame);
      case "answer":
        return this.#resolve(frame.id, frame.data);
      case "done":
        this.#open(frame.id, frame.messageId);
        return this.#resolve(frame.id, null);
      case "error":
        return this.#reject(frame.id, frame.error);
      case "invalid":
        return this.#fail(frame);
    }
  }

  /** Rejects all requests, because the connection has ended. */
  onClosed(close: CloseInfo): void {
    const entries = [...this.#requests.values()];
    this.#requests.clear();
    this.#abandoned.clear();
    this.#kept = 0;
    for (const { request, reject } of entries) {
      reject(new ConnectionClosedError(subjectOf(request), close));
    }
  }

  /** Returns a request if its caller still waits. */
  #waiting(id: number): PendingRequest | undefined {
    const entry = this.#requests.get(id);
    return entry?.hasFailed ? undefined : entry;
  }

  #open(id: number, messageId: number | null): void {
    if (messageId === null) return;
    this.#waiting(id)?.request.events?.onOpen?.(messageId);
  }

  #addItems(
    { id, items, ids }: Extract<ServerFrame, { kind: "items" }>,
    units: number | undefined,
  ): void {
    const { events } = this.#waiting(id)?.request ?? {};
    events?.onItems?.(items, units ?? measure(items), ids);
  }

  #reply(
    id: number | null,
    message: WireMessage,
    units: number | undefined,
  ): void {
    const entry = id === null ? undefined : this.#waiting(id);
    if (entry === undefined) return;
    const { request, resolve } = entry;
    request.events?.onReply?.(message);
    // The entry stays until its caller abandons it: the server has yet to end it.
    if (request.endsWithReply) return resolve(null);
    const length = units ?? measure(message);
    entry.kept += length;
    this.#kept += length;
    if (this.#kept > this.#maxKept) this.#rejectLargest();
  }

  /** A server can send any number of replies to one message. */
  #rejectLargest(): void {
    let largest: PendingRequest | undefined;
    for (const entry of this.#requests.values()) {
      if (entry.kept > (largest?.kept ?? 0)) largest = entry;
    }
    if (largest === undefined) return;
    this.#kept -= largest.kept;
    largest.kept = 0;
    // The entry stays until its caller abandons it: the server has yet to end it.
    largest.hasFailed = true;
    largest.reject(repliesFull(subjectOf(largest.request), this.#maxKept));
  }

  #resolve(id: number, data: JsonObject | null): void {
    const entry = this.#remove(id);
    if (entry === undefined || entry.hasFailed) return;
    entry.request.events?.onAnswer?.(data);
    entry.resolve(data);
  }

  #answerRoom(frame: RoomAnswer): void {
    // Without an id, the server has put the client into a room, or out of it.
    const entry = frame.id === null ? undefined : this.#remove(frame.id);
    if (entry === undefined || entry.hasFailed) return;
    entry.request.events?.onRoomAnswer?.(frame);
    entry.resolve(null);
  }

  #reject(id: number | null, frame: ErrorFrame): void {
    const failed = id ?? this.#oldest();
    const entry = failed === undefined ? undefined : this.#remove(failed);
    if (entry === undefined) return;
    const { request, reject } = entry;
    reject(request.toError?.(frame) ?? responseError(request, frame));
  }

  /** Rejects a request whose answer cannot be read. */
  #fail({ id, isLast }: Extract<ServerFrame, { kind: "invalid" }>): void {
    // The entry stays until its caller abandons it if the server has yet to end it.
    const entry = isLast ? this.#remove(id) : this.#requests.get(id);
    if (entry === undefined) return;
    const { request, reject } = entry;
    entry.hasFailed = true;
    reject(request.toInvalid?.() ?? invalidAnswer(subjectOf(request)));
  }

  /**
   * Returns the request that an error without an id belongs to. A Python server answers
   * one request after the other, including the abandoned ones. See
   * docs/reference/protocol.md, "Behavior of the Python server".
   */
  #oldest(): number | undefined {
    let [oldest] = this.#requests.keys();
    for (const id of this.#abandoned) {
      if (oldest === undefined || id < oldest) oldest = id;
    }
    return oldest;
  }

  #remove(id: number): PendingRequest | undefined {
    const entry = this.#take(id);
    // A server that answers without ids answers in order, so these were answered.
    for (const abandoned of this.#abandoned) {
      if (abandoned <= id) this.#abandoned.delete(abandoned);
    }
    return entry;
  }

  #take(id: number): PendingRequest | undefined {
    const entry = this.#requests.get(id);
    this.#requests.delete(id);
    this.#kept -= entry?.kept ?? 0;
    return entry;
  }
}

function responseError(request: LinkRequest, frame: ErrorFrame): Error {
  const subject = subjectOf(request);
  const { timeout } = request;
  // The server can notice before the client that the time is over.
  return timeout !== undefined && isExpiry(frame)
    ? timedOut(subject, timeout)
    : responseErrorOf(subject, frame);
}

/** Whether the timeout of a request expired: docs/reference/protocol.md, `cancel`. */
function isExpiry({ code, data }: ErrorFrame): boolean {
  return code === ErrorCode.LIMIT_EXCEEDED && isJsonObject(data) &&
    data.limit === "timeout";
}

/** Returns the length of a value; a huge one if it is nested too deeply to measure it. */
function measure(value: WireMessage | readonly Json[]): number {
  try {
    return JSON.stringify(value).length;
  } catch {
    return Number.MAX_SAFE_INTEGER;
  }
}
