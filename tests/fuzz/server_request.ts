/**
 * The model of one request of the server to a client: docs/reference/protocol.md, "Extensions",
 * `request`. It determines the possible outcomes from the frames of the client.
 *
 * @module
 */

import type { JsonObject } from "../../common/json.ts";

/** A frame of a client that answers a request. */
export type ReplyKind =
  | "reply"
  /** Its listeners are done without an error */
  | "done"
  /** Its listeners are done, and one has failed */
  | "failed"
  /** A reply to another message name with the same id */
  | "wrong name"
  /** A reply to an unknown message */
  | "unknown reply"
  /** A `done` frame for an unknown request */
  | "unknown done"
  /** An invalid `done` frame */
  | "invalid done";

/** How a client answers a request. */
export interface ReplyPlan {
  readonly replies: readonly ReplyKind[];
  /** The timeout of the request in milliseconds */
  readonly timeout: number;
}

/** A timeout that never elapses, in milliseconds. */
export const LONG_TIMEOUT = 60_000;

/** A timeout that elapses only if the reply is rejected, in milliseconds. */
const MEDIUM = 500;

const SILENCE: ReplyPlan = { replies: [], timeout: 5 };

/** The plans by name. */
export const PLANS: ReadonlyMap<unknown, ReplyPlan> = new Map<
  unknown,
  ReplyPlan
>([
  ["silence", SILENCE],
  ["reply", { replies: ["reply"], timeout: MEDIUM }],
  ["no time", { replies: ["reply", "done"], timeout: 0 }],
  ["both", { replies: ["reply", "done"], timeout: LONG_TIMEOUT }],
  ["twice", {
    replies: ["reply", "reply", "done", "done"],
    timeout: LONG_TIMEOUT,
  }],
  ["done", { replies: ["done"], timeout: LONG_TIMEOUT }],
  ["failed", { replies: ["failed", "done"], timeout: LONG_TIMEOUT }],
  ["too late", { replies: ["done", "reply"], timeout: LONG_TIMEOUT }],
  ["unknown", {
    replies: ["unknown reply", "unknown done", "done"],
    timeout: LONG_TIMEOUT,
  }],
  ["wrong name", {
    replies: ["wrong name", "reply", "done"],
    timeout: LONG_TIMEOUT,
  }],
  ["broken", { replies: ["invalid done", "failed"], timeout: LONG_TIMEOUT }],
  ["repaired", {
    replies: ["invalid done", "wrong name", "reply"],
    timeout: MEDIUM,
  }],
]);

/** The outcome of a request. */
export type Outcome =
  /** The reply with this index */
  | { readonly kind: "reply"; readonly n: unknown }
  /** No listener replied */
  | { readonly kind: "silence" }
  /** No listener replied, and one failed */
  | { readonly kind: "failure" }
  /** The request timed out after `elapsed` milliseconds */
  | { readonly kind: "timeout"; readonly elapsed: number }
  /** The connection ended. `isGone` tells whether the client has disconnected. */
  | { readonly kind: "closed"; readonly isGone: boolean }
  /** The client does not support the extension */
  | { readonly kind: "feature" }
  | { readonly kind: "other"; readonly text: string };

/** Timers can fire slightly early, in milliseconds. */
const SLACK = 2;

/** Determines whether the outcome of a request is right. */
export class RequestModel {
  readonly plan: ReplyPlan;
  readonly #timeout: number;
  /** The possible outcomes, given the frames of the client. */
  readonly #answers: Outcome[] = [];
  #isReceived = false;
  #isSettled = false;

  /**
   * Constructs a `RequestModel`.
   *
   * @param data The data of the call that triggered the request
   * @param timeout The timeout, instead of the one in the plan
   */
  constructor(data: JsonObject, timeout?: number) {
    this.plan = PLANS.get(data.plan) ?? SILENCE;
    this.#timeout = timeout ?? this.plan.timeout;
  }

  /** The timeout of the request in milliseconds */
  get timeout(): number {
    return this.#timeout;
  }

  /** Notes a reply of the client. If it is not safe, a limit can reject it. */
  reply(n: unknown, isSafe: boolean): void {
    this.#add({ kind: "reply", n }, isSafe);
  }

  /** Notes that the listeners of the client are done. */
  finish(hasFailed: boolean): void {
    this.#add({ kind: hasFailed ? "failure" : "silence" }, true);
  }

  /** Notes that the client has received the request and sent no frame for it before. */
  markReceived(): void {
    this.#isReceived = true;
  }

  /** Reports whether an outcome is right, as far as it can be known. */
  isExpected(outcome: Outcome): boolean {
    switch (outcome.kind) {
      case "timeout":
        return outcome.elapsed >= this.#timeout - SLACK;
      case "closed":
        return outcome.isGone;
      case "feature":
        // The caller checks this.
        return true;
      default:
        return !this.#isReceived ||
          this.#answers.some((response) =>
            JSON.stringify(response) === JSON.stringify(outcome)
          );
    }
  }

  /** The first frame counts, unless the server can have rejected it. */
  #add(response: Outcome, settles: boolean): void {
    if (!this.#isSettled) this.#answers.push(response);
    this.#isSettled ||= settles;
  }
}
