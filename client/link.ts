/**
 * A link carries the requests of a connection to the server.
 *
 * @module
 */

import { CloseCode, type ErrorFrame, HoistError } from "../common/errors.ts";
import type { Json, JsonObject } from "../common/json.ts";
import type { CloseInfo } from "../protocol/close.ts";
import type { Feature } from "../protocol/features.ts";
import type { WireMessage } from "../protocol/message.ts";
import type { EventIds } from "../protocol/server_frames.ts";
import type { RoomAnswer, RoomFrame } from "../protocol/success_frames.ts";

/** Sends requests over one WebSocket, or over several WebSockets one after the other. */
export interface Link {
  /** Resolves when the last WebSocket has ended; never rejects */
  readonly closed: Promise<CloseInfo>;
  /** Whether another WebSocket follows when one has ended */
  readonly reconnects: boolean;
  /**
   * Connects and logs in.
   *
   * @param token The token
   * @param signal Cancels the attempt
   */
  open(token: string, signal?: AbortSignal): Promise<void>;
  /** Sends a request and waits for its answer. */
  request(request: LinkRequest): Promise<JsonObject | null>;
  /** Gives up the WebSocket, and connects again at once. */
  reconnect(): void;
  /** Sends a goodbye and waits, at most one second, until the WebSocket has ended. */
  close(): Promise<void>;
}

/** A link that can end at once. */
export interface AbortableLink extends Link {
  /** Ends the connection without a goodbye. */
  abort(): void;
}

/** A request to the server */
export interface LinkRequest {
  /** The name of the message or operation */
  readonly name: string;
  /** The signal of the caller */
  readonly signal?: AbortSignal | undefined;
  /** The timeout of the caller, in milliseconds */
  readonly timeout?: number | undefined;
  /**
   * When `timeout` expires, in milliseconds of `performance.now()`; `undefined` if it starts
   * now. `signal` then aborts at that time.
   */
  readonly due?: number | undefined;
  /** Whether the request can be sent again after the connection was lost */
  readonly idempotent?: boolean | undefined;
  /**
   * Whether another limit has admitted the request, so that `maxBuffered` does not reject it: it
   * has waited until the link was open, or its room counts it
   */
  readonly isAdmitted?: boolean | undefined;
  /** The span of the caller, for a server that supports `trace` */
  readonly traceparent?: string | undefined;
  /** The protocol extension that the server has to support */
  readonly needs?: Feature | undefined;
  /** Whether it replies to a message, and belongs to the span of that message */
  readonly isReply?: boolean | undefined;
  /** Whether the first reply answers the request */
  readonly endsWithReply?: boolean | undefined;
  /** Receives what the server sends before the response */
  readonly events?: RequestEvents | undefined;
  /** Describes the request for error messages, for example as `operation "add"`. */
  describe(name: string): string;
  /** Encodes the frame of the request: the server gets what its extensions contain. */
  encode(id: number, timeout?: number, traceparent?: string): string;
  /** Converts an error frame to an error; by default as `responseErrorOf` does. */
  toError?(frame: ErrorFrame): Error;
  /** Returns the error for an invalid answer; by default as {@linkcode invalidAnswer} does. */
  toInvalid?(): Error;
}

/** Returns the description of a request for error messages. */
export function subjectOf({ name, describe }: LinkRequest): string {
  return describe(name);
}

/** Returns the error for a server that answers a request with something else, or nonsense. */
export function invalidAnswer(subject: string): HoistError {
  return new HoistError(
    `Cannot finish ${subject}: the server sent an answer that does not belong to the request, or that is invalid. Update the server.`,
  );
}

/** Returns the error for a link that no other WebSocket follows. */
export function cannotReconnect(): TypeError {
  return new TypeError(
    "Cannot reconnect: this connection does not reconnect. Set the option 'reconnect'.",
  );
}

/** The events of a request, between its frame and the end of its answer */
export interface RequestEvents {
  /** Called after the request was sent. */
  onSent?(send: SendAbout): void;
  /** Called when the server has numbered the message. */
  onOpen?(messageId: number): void;
  /** Called with each reply. */
  onReply?(message: WireMessage): void;
  /** Called with items of the stream, their length together in UTF-16 units, and their ids. */
  onItems?(items: readonly Json[], units: number, ids?: EventIds): void;
  /** Called with the response, before the next frame is read. */
  onAnswer?(data: JsonObject | null): void;
  /** Called with the response to a request about a room, before the next frame is read. */
  onRoomAnswer?(frame: RoomAnswer): void;
}

/** Sends another frame about a request, unless the request has ended. */
export type SendAbout = (encode: (id: number) => string) => void;

/** Receives the messages that a server sends. */
export interface MessageReceiver {
  /**
   * Called with each message, reply and broadcast.
   *
   * @param message The message
   * @param request Present if the server waits until the listeners have finished
   */
  onMessage(message: WireMessage, request?: ServerRequest): void;
  /** Called when the server sent something other than a frame of Hoist 1. */
  onInvalid(): void;
}

/** A request of the server, which waits until the listeners to its message have finished. */
export interface ServerRequest {
  /** The span of the server: docs/reference/protocol.md, `trace` */
  readonly traceparent: string | undefined;
  /** Called when all listeners have finished. */
  onDone(hasFailed: boolean): void;
}

/** Receives what a server sends about rooms, and what happens to the links. */
export interface RoomReceiver {
  /** The secret by which the server recognizes the client; `undefined` if it has none */
  readonly secret: string | undefined;
  /** Called with each frame about a room that answers no request. */
  onRoom(frame: RoomFrame): void;
  /** Called when a link has opened, before anything else is sent over it. */
  onOpen(link: Link): void;
  /** Called when a link has ended, and another link can follow. */
  onLost(link: Link, info: CloseInfo): void;
  /** Called when the server has rejected a token, and the next one can be another user's. */
  onRejected(): void;
  /** Called when the last link has ended. */
  onEnd(info: CloseInfo): void;
}

/** Receives the events of a link. */
export interface LinkEvents extends MessageReceiver {
  /** The secret of the member that the client was, for the login; absent without rooms */
  readonly secret?: string | undefined;
  /** Called with each frame about a room that answers no request. */
  onRoom(frame: RoomFrame): void;
  /** Called when the server has accepted the login, before the next frame is read. */
  onOpen(link: AbortableLink): void;
  /** Called when the link accepts no more requests. */
  onClosed(link: AbortableLink, info: CloseInfo): void;
}

/** How a connection ends if no Close frame arrived, or if it never opened. */
export const LOST: CloseInfo = { code: CloseCode.ABNORMAL, reason: "" };

/** How a connection ends if this side closes it and the server sends no other code. */
export const CLOSED_HERE: CloseInfo = {
  code: CloseCode.NORMAL,
  reason: "closed by the client",
};
