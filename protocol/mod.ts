/**
 * The frames of the Hoist 1 wire protocol, as values: decoding what a client sends,
 * without any input or output. docs/reference/protocol.md describes the protocol.
 *
 * @example
 * ```ts
 * import { decodeRequest } from "@hoist/cli/protocol";
 * import assert from "node:assert/strict";
 *
 * const frame = '{"id": 1, "action": "message", "data": {"message": "hi", "data": {}}}';
 * const request = decodeRequest(frame);
 * assert(request.kind === "message" && request.name === "hi");
 * ```
 *
 * @module
 */

export {
  type CancelFrame,
  type ClientFrame,
  type ControlFrame,
  type CreditFrame,
  decodeEntry,
  decodeLogin,
  decodeRequest,
  type ExtensionFrame,
  type Goodbye,
  type LoginRequest,
  type MessageRequest,
  type OperationRequest,
  parseBatch,
  type PingFrame,
  type RenewRequest,
  type RequestDone,
  type StreamRequest,
} from "./client_frames.ts";
export type { Feature, HeartbeatRules } from "./features.ts";
export type { InvalidFrame } from "./request_error.ts";
export {
  isId,
  isJsonObject,
  type Json,
  type JsonObject,
} from "../common/json.ts";
export type { PresenceClaim } from "./room_fields.ts";
export type {
  JoinRequest,
  LeaveRequest,
  MembersRequest,
  PresenceRequest,
  PublishRequest,
  RoomRequest,
} from "./room_frames.ts";
export { isWireMessage, parseFrame, type WireMessage } from "./message.ts";
