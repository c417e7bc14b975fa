/**
 * What a frame of a client means, read anew from docs/protocol.md: where the server
 * reads it otherwise, one of the two is wrong. Where the protocol leaves open which of
 * several faults is answered, any of them will do.
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

/** What the server was told to allow; `Infinity` for no limit. */
export interface Rules {
  readonly token: string;
  readonly minimumVersion: string;
  readonly maxPayload: number;
  readonly maxDepth: number;
  readonly maxPending: number;
  readonly maxRate: number;
  readonly maxBurst: number;
  readonly maxBuffered: number;
}

/** What a frame asks for once the client has logged in. */
export type Reading =
  | { readonly kind: "goodbye" }
  /** No JSON object: ends the connection */
  | {
    readonly kind: "fatal";
    /** The code of the error; `null` if there is none but the close code */
    readonly code: number | null;
    readonly close: number;
  }
  | {
    readonly kind: "invalid";
    readonly id: number | null;
    readonly codes: readonly number[];
    /** What it would have been */
    readonly action: unknown;
  }
  | Request
  | Control;

/** What the first frame asks for. */
export type LoginReading =
  | Exclude<Reading, Request | Control>
  | {
    readonly kind: "login";
    readonly id: number;
    /** Whether the token is the right one */
    readonly isWelcome: boolean;
    /** What the client names, or `null` if it is of Hoist 1 */
    readonly features: readonly unknown[] | null;
  };

/** What goes over the wire in a frame. */
export type Payload = string | Uint8Array;

const NOT_JSON = { kind: "fatal", code: 1, close: 1003 } as const;
const NO_OBJECT = { kind: "fatal", code: 2, close: 1003 } as const;
const TOO_BIG = { kind: "fatal", code: null, close: 1009 } as const;

/** Nothing that goes beyond Hoist 1, or that is agreed on yet. */
export const NO_FEATURES: readonly string[] = [];

/** Reads a frame that may be a batch, up to what ends the connection. */
export function readFrame(
  payload: Payload,
  rules: Rules,
  features: readonly string[],
): Reading[] {
  if (isTooBig(payload, rules)) return [TOO_BIG];
  const value = parse(payload);
  if (value === undefined) return [NOT_JSON];
  if (!Array.isArray(value) || !features.includes("batch")) {
    return [readRequest(value, rules, features)];
  }
  if (value.length === 0) return [NO_OBJECT];
  const readings = value.map((element) =>
    readRequest(element, rules, features)
  );
  const end = readings.findIndex(({ kind }) => isEnd(kind));
  return end < 0 ? readings : readings.slice(0, end + 1);
}

/** Whether nothing counts after it. */
export function isEnd(kind: string): boolean {
  return kind === "fatal" || kind === "goodbye";
}

/** Reads the first frame. */
export function readLogin(payload: Payload, rules: Rules): LoginReading {
  if (isTooBig(payload, rules)) return TOO_BIG;
  const value = parse(payload);
  if (value === undefined) return NOT_JSON;
  if (!isObject(value)) return NO_OBJECT;
  if (value.end === true) return { kind: "goodbye" };
  const { id, token, version, features } = value;
  const readable = isId(id) ? id : null;
  const isWellFormed = isId(id) && typeof token === "string" &&
    typeof version === "string" &&
    (features === undefined || Array.isArray(features));
  if (!isWellFormed) return invalid(readable, [2], "login");
  const versionFaults = faultsOfVersion(version, rules.minimumVersion);
  if (versionFaults.length > 0) return invalid(id, versionFaults, "login");
  const isWelcome = token === rules.token;
  return { kind: "login", id, isWelcome, features: features ?? null };
}

function readRequest(
  value: unknown,
  rules: Rules,
  features: readonly string[],
): Reading {
  if (!isObject(value)) return NO_OBJECT;
  if (value.end === true) return { kind: "goodbye" };
  const { id, action, data } = value;
  const codes = [
    ...faultsOf(action, data, features),
    ...faultsOfDepth(action, data, rules),
  ];
  if (!isId(id)) return invalid(null, [2, ...codes], action);
  if (codes.length > 0) return invalid(id, codes, action);
  return ACTIONS.get(action)!.read(id, data);
}

/** Whether a text is; other frames end the connection anyway. */
function isTooBig(payload: Payload, { maxPayload }: Rules): boolean {
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

/** Who may be refused for its version, and how: Semantic Versioning 2.0.0. */
function faultsOfVersion(version: string, minimum: string): number[] {
  const plain = /^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})$/;
  const match = plain.exec(version);
  // The fuzzer sends no other versions that are valid.
  if (match === null) return [2];
  const least = plain.exec(minimum)!.slice(1).map(Number);
  for (const [index, number] of match.slice(1).map(Number).entries()) {
    if (number !== least[index]) return number > least[index]! ? [] : [4];
  }
  return [];
}

function faultsOf(
  action: unknown,
  data: unknown,
  features: readonly string[],
): number[] {
  const { feature, isValid } = ACTIONS.get(action) ?? {};
  const isAgreed = feature === undefined || features.includes(feature);
  const codes: number[] = [];
  if (typeof action !== "string" || !isObject(data)) codes.push(2);
  if (typeof action === "string" && (isValid === undefined || !isAgreed)) {
    codes.push(8);
  }
  if (codes.length > 0) return codes;
  return isValid!(data as Data) ? [] : [2];
}

function faultsOfDepth(
  action: unknown,
  data: unknown,
  { maxDepth }: Rules,
): number[] {
  const carries = ACTIONS.get(action)?.carries ?? true;
  if (!carries || !isObject(data) || maxDepth === Infinity) return [];
  const payloads = [data.data];
  let message = data.replying;
  for (; isObject(message); message = message.replying) {
    payloads.push(message.data);
  }
  const isTooDeep = payloads.length - 1 > maxDepth ||
    payloads.some((payload) => depthOf(payload) > maxDepth);
  return isTooDeep ? [9] : [];
}

/** How deep a value is: `{ a: { b: [] } }` is 3. */
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
