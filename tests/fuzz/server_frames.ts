/**
 * The frames of a server, and what holds for each of them, whatever it answers.
 *
 * @module
 */

import type { Data } from "./actions.ts";
import type { Answer } from "./response_steps.ts";
import type { Rules } from "./model.ts";
import { Violation } from "./violation.ts";

/** The most that a batch of the server holds, in bytes: docs/protocol.md, `batch`. */
const MAX_BATCH = 16_384;

const KEYS = "code,data,desc,error,id,message,success";

/** Docs/protocol.md, "Frames". */
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
  };

/** The keys that the `data` of an error can have; it is `null` if there are none. */
const ERROR_KEYS: Readonly<Record<number, readonly string[]>> = {
  2: ["current,needed", "current,issues,needed"],
  4: ["needed"],
  6: ["exc,message"],
  9: ["limit,value"],
};

/** What is in a text frame of the server. */
export function decodeAnswers(
  payload: Uint8Array,
  joins: boolean,
): readonly Answer[] {
  const text = new TextDecoder("utf-8", { fatal: true }).decode(payload);
  const value: unknown = JSON.parse(text);
  if (!Array.isArray(value)) return [readAnswer(value)];
  if (!joins) throw new Violation("it sent a batch that nobody wanted");
  if (value.length < 2 || payload.length > MAX_BATCH) {
    throw new Violation(
      `a batch of ${value.length} has ${payload.length} bytes`,
    );
  }
  return value.map(readAnswer);
}

/** Has the seven keys, and their values fit together. */
function readAnswer(value: unknown): Answer {
  const answer = (value ?? {}) as Data & Answer;
  const isWhole = Object.keys(answer).sort().join() === KEYS;
  if (isWhole && (answer.success ? isSuccess(answer) : isError(answer))) {
    return answer;
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
    // What a handler threw is nobody else's business.
    (code !== 6 || !JSON.stringify(data).includes("secret"));
}

function isIdOrNull(id: unknown): boolean {
  return id === null || Number.isSafeInteger(id);
}

/** The answer to a login names what both speak; nothing to a client of Hoist 1. */
export function assertLoginData(
  data: Data | null,
  features: readonly string[] | null,
  { maxPayload }: Rules,
): void {
  if (features === null && data === null) return;
  const { features: actual, ...rest } = data ?? {};
  const isNamed = features?.includes("max-payload") && maxPayload < Infinity;
  const expectedRest = isNamed ? { maxPayload } : {};
  const isRight = Array.isArray(actual) &&
    [...actual].sort().join() === [...features ?? ["none"]].sort().join() &&
    JSON.stringify(rest) === JSON.stringify(expectedRest);
  if (isRight) return;
  throw new Violation(`a login was answered with ${JSON.stringify(data)}`);
}

/** The error names a limit that there is. */
export function assertLimit(answer: Answer, rules: Rules): void {
  const limit: string = answer.data?.limit;
  const value = Object.entries(rules).find(([name]) => name === limit)?.[1];
  if (value !== undefined && value === answer.data?.value) return;
  throw new Violation(`there is no such limit: ${JSON.stringify(answer.data)}`);
}

/** The numbers that messages have got, of all clients of a server. */
export class Numbers {
  #claimed = new Uint8Array(1024);
  readonly #broadcasts = new Map<number, number>();

  /** A message has got a number, which no other one may have. */
  claim(number: unknown): void {
    if (!Number.isSafeInteger(number) || Number(number) <= 0) {
      throw new Violation(`a message has the number ${number}`);
    }
    const index = Number(number);
    while (index >= this.#claimed.length) this.#grow();
    if (this.#claimed[index] === 1) {
      throw new Violation(`two messages have the number ${index}`);
    }
    this.#claimed[index] = 1;
  }

  /** A broadcast has got a number, which is the same for all who get it. */
  claimBroadcast(tick: number, number: number): void {
    const known = this.#broadcasts.get(tick);
    if (known === undefined) {
      this.claim(number);
      this.#broadcasts.set(tick, number);
    } else if (known !== number) {
      throw new Violation(
        `broadcast ${tick} has the numbers ${known}, ${number}`,
      );
    }
  }

  #grow(): void {
    const grown = new Uint8Array(2 * this.#claimed.length);
    grown.set(this.#claimed);
    this.#claimed = grown;
  }
}

/** How often what was seen. */
export class Tally {
  readonly #counts = new Map<string, number>();

  /** It was seen once more. */
  note(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  /** What was seen, and how often. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }
}

/** What a frame is, for the tally. */
export function describeAnswer({ code, message, data }: Answer): string {
  if (code === 0) return message ?? "result";
  return code === 9 ? `error 9 ${data?.limit}` : `error ${code}`;
}
