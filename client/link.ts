import { SocketLink } from "./socket_link.ts";
import { CloseCode, type ErrorFrame } from "../common/errors.ts";
import { type Json, type JsonObject } from "../common/json.ts";
import { type CloseInfo } from "../protocol/close.ts";
import { type Feature } from "../protocol/features.ts";
import { type WireMessage } from "../protocol/message.ts";
/** A request on its way to the server. */
export interface LinkRequest {
  /** What errors call it, such as `operation "add"` */
  readonly subject: string;
  /** The signal of the caller */
  readonly signal?: AbortSignal | undefined;
  /** How long the caller waits, in milliseconds */
  readonly timeout?: number | undefined;
  /** Whether it may be sent again after the connection was lost */
  readonly idempotent?: boolean | undefined;
  /** What the server has to speak for it beyond Hoist 1 */
  readonly needs?: Feature | undefined;
  /** Whether the first reply is the answer */
  readonly endsWithReply?: boolean | undefined;
  /** Makes the frame; may throw */
  encode(id: number): string;
  /** It is sent: as long as it is under way, `say` sends a frame about it */
  onSent?(say: (encode: (id: number) => string) => void): void;
  /** The message has got this number */
  onOpen?(messageId: number): void;
  /** A listener of the server has replied */
  onReply?(message: WireMessage): void;
  /** StreamSource of the stream have come */
  onItems?(items: readonly Json[]): void;
  /** The answer is there, and the frame after it has not been looked at yet */
  onAnswer?(data: JsonObject | null): void;
  /** Makes an error of an error frame; a `ResponseError` if left out */
  toError?(frame: ErrorFrame): Error;
}

/** What a channel tells its connection. */
export interface LinkEvents {
  /** The server has let this side in; the frame after that has not been looked at yet */
  onOpen?(channel: SocketLink): void;
  /** Nothing can be said any more, for whatever reason */
  onClose?(channel: SocketLink, info: CloseInfo): void;
  /**
   * The server sent a message, a reply or a broadcast; `onDone` is there if it wants to
   * know when the listeners are done
   */
  onMessage(message: WireMessage, onDone?: OnDone): void;
  /** The server sent something that is no frame of Hoist 1 */
  onInvalid(): void;
}

/** How a connection ends that this side closes, if the server says nothing else. */
export const CLOSED_HERE: CloseInfo = {
  code: CloseCode.NORMAL,
  reason: "closed by this side",
};

/** What carries requests: one WebSocket, or one after the other. */
export interface Link {
  /** Resolves when the last WebSocket has ended; never rejects */
  readonly closed: Promise<CloseInfo>;
  /** Sends a request and waits for its answer. */
  request(request: LinkRequest): Promise<JsonObject | null>;
  /** Says goodbye and waits, in bounded time, until the WebSocket has ended. */
  close(): Promise<void>;
}

/** Is called when the listeners to a message are done. */
export type OnDone = (hasFailed: boolean) => void;
