/**
 * The frames of a server, and the rules for every frame.
 *
 * @module
 */

import type { Data } from "./actions.ts";
import type { ResponseFrame } from "./response_matcher.ts";
import type { Rules } from "./model.ts";
import { Violation } from "./violation.ts";

/** The maximum size of a batch of the server in bytes: docs/reference/protocol.md, `batch`. */
const MAX_BATCH = 16_384;

/** The number of rooms of a client: docs/reference/protocol.md, `rooms`. */
const MAX_ROOMS = 128;

const KEYS = "code,data,desc,error,id,message,success";

/** The names and texts of errors: docs/reference/protocol.md, "Frames". */
const ERRORS: Readonly<Record<number, readonly [name: string, text: string]>> =
  {
    1: ["INVALID_JSON", "Invalid JSON structure was received."],
    2: ["INVALID_CONTENT", "JSON content is invalid."],
    3: ["LOGIN_FAILED", "Login token is invalid."],
    4: ["BAD_VERSION", "Version of client is not high enough."],
    5: ["UNKNOWN_OPERATION", "Operation not found."],
    6: ["SERVER_ERROR", "Internal server error."],
    7: [
      "UNSUPPORTED_OPERATION",
      "Request operation is not supported by the server.",
    ],
    8: ["INVALID_ACTION", "Invalid action was sent."],
    9: ["LIMIT_EXCEEDED", "Limit of the server was exceeded."],
    10: ["FORBIDDEN", "Client is not allowed to do this."],
    11: ["BROKER_UNAVAILABLE", "Broker of the server is not available."],
  };

/** The keys of the `data` of an error. Without keys, it is `null`. */
const ERROR_KEYS: Readonly<Record<number, readonly string[]>> = {
  2: ["current,needed", "current,issues,needed"],
  4: ["needed"],
  6: ["exc,message", "application,exc,message"],
  9: ["limit,value"],
  11: ["outcome"],
};

/** Decodes a text frame of the server. */
export function decodeResponses(
  payload: Uint8Array,
  acceptsBatches: boolean,
): readonly ResponseFrame[] {
  const text = new TextDecoder("utf-8", { fatal: true }).decode(payload);
  const value: unknown = JSON.parse(text);
  if (!Array.isArray(value)) return [readResponse(value)];
  if (!acceptsBatches) {
    throw new Violation(
      "the server sent a batch to a client without the extension",
    );
  }
  if (value.length < 2 || payload.length > MAX_BATCH) {
    throw new Violation(
      `a batch of ${value.length} has ${payload.length} bytes`,
    );
  }
  return value.map(readResponse);
}

/** Asserts that a frame has the seven keys with consistent values. */
function readResponse(value: unknown): ResponseFrame {
  const response = (value ?? {}) as Data & ResponseFrame;
  const isWhole = Object.keys(response).sort().join() === KEYS;
  if (isWhole && (response.success ? isSuccess(response) : isError(response))) {
    return response;
  }
  throw new Violation(`a frame is malformed: ${JSON.stringify(value)}`);
}

function isSuccess({ success, data, error, code, desc, id }: Data): boolean {
  return success === true && typeof data === "object" && !Array.isArray(data) &&
    error === null && code === 0 && desc === null && isIdOrNull(id);
}

function isError(
  { success, data, error, code, message, desc, id }: Data,
): boolean {
  const [name, text] = ERRORS[code] ?? [];
  const keys = data === null ? "" : Object.keys(data).sort().join();
  const known = ERROR_KEYS[code] ?? [""];
  return success === false && error === name && message === text &&
    known.includes(keys) && isIdOrNull(id) &&
    (desc === null || typeof desc === "string") &&
    // An error must not contain what a handler threw.
    (code !== 6 || !JSON.stringify(data).includes("secret"));
}

function isIdOrNull(id: unknown): boolean {
  return id === null || Number.isSafeInteger(id);
}

/** Asserts that a login reply contains the agreed features. */
export function assertLoginData(
  data: Data | null,
  features: readonly string[] | null,
  { maxPayload }: Rules,
): void {
  if (features === null && data === null) return;
  const { features: actual, ...rest } = data ?? {};
  const isNamed = features?.includes("max-payload") && maxPayload < Infinity;
  const expectedRest = {
    ...isNamed ? { maxPayload } : {},
    ...features?.includes("rooms") ? { rooms: { max: MAX_ROOMS } } : {},
  };
  const isExpected = Array.isArray(actual) &&
    [...actual].sort().join() === [...features ?? ["none"]].sort().join() &&
    JSON.stringify(rest) === JSON.stringify(expectedRest);
  if (isExpected) return;
  throw new Violation(`a login was answered with ${JSON.stringify(data)}`);
}

/** Asserts that an error contains an existing limit, or the timeout of its request. */
export function assertLimit(response: ResponseFrame, rules: Rules): void {
  if (response.data?.limit === "timeout") return;
  const limit: string = response.data?.limit;
  const value = Object.entries(rules).find(([name]) => name === limit)?.[1];
  if (value !== undefined && value === response.data?.value) return;
  throw new Violation(
    `there is no such limit: ${JSON.stringify(response.data)}`,
  );
}

/** The ids of all messages of a server. */
export class MessageIds {
  #claimed = new Uint8Array(1024);
  readonly #broadcasts = new Map<number, number>();

  /** Records the id of a message and asserts that it is unique. */
  claim(number: unknown): void {
    if (!Number.isSafeInteger(number) || Number(number) <= 0) {
      throw new Violation(`a message has the id ${number}`);
    }
    const index = Number(number);
    while (index >= this.#claimed.length) this.#grow();
    if (this.#claimed[index] === 1) {
      throw new Violation(`two messages have the id ${index}`);
    }
    this.#claimed[index] = 1;
  }

  /** Records the id of a broadcast, which is the same for all clients. */
  claimBroadcast(tick: number, number: number): void {
    const known = this.#broadcasts.get(tick);
    if (known === undefined) {
      this.claim(number);
      this.#broadcasts.set(tick, number);
    } else if (known !== number) {
      throw new Violation(
        `broadcast ${tick} has the ids ${known}, ${number}`,
      );
    }
  }

  #grow(): void {
    const grown = new Uint8Array(2 * this.#claimed.length);
    grown.set(this.#claimed);
    this.#claimed = grown;
  }
}

/** Counts events by name. */
export class Counters {
  readonly #counts = new Map<string, number>();

  /** Counts an event. */
  note(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  /** The number of each event. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }
}

/** Returns the kind of a frame for the counters. */
export function describeResponse(
  { code, message, data }: ResponseFrame,
): string {
  if (code === 0) return message ?? "result";
  if (data?.application !== undefined) return "error 6 on purpose";
  return code === 9 ? `error 9 ${data?.limit}` : `error ${code}`;
}
