/**
 * The rules of a session, and what a connection does after each frame of its client.
 *
 * @module
 */

import type { Json } from "../common/json.ts";
import type {
  ExtensionFrame,
  LoginRequest,
  MessageRequest,
  OperationRequest,
} from "../protocol/client_frames.ts";
import type { RoomRequest } from "../protocol/room_frames.ts";
import type { CloseReasons, LimitMetric } from "./metrics.ts";

/** What the connection does after a frame. */
export type Effect =
  /** Decide about the login, then call `acceptLogin` or `rejectLogin` */
  | LoginRequest
  /** Run the listeners */
  | MessageRequest
  /** Run the operation */
  | OperationRequest
  /** Run a stream, or control a stream or a request that is in progress */
  | ExtensionFrame
  /** Join or leave a room, or send something to it */
  | RoomRequest
  | { readonly kind: "ignore" }
  | AnswerEffect
  | CloseEffect;

/** Send a frame. */
export interface AnswerEffect {
  readonly kind: "answer";
  readonly frame: string;
  /** What was wrong with the request, for the log */
  readonly failure?: string;
  /** Whether the frame was invalid, which no correct client sends often */
  readonly isInvalid?: boolean;
  /** The limit that the request exceeds, for the metrics */
  readonly limit?: LimitMetric;
}

/** Pass several entries to `receiveEntry()` in their order. */
export interface Batch {
  readonly kind: "batch";
  readonly entries: readonly (Json | undefined)[];
}

/** Close the connection. */
export interface CloseEffect extends CloseReasons {
  readonly kind: "close";
  readonly code: number;
  readonly reason: string;
  /** The frame to send before */
  readonly frame?: string;
  /** What was wrong, for the log; omitted if the client said goodbye */
  readonly failure?: string;
}

/** The rules that a session enforces. */
export interface SessionRules {
  /** The minimum version of clients */
  readonly minimumVersion?: string | undefined;
  /** The maximum size of a frame, in bytes */
  readonly maxPayload?: number;
  /** The maximum size of a frame before the login is answered, in bytes */
  readonly maxLoginPayload?: number;
  /** The maximum nesting depth of the data of a request */
  readonly maxDepth?: number;
}
