/**
 * The actions of a client, implemented independently from docs/reference/protocol.md, "Frames" and
 * "Extensions": their extension, their validation, and their meaning.
 *
 * @module
 */

import { ROOM_ACTIONS, type RoomRequest } from "./room_actions.ts";

/** A JSON object. */
// deno-lint-ignore no-explicit-any -- a client can send any value
export type Data = Record<string, any>;

/** A message object: docs/reference/protocol.md, "2. A message". */
export interface Wire {
  readonly message: string;
  readonly data: Data;
  readonly replying: Wire | null;
}

/** A call or a message, which the server answers. */
export type CallRequest =
  | {
    readonly kind: "operation";
    readonly id: number;
    readonly name: string;
    readonly data: Data;
    /** The timeout of the client, in milliseconds, if both sides agreed on `cancel` */
    readonly timeout?: number | undefined;
  }
  | {
    readonly kind: "message";
    readonly id: number;
    readonly wire: Wire;
    /** The timeout of the client, in milliseconds, if both sides agreed on `cancel` */
    readonly timeout?: number | undefined;
  }
  | {
    readonly kind: "stream";
    readonly id: number;
    readonly name: string;
    readonly data: Data;
    readonly credit: number;
    /** The id that it continues after, or `null`; `undefined` without ids */
    readonly lastEventId: string | null | undefined;
  };

/** A frame that the server answers. */
export type Request = CallRequest | RoomRequest;

/** A frame that the server answers only if it is invalid. */
export type Control =
  | { readonly kind: "credit"; readonly id: number; readonly credit: number }
  | { readonly kind: "cancel"; readonly id: number }
  | { readonly kind: "done"; readonly id: number; readonly failed: boolean };

/** The rules of an action. */
export interface Action {
  /** The extensions, of which both sides must support one; `undefined` for Hoist 1 */
  readonly features?: readonly string[];
  /** Whether `maxDepth` applies to its data */
  readonly carries: boolean;
  /** Returns the values to which `maxDepth` applies; by default those of a message */
  carried?(data: Data): readonly unknown[];
  /** `features` are the extensions that both sides support. */
  isValid(data: Data, features: readonly string[]): boolean;
  /** The code of the error for a valid frame that the server has not asked for */
  readonly unasked?: number;
  read(
    id: number,
    data: Data,
    features: readonly string[],
  ): Request | Control;
}

const message: Action = {
  carries: true,
  isValid: ({ message, data, replying, timeout }, features) =>
    typeof message === "string" && isObject(data) &&
    isTimeout(timeout, features) &&
    (replying === undefined || replying === null || isChain(replying)),
  read: (id, { message, data, replying = null, timeout }, features) => {
    const agreed = features.includes("cancel") ? timeout : undefined;
    const wire = { message, data, replying };
    return { kind: "message", id, wire, timeout: agreed };
  },
};

const isCall = ({ operation, data }: Data): boolean =>
  typeof operation === "string" && isObject(data);

const operation: Action = {
  carries: true,
  isValid: (data, features) =>
    isCall(data) && isTimeout(data.timeout, features),
  read: (id, { operation: name, data, timeout }, features) => {
    const agreed = features.includes("cancel") ? timeout : undefined;
    return { kind: "operation", id, name, data, timeout: agreed };
  },
};

const stream: Action = {
  features: ["stream"],
  carries: true,
  // A stream has no timeout.
  isValid: (data, features) => {
    if (!isCall(data)) return false;
    const lastEventId = lastEventIdOf(data, features);
    if (lastEventId === undefined) return isCredit(data.credit);
    return (isCredit(data.credit) || data.credit === 0) &&
      (lastEventId === null || isEventId(lastEventId));
  },
  read: (id, call, features) => {
    const { operation: name, data, credit } = call;
    const lastEventId = lastEventIdOf(call, features);
    return { kind: "stream", id, name, data, credit, lastEventId };
  },
};

const credit: Action = {
  features: ["stream"],
  carries: false,
  isValid: ({ credit }) => isCredit(credit),
  read: (id, { credit }) => ({ kind: "credit", id, credit }),
};

const cancel: Action = {
  features: ["cancel", "stream"],
  carries: false,
  isValid: () => true,
  read: (id) => ({ kind: "cancel", id }),
};

const done: Action = {
  features: ["request"],
  carries: false,
  isValid: ({ failed }) => failed === true || failed === false,
  read: (id, { failed }) => ({ kind: "done", id, failed }),
};

/** The tokens of the fuzzer do not expire, so the server never asks for another one. */
const renew: Action = {
  features: ["renew"],
  carries: false,
  isValid: ({ token }) => typeof token === "string",
  unasked: 7,
  read: () => {
    throw new Error("the server has read a token that it has not asked for");
  },
};

/** The actions, by their names. */
export const ACTIONS: ReadonlyMap<unknown, Action> = new Map([
  ...Object.entries({
    ...{ message, operation, stream, credit, cancel, done, renew },
  }),
  ...ROOM_ACTIONS,
]);

/** A client that does not support `resume` can send the field without an effect. */
function lastEventIdOf({ lastEventId }: Data, features: readonly string[]) {
  return features.includes("resume") ? lastEventId : undefined;
}

/** Reports whether a value is a string of 1 to 200 bytes of UTF-8. */
function isEventId(value: unknown): boolean {
  if (typeof value !== "string") return false;
  const bytes = new TextEncoder().encode(value);
  return bytes.length >= 1 && bytes.length <= 200 &&
    new TextDecoder().decode(bytes) === value;
}

function isChain(value: unknown): boolean {
  while (value !== null) {
    if (
      !isObject(value) || typeof value.message !== "string" ||
      !isObject(value.data) || !isId(value.id)
    ) return false;
    value = value.replying;
  }
  return true;
}

/** Reports whether the timeout of a request is valid, or has no meaning. */
function isTimeout(value: unknown, features: readonly string[]): boolean {
  if (value === undefined || !features.includes("cancel")) return true;
  return isId(value) && value >= 0 && value < 2 ** 31;
}

function isCredit(value: unknown): boolean {
  return isId(value) && value > 0;
}

/** Reports whether a value is a JSON object. */
export function isObject(value: unknown): value is Data {
  return Object.prototype.toString.call(value) === "[object Object]";
}

/** Reports whether a value can be the `id` of a frame. */
export function isId(value: unknown): value is number {
  return typeof value === "number" && value % 1 === 0 &&
    Math.abs(value) < 2 ** 53;
}
