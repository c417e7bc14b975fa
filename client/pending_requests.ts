/**
 * The requests of a connection that wait for their answers.
 *
 * @module
 */

import { type ErrorFrame } from "../common/errors.ts";
import { type Json, type JsonObject } from "../common/json.ts";
import { type WireMessage } from "../protocol/message.ts";
import { type Response } from "../protocol/server_frames.ts";
/** What becomes of a request; one of `resolve` and `reject` is called, once. */
export interface PendingRequest {
  /** The message has arrived and has got this number */
  onOpen?(messageId: number): void;
  /** A listener of the server has replied */
  onReply?(message: WireMessage): void;
  /** StreamSource of the stream have come */
  onItems?(items: readonly Json[]): void;
  /** The request has been answered */
  resolve(data: JsonObject | null): void;
  /** The request has failed */
  reject(failure: Failure): void;
}

/** Why a request has failed. */
export type Failure =
  | { readonly kind: "error"; readonly error: ErrorFrame }
  | { readonly kind: "closed"; readonly code: number; readonly reason: string };

/** How many requests that were given up are remembered. */
const MAX_ABANDONED = 1_024;

/**
 * Finds the request that a frame belongs to and settles it. A frame for a request
 * that is not there any more (its caller gave up, say) is ignored.
 */
export class PendingRequests {
  // Maps keep the order of insertion: the first request is the oldest.
  readonly #requests = new Map<number, PendingRequest>();
  /**
   * Those whose callers gave up, and which the server may still answer: the latest of
   * them, as a server that never answers would make this grow for ever. One that is so
   * far behind its client fails a wrong request at worst, with the error after which
   * it closes.
   */
  readonly #abandoned = new Set<number>();
  /** Whether each error of the server says which request it belongs to. */
  #namesErrors = false;
  #nextId = 0;

  /** The number of requests that wait */
  get size(): number {
    return this.#requests.size;
  }

  /** Whether a request waits */
  has(id: number): boolean {
    return this.#requests.has(id);
  }

  /** From now on, each error of the server says which request it belongs to. */
  expectIds(): void {
    this.#namesErrors = true;
    this.#abandoned.clear();
  }

  /** A number that no request has had: 0 for the first, which is the login. */
  nextId(): number {
    return this.#nextId++;
  }

  /** Adds a request that is about to be sent. */
  add(id: number, request: PendingRequest): void {
    this.#requests.set(id, request);
  }

  /** Lets go of a request whose caller does not wait any more. */
  abandon(id: number): void {
    if (!this.#requests.delete(id) || this.#namesErrors) return;
    this.#abandoned.add(id);
    const [first] = this.#abandoned;
    if (first !== undefined && this.#abandoned.size > MAX_ABANDONED) {
      this.#abandoned.delete(first);
    }
  }

  /** Hands a frame of the server to the request that it belongs to. */
  handle(response: Response): void {
    switch (response.kind) {
      case "open":
        return this.#open(response.id, response.messageId);
      case "message":
        return this.#reply(response.id, response.message);
      case "items":
        return this.#requests.get(response.id)?.onItems?.(response.items);
      case "request":
        return;
      case "answer":
        return this.#take(response.id)?.resolve(response.data);
      case "done":
        this.#open(response.id, response.messageId);
        return this.#take(response.id)?.resolve(null);
      case "error":
        return this.#fail(response.id, response.error);
    }
  }

  /** Fails everything that waits: the connection has ended. */
  close(code: number, reason: string): void {
    const requests = [...this.#requests.values()];
    this.#requests.clear();
    this.#abandoned.clear();
    for (const request of requests) {
      request.reject({ kind: "closed", code, reason });
    }
  }

  #open(id: number, messageId: number | null): void {
    if (messageId !== null) this.#requests.get(id)?.onOpen?.(messageId);
  }

  #reply(id: number | null, message: WireMessage): void {
    if (id !== null) this.#requests.get(id)?.onReply?.(message);
  }

  #fail(id: number | null, error: ErrorFrame): void {
    const failed = id ?? this.#oldest();
    if (failed !== undefined) {
      this.#take(failed)?.reject({ kind: "error", error });
    }
  }

  /**
   * The request that an error without an id belongs to: a Python server handles one
   * after the other, those that were abandoned included. See protocol.md, "What the
   * Python server does".
   */
  #oldest(): number | undefined {
    let [oldest] = this.#requests.keys();
    for (const id of this.#abandoned) {
      if (oldest === undefined || id < oldest) oldest = id;
    }
    return oldest;
  }

  #take(id: number): PendingRequest | undefined {
    const request = this.#requests.get(id);
    this.#requests.delete(id);
    // A server that answers without ids answers in order: these have had their turn.
    for (const abandoned of this.#abandoned) {
      if (abandoned <= id) this.#abandoned.delete(abandoned);
    }
    return request;
  }
}
