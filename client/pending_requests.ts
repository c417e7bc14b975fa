/**
 * The requests of one WebSocket that wait for their answers.
 *
 * @module
 */

import {
  ConnectionClosedError,
  type ErrorFrame,
  ResponseError,
} from "../common/errors.ts";
import type { JsonObject } from "../common/json.ts";
import type { CloseInfo } from "../protocol/close.ts";
import type { WireMessage } from "../protocol/message.ts";
import type { ServerFrame } from "../protocol/server_frames.ts";
import { type LinkRequest, subjectOf } from "./link.ts";

/** A request that waits for its answer */
interface PendingRequest {
  readonly request: LinkRequest;
  resolve(data: JsonObject | null): void;
  reject(error: Error): void;
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

  /** The number of requests that wait */
  get size(): number {
    return this.#requests.size;
  }

  /** Returns whether a request waits. */
  has(id: number): boolean {
    return this.#requests.has(id);
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
      this.#requests.set(id, { request, resolve, reject });
    });
  }

  /** Forgets a request, because its caller has stopped waiting. */
  abandon(id: number): void {
    if (!this.#requests.delete(id) || this.#namesErrors) return;
    this.#abandoned.add(id);
    const [first] = this.#abandoned;
    if (first !== undefined && this.#abandoned.size > MAX_ABANDONED) {
      this.#abandoned.delete(first);
    }
  }

  /** Passes a frame of the server to the request that it belongs to. */
  handle(frame: ServerFrame): void {
    switch (frame.kind) {
      case "open":
        return this.#open(frame.id, frame.messageId);
      case "message":
        return this.#reply(frame.id, frame.message);
      case "items":
        return this.#requests.get(frame.id)?.request.events?.onItems?.(
          frame.items,
        );
      case "request":
        return;
      case "answer":
        return this.#resolve(frame.id, frame.data);
      case "done":
        this.#open(frame.id, frame.messageId);
        return this.#resolve(frame.id, null);
      case "error":
        return this.#reject(frame.id, frame.error);
    }
  }

  /** Rejects all requests, because the connection has ended. */
  onClosed(close: CloseInfo): void {
    const entries = [...this.#requests.values()];
    this.#requests.clear();
    this.#abandoned.clear();
    for (const { request, reject } of entries) {
      reject(new ConnectionClosedError(subjectOf(request), close));
    }
  }

  #open(id: number, messageId: number | null): void {
    if (messageId === null) return;
    this.#requests.get(id)?.request.events?.onOpen?.(messageId);
  }

  #reply(id: number | null, message: WireMessage): void {
    const entry = id === null ? undefined : this.#requests.get(id);
    if (entry === undefined) return;
    const { request, resolve } = entry;
    request.events?.onReply?.(message);
    // The entry stays until its caller abandons it: the server has yet to end it.
    if (request.endsWithReply) resolve(null);
  }

  #resolve(id: number, data: JsonObject | null): void {
    const entry = this.#remove(id);
    if (entry === undefined) return;
    entry.request.events?.onAnswer?.(data);
    entry.resolve(data);
  }

  #reject(id: number | null, frame: ErrorFrame): void {
    const failed = id ?? this.#oldest();
    const entry = failed === undefined ? undefined : this.#remove(failed);
    if (entry === undefined) return;
    const { request, reject } = entry;
    const error = request.toError?.(frame);
    reject(error ?? new ResponseError(subjectOf(request), frame));
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
    const entry = this.#requests.get(id);
    this.#requests.delete(id);
    // A server that answers without ids answers in order, so these were answered.
    for (const abandoned of this.#abandoned) {
      if (abandoned <= id) this.#abandoned.delete(abandoned);
    }
    return entry;
  }
}
