/**
 * A client's requests and their answers over an open WebSocket.
 *
 * @module
 */

import { type ClientSocket } from "./handshake.ts";
import { CLOSED_HERE, LinkEvents, LinkRequest } from "./link.ts";
import { type Failure, PendingRequests } from "./pending_requests.ts";
import { assertTimeout, settlesWithin, within } from "../common/async.ts";
import {
  CloseCode,
  ConnectionClosedError,
  FeatureError,
  ResponseError,
  timedOut,
} from "../common/errors.ts";
import { type JsonObject } from "../common/json.ts";
import { assertLength } from "../common/text.ts";
import { BatchWriter } from "../protocol/batch.ts";
import { type CloseInfo } from "../protocol/close.ts";
import { encodeRequestDone, GOODBYE } from "../protocol/encode.ts";
import { NO_FEATURES } from "../protocol/features.ts";
import { type WireMessage } from "../protocol/message.ts";
import {
  decodeResponse,
  decodeResponses,
  type Response,
  type ServerFeatures,
} from "../protocol/server_frames.ts";
const LOST: CloseInfo = { code: CloseCode.ABNORMAL, reason: "" };

const CLOSED = 3;

/** How long the server gets to close after a goodbye, in milliseconds. */
const GRACE = 1_000;

/** Requests and answers over one WebSocket. */
export class SocketLink {
  /** Resolves when the connection has ended; never rejects */
  readonly closed: Promise<CloseInfo>;
  readonly #socket: ClientSocket;
  readonly #events: LinkEvents;
  readonly #pending = new PendingRequests();
  readonly #outbox = new BatchWriter({ write: (frame) => this.#write(frame) });
  /** What both sides speak beyond Hoist 1. */
  #features = NO_FEATURES;
  /** The most that a frame may have, in bytes. */
  #maxPayload = Infinity;
  #closeInfo: CloseInfo | undefined;
  #resolveClosed = (_info: CloseInfo): void => {};

  constructor(socket: ClientSocket, events: LinkEvents) {
    this.#socket = socket;
    this.#events = events;
    this.closed = new Promise((resolve) => this.#resolveClosed = resolve);
    socket.addEventListener("message", ({ data }) => this.#receive(data));
    socket.addEventListener("close", ({ code, reason }) =>
      // Deno's code is 0 where the connection broke.
      this.#end({ code: code || CloseCode.ABNORMAL, reason }));
    // It may have closed right after it opened, before there was a listener.
    if (socket.readyState === CLOSED) this.#end(LOST);
  }

  /** Whether the connection has ended, or is about to because this side closes it */
  get isClosed(): boolean {
    return this.#closeInfo !== undefined;
  }

  /**
   * The server has let this side in.
   *
   * @param terms What the server agrees to
   * @param maxBatch The most that a batch may have for this side, in bytes
   */
  open({ features, maxPayload }: ServerFeatures, maxBatch: number): void {
    this.#features = features;
    this.#maxPayload = maxPayload;
    if (features.has("batch")) {
      this.#outbox.join(Math.min(maxBatch, maxPayload));
    }
    // Who names one is no Python server, which leaves them out.
    if (features.size > 0) this.#pending.expectIds();
    this.#events.onOpen?.(this);
  }

  /** Sends a request and waits for its answer. */
  async request(request: LinkRequest): Promise<JsonObject | null> {
    const { subject, signal, timeout, needs } = request;
    assertTimeout(timeout);
    signal?.throwIfAborted();
    if (this.#closeInfo !== undefined) {
      throw new ConnectionClosedError(subject, this.#closeInfo);
    }
    if (needs !== undefined && !this.#features.has(needs)) {
      throw new FeatureError(subject, needs, "server");
    }
    const id = this.#pending.nextId();
    const frame = request.encode(id);
    assertLength(frame, this.#maxPayload, () => subject, "limits.maxPayload");
    try {
      const outcome = this.#outcomeOf(id, request);
      this.#outbox.push(frame);
      request.onSent?.((encode) => this.#say(id, encode));
      const reason = () => timedOut(subject, timeout);
      return answerOf(request, await within(outcome, signal, timeout, reason));
    } finally {
      this.#pending.abandon(id);
    }
  }

  /** Says goodbye and waits, in bounded time, until the connection has ended. */
  async close(): Promise<void> {
    if (this.#closeInfo !== undefined) return void await this.closed;
    this.#fail(CLOSED_HERE);
    this.#outbox.push(GOODBYE);
    this.#outbox.flush();
    if (await settlesWithin(this.closed, GRACE)) return;
    this.#socket.close(CloseCode.NORMAL);
    this.#end(CLOSED_HERE);
  }

  /** Ends the connection without a goodbye. */
  abort(): void {
    this.#socket.close();
    this.#end(LOST);
  }

  #outcomeOf(id: number, request: LinkRequest): Promise<Outcome> {
    return new Promise((resolve) =>
      this.#pending.add(id, {
        onOpen: (messageId) => request.onOpen?.(messageId),
        onReply: (message) => {
          request.onReply?.(message);
          if (request.endsWithReply) resolve({ kind: "answer", data: null });
        },
        onItems: (items) => request.onItems?.(items),
        resolve: (data) => {
          request.onAnswer?.(data);
          resolve({ kind: "answer", data });
        },
        reject: resolve,
      })
    );
  }

  /** Sends something about a request that is under way. */
  #say(id: number, encode: (id: number) => string): void {
    if (this.#pending.has(id)) this.#outbox.push(encode(id));
  }

  #receive(data: unknown): void {
    if (!this.#outbox.joins) return this.#handle(decodeResponse(data));
    for (const response of decodeResponses(data)) this.#handle(response);
  }

  #handle(response: Response | null): void {
    // The answer before this one in a batch may have closed the connection.
    if (this.#closeInfo !== undefined) return;
    if (response === null) return this.#events.onInvalid();
    this.#pending.handle(response);
    if (response.kind === "message") this.#events.onMessage(response.message);
    if (response.kind === "request") this.#takeRequest(response.message);
  }

  /** The server asks: docs/protocol.md, `request`. */
  #takeRequest(message: WireMessage): void {
    this.#events.onMessage(message, (hasFailed) => {
      if (this.#closeInfo !== undefined) return;
      this.#outbox.push(encodeRequestDone(message.id, hasFailed));
    });
  }

  #write(frame: string): void {
    try {
      this.#socket.send(frame);
    } catch {
      // At the end of a tick there is no caller left to tell: what waits is rejected.
      this.abort();
    }
  }

  #fail(info: CloseInfo): void {
    const isFirst = this.#closeInfo === undefined;
    this.#closeInfo = info;
    this.#pending.close(info.code, info.reason);
    if (isFirst) this.#events.onClose?.(this, info);
  }

  #end(info: CloseInfo): void {
    this.#fail(info);
    this.#resolveClosed(info);
  }
}

/** What became of a request. */
type Outcome = Failure | {
  readonly kind: "answer";
  readonly data: JsonObject | null;
};

function answerOf(
  { subject, toError }: LinkRequest,
  outcome: Outcome,
): JsonObject | null {
  switch (outcome.kind) {
    case "answer":
      return outcome.data;
    case "closed":
      throw new ConnectionClosedError(subject, outcome);
    case "error":
      throw toError?.(outcome.error) ??
        new ResponseError(subject, outcome.error);
  }
}
