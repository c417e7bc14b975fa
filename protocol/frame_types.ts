/**
 * The types of the frames of a client: docs/reference/protocol.md, "Frames".
 *
 * @module
 */

import type { JsonObject } from "../common/json.ts";
import type { Feature, HeartbeatRules } from "./features.ts";
import type { WireMessage } from "./message.ts";

/** The first frame of a client: docs/reference/protocol.md, "1. Login" */
export interface LoginRequest {
  /** The kind of the frame */
  readonly kind: "login";
  /** The number of the request, which the response repeats */
  readonly id: number;
  /** The token of the client */
  readonly token: string;
  /** The version of Hoist that the client speaks; any string */
  readonly version: string;
  /**
   * The extensions that both sides support: docs/reference/protocol.md, "Extensions";
   * `undefined` for a client of Hoist 1
   */
  readonly features: ReadonlySet<Feature> | undefined;
  /**
   * When the client sends pings: docs/reference/protocol.md, `heartbeat`; `undefined` if the
   * client does not say this
   */
  readonly heartbeat?: HeartbeatRules | undefined;
  /**
   * The secret of the member that the client was: docs/reference/protocol.md, `rooms`;
   * `undefined` if it has none
   */
  readonly member?: string | undefined;
}

/** A message of a client: docs/reference/protocol.md, "2. A message" */
export interface MessageRequest {
  /** The kind of the frame */
  readonly kind: "message";
  /** The number of the request, which the responses repeat */
  readonly id: number;
  /** The name of the message */
  readonly name: string;
  /** The payload of the message */
  readonly data: JsonObject;
  /** The message that this one replies to */
  readonly replying: WireMessage | null;
  /** How long the client waits, in milliseconds: docs/reference/protocol.md, `cancel` */
  readonly timeout?: number;
  /** The span of the caller: docs/reference/protocol.md, `trace` */
  readonly traceparent?: string;
}

/** A call of an operation: docs/reference/protocol.md, "3. An operation" */
export interface OperationRequest {
  /** The kind of the frame */
  readonly kind: "operation";
  /** The number of the request, which the response repeats */
  readonly id: number;
  /** The name of the operation */
  readonly name: string;
  /** The arguments of the operation */
  readonly data: JsonObject;
  /** How long the client waits, in milliseconds: docs/reference/protocol.md, `cancel` */
  readonly timeout?: number;
  /** The span of the caller: docs/reference/protocol.md, `trace` */
  readonly traceparent?: string;
}

/** A call of an operation that returns a stream: docs/reference/protocol.md, `stream` */
export interface StreamRequest {
  /** The kind of the frame */
  readonly kind: "stream";
  /** The number of the request, which the items and the end of the stream repeat */
  readonly id: number;
  /** The name of the operation */
  readonly name: string;
  /** The arguments of the operation */
  readonly data: JsonObject;
  /**
   * How many items the server can send before it waits for more credit; 0 only if the
   * client asked for ids
   */
  readonly credit: number;
  /**
   * The id of the last item that the client has, or `null` if it has none:
   * docs/reference/protocol.md, `resume`. Absent if the client did not ask for ids.
   */
  readonly lastEventId?: string | null;
  /** The span of the caller: docs/reference/protocol.md, `trace` */
  readonly traceparent?: string;
}

/** More credit for a stream: docs/reference/protocol.md, `stream` */
export interface CreditFrame {
  /** The kind of the frame */
  readonly kind: "credit";
  /** The number of the request that started the stream */
  readonly id: number;
  /** How many more items the server can send */
  readonly credit: number;
}

/** The cancellation of a request: docs/reference/protocol.md, `stream` and `cancel` */
export interface CancelFrame {
  /** The kind of the frame */
  readonly kind: "cancel";
  /** The number of the request */
  readonly id: number;
}

/**
 * The listeners of a client to a request of the server have finished:
 * docs/reference/protocol.md, `request`
 */
export interface RequestDone {
  /** The kind of the frame */
  readonly kind: "done";
  /** The number of the message that is the request */
  readonly id: number;
  /** Whether one of the listeners failed */
  readonly failed: boolean;
}

/** A new token: docs/reference/protocol.md, `renew` */
export interface RenewRequest {
  /** The kind of the frame */
  readonly kind: "renew";
  /** The number of the request, which the response repeats */
  readonly id: number;
  /** The new token of the client */
  readonly token: string;
}

/** A client asks whether the server is still there: docs/reference/protocol.md, `heartbeat` */
export interface PingFrame {
  /** The kind of the frame */
  readonly kind: "ping";
  /** Always `null`, because the answer has no id either */
  readonly id: null;
}

/** A frame that the server never rejects because of a limit */
export type ControlFrame = CreditFrame | CancelFrame | RequestDone | PingFrame;

/** A frame of a client that Hoist 1 does not have */
export type ExtensionFrame = StreamRequest | RenewRequest | ControlFrame;

/** The last frame of a client: docs/reference/protocol.md, "5. Goodbye" */
export interface Goodbye {
  /** The kind of the frame */
  readonly kind: "end";
}
