/**
 * The meaning of a client's frame, implemented independently from docs/reference/protocol.md. If
 * the server reads a frame differently, one of the two is wrong. If a frame has several
 * errors, the server can answer any of them.
 *
 * @module
 */

import {
  ACTIONS,
  type Control,
  type Data,
  isId,
  isObject,
  type Request,
} from "./actions.ts";

import { isSecret } from "./room_actions.ts";

/** The options and limits of the server. `Infinity` means no limit. */
export interface Rules {
  readonly token: string;
  readonly minimumVersion: string | undefined;
  readonly maxPayload: number;
  readonly maxDepth: number;
  readonly maxPending: number;
  readonly maxRate: number;
  readonly maxBurst: number;
  readonly maxBuffered: number;
  /** The names that `authorize` refuses; without it, the server has no `authorize` */
  readonly forbidden?: ReadonlySet<string>;
}

/** A frame that asks whether the server is still there. */
interface Ping {
  readonly kind: "ping";
  readonly id: null;
}

/** The meaning of a frame after the login. */
export type Reading =
  | { readonly kind: "goodbye" }
  /** A frame that is not a JSON object, which closes the connection */
  | {
    readonly kind: "fatal";
    /** The code of the error, or `null` if there is only a close code */
    readonly code: number | null;
    readonly close: number;
  }
  | {
    readonly kind: "invalid";
    readonly id: number | null;
    readonly codes: readonly number[];
    /** The action of the invalid request */
    readonly action: unknown;
  }
  /** A frame that the server answers with a pong */
  | Ping
  | Request
  | Control;

/** The meaning of the first frame. */
export type LoginReading =
  | Exclude<Reading, Request | Control | Ping>
  | {
    readonly kind: "login";
    readonly id: number;
    /** Whether the token is right */
    readonly isTokenRight: boolean;
    /** The features of the client, or `null` for a Hoist 1 client */
    readonly features: readonly unknown[] | null;
  };

/** The payload of a text or binary frame. */
export type Payload = string | Uint8Array;

const NOT_JSON = { kind: "fatal", code: 1, close: 1003 } as const;
const NOT_OBJECT = { kind: "fatal", code: 2, close: 1003 } as const;
const TOO_LARGE = { kind: "fatal", code: null, close: 1009 } as const;

/** The features before the login and of Hoist 1. */
export const NO_FEATURES: readonly string[] = [];

/** Reads a frame or a batch up to the first request that ends the connection. */
export function readFrame(
  payload: Payload,
  rules: Rules,
  features: readonly string[],
): Reading[] {
  if (isTooLarge(payload, rules)) return [TOO_LARGE];
  const value = parse(payload);
  if (value === undefined) return [NOT_JSON];
  if (!Array.isArray(value) || !features.includes("batch")) {
    return [readRequest(value, rules, features)];
  }
  if (value.length === 0) return [NOT_OBJECT];
  const readings = value.map((element) =>
    readRequest(element, rules, features)
  );
  const end = readings.findIndex(({ kind }) => isEnd(kind));
  return end < 0 ? readings : readings.slice(0, end + 1);
}

/** Reports whether the server ignores everything after this request. */
export function isEnd(kind: string): boolean {
  return kind === "fatal" || kind === "goodbye";
}

/** The default of `maxLoginPayload` */
const MAX_LOGIN_PAYLOAD = 8_192;

/** Reads the first frame. */
export function readLogin(payload: Payload, rules: Rules): LoginReading {
  const maxPayload = Math.min(rules.maxPayload, MAX_LOGIN_PAYLOAD);
  if (isTooLarge(payload, { ...rules, maxPayload })) return TOO_LARGE;
  const value = parse(payload);
  if (value === undefined) return NOT_JSON;
  if (!isObject(value)) return NOT_OBJECT;
  if (value.end === true) return { kind: "goodbye" };
  const { id, token, version, features, heartbeat, member } = value;
  const readable = isId(id) ? id : null;
  const isWellFormed = isId(id) && typeof token === "string" &&
    typeof version === "string" &&
    (features === undefined || Array.isArray(features)) &&
    (!features?.includes("heartbeat") || isHeartbeat(heartbeat)) &&
    (!features?.includes("rooms") || member === undefined || isSecret(member));
  if (!isWellFormed) return invalid(readable, [2], "login");
  const versionFaults = versionErrors(version, rules.minimumVersion);
  if (versionFaults.length > 0) return invalid(id, versionFaults, "login");
  const isTokenRight = token === rules.token;
  return { kind: "login", id, isTokenRight, features: features ?? null };
}

/** Reports whether the key of a login is valid: docs/reference/protocol.md, `heartbeat`. */
function isHeartbeat(value: unknown): boolean {
  const isPeriod = (period: unknown) =>
    Number.isInteger(period) && Number(period) >= 1_000 &&
    Number(period) <= 600_000;
  if (value === undefined) return true;
  return isObject(value) && isPeriod(value.interval) && isPeriod(value.timeout);
}

function readRequest(
  value: unknown,
  rules: Rules,
  features: readonly string[],
): Reading {
  if (!isObject(value)) return NOT_OBJECT;
  if (value.end === true) return { kind: "goodbye" };
  const { id, action, data } = value;
  if (action === "ping" && features.includes("heartbeat")) {
    const isValid = id === null && isObject(data);
    return isValid ? { kind: "ping", id } : invalid(null, [2], action);
  }
  const codes = [
    ...actionErrors(action, data, features),
    ...depthErrors(action, data, rules),
  ];
  if (!isId(id)) return invalid(null, [2, ...codes], action);
  if (codes.length > 0) return invalid(id, codes, action);
  return ACTIONS.get(action)!.read(id, data, features);
}

/** Reports whether a text frame is too large. */
function isTooLarge(payload: Payload, { maxPayload }: Rules): boolean {
  return typeof payload === "string" &&
    new TextEncoder().encode(payload).length > maxPayload;
}

function invalid(
  id: number | null,
  codes: readonly number[],
  action: unknown,
) {
  return { kind: "invalid", id, codes, action } as const;
}

/** Returns the error codes for a version: Semantic Versioning 2.0.0. */
function versionErrors(version: string, minimum: string | undefined): number[] {
  if (minimum === undefined) return [];
  const plain = /^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})$/;
  const match = plain.exec(version);
  // The fuzzer sends only valid versions that match this pattern.
  if (match === null) return [2];
  const least = plain.exec(minimum)!.slice(1).map(Number);
  for (const [index, number] of match.slice(1).map(Number).entries()) {
    if (number !== least[index]) return number > least[index]! ? [] : [4];
  }
  return [];
}

function actionErrors(
  action: unknown,
  data: unknown,
  features: readonly string[],
): number[] {
  const { features: needed, isValid, unasked } = ACTIONS.get(action) ?? {};
  const isAgreed = needed === undefined ||
    needed.some((feature) => features.includes(feature));
  const codes: number[] = [];
  if (typeof action !== "string" || !isObject(data)) codes.push(2);
  if (typeof action === "string" && (isValid === undefined || !isAgreed)) {
    codes.push(8);
  }
  if (codes.length > 0) return codes;
  if (!isValid!(data as Data, features)) return [2];
  return unasked === undefined ? [] : [unasked];
}

function depthErrors(
  action: unknown,
  data: unknown,
  { maxDepth }: Rules,
): number[] {
  const carries = ACTIONS.get(action)?.carries ?? true;
  if (!carries || !isObject(data) || maxDepth === Infinity) return [];
  const payloads = ACTIONS.get(action)?.carried?.(data) ?? payloadsOf(data);
  const isTooDeep = payloads.length - 1 > maxDepth ||
    payloads.some((payload) => depthOf(payload) > maxDepth);
  return isTooDeep ? [9] : [];
}

/** Returns the data of a message or a call, and of the messages that it replies to. */
function payloadsOf({ data, replying }: Data): unknown[] {
  const payloads = [data];
  for (let next = replying; isObject(next); next = next.replying) {
    payloads.push(next.data);
  }
  return payloads;
}

/** Returns the depth of a value: `{ a: { b: [] } }` has depth 3. */
export function depthOf(value: unknown): number {
  let level = [value];
  for (let depth = 0;; depth++) {
    level = level.filter((item) => typeof item === "object" && item !== null);
    if (level.length === 0) return depth;
    level = level.flatMap((item) => Object.values(item as Data));
  }
}

function parse(payload: Payload): unknown {
  if (typeof payload !== "string") return undefined;
  try {
    return JSON.parse(payload);
  } catch {
    return undefined;
  }
}
