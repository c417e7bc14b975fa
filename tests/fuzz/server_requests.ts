/**
 * Sends requests to clients, and checks that the outcome matches their frames.
 *
 * @module
 */

import type { Client } from "../../server/message.ts";
import {
  ConnectionClosedError,
  FeatureError,
  NoReplyError,
  TimeoutError,
} from "../../common/errors.ts";
import type { JsonObject } from "../../common/json.ts";
import type { PendingRequests } from "../../server/outgoing.ts";
import type { Server } from "../../server.ts";
import { isSendable } from "./json_strings.ts";
import type { Counters } from "./server_frames.ts";
import { type Outcome, RequestModel } from "./server_request.ts";
import { PendingRequestsWatch } from "./pending_requests_watch.ts";

/** The name of the requests of the server. */
export const REQUEST_NAME = "question";

/** Sends requests to clients and checks the outcomes. */
export class ServerRequests {
  /** The requests, by the marks of the calls that triggered them */
  readonly models = new Map<unknown, RequestModel>();
  /** The wrong outcomes */
  readonly problems: string[] = [];
  readonly #server: Server;
  readonly #counters: Counters;
  readonly #watch = new PendingRequestsWatch();
  readonly #outcomes: {
    readonly model: RequestModel;
    readonly outcome: Outcome;
  }[] = [];
  /** The number of unsettled requests for each `PendingRequests`. */
  readonly #waiting = new WeakMap<PendingRequests, number>();

  constructor(server: Server, counters: Counters) {
    this.#server = server;
    this.#counters = counters;
  }

  /**
   * Sends a request to a client.
   *
   * @param client The client
   * @param data The data of the call that triggered the request
   * @param timeout The timeout, instead of the one in the plan
   * @returns The kind of outcome
   */
  async send(
    client: Client,
    data: JsonObject,
    timeout?: number,
  ): Promise<Outcome["kind"] | "nothing"> {
    const { mark, plan } = data;
    if (!isMark(mark)) return "nothing";
    const model = new RequestModel(data, timeout);
    this.models.set(mark, model);
    const sendable = isSendable(plan) ? plan : null;
    const outcome = await this.#settle(client, model, { mark, plan: sendable });
    this.#counters.note(`request: ${outcome.kind}`);
    this.#outcomes.push({ model, outcome });
    return outcome.kind;
  }

  /** Checks all outcomes, after all clients have read their frames. */
  check(): void {
    for (const { model, outcome } of this.#outcomes) {
      if (model.isExpected(outcome)) continue;
      const replies = model.plan.replies.join(", ");
      const received = JSON.stringify(outcome);
      this.problems.push(
        `a request was answered with ${replies}, but its outcome is ${received}`,
      );
    }
  }

  /** Stops watching the server. */
  stop(): void {
    this.#watch.stop();
  }

  async #settle(
    client: Client,
    { timeout }: RequestModel,
    data: JsonObject,
  ): Promise<Outcome> {
    const start = performance.now();
    this.#watch.take();
    const reply = client.request(REQUEST_NAME, data, { timeout });
    const models = this.#watch.take();
    if (models !== undefined) this.#count(models, 1);
    try {
      const { data: { n } } = await reply;
      return { kind: "reply", n };
    } catch (error) {
      return this.#outcomeOf(error, client, performance.now() - start);
    } finally {
      if (models !== undefined) this.#count(models, -1);
    }
  }

  /** Asserts that the server keeps no settled request. */
  #count(models: PendingRequests, step: 1 | -1): void {
    const waiting = (this.#waiting.get(models) ?? 0) + step;
    this.#waiting.set(models, waiting);
    if (models.size <= waiting) return;
    const kept = `${models.size} requests to a client`;
    this.problems.push(
      `the server keeps ${kept}, but only ${waiting} are pending`,
    );
  }

  #outcomeOf(error: unknown, client: Client, elapsed: number): Outcome {
    if (error instanceof NoReplyError) {
      const hasFailed = error.message.includes("failed");
      return { kind: hasFailed ? "failure" : "silence" };
    }
    if (error instanceof TimeoutError) return { kind: "timeout", elapsed };
    if (error instanceof ConnectionClosedError) {
      return { kind: "closed", isGone: !this.#server.clients.has(client) };
    }
    if (error instanceof FeatureError) return { kind: "feature" };
    return { kind: "other", text: String(error) };
  }
}

/** Reports whether a value is a mark. */
export function isMark(mark: unknown): mark is string {
  return typeof mark === "string" && mark.startsWith("mark ");
}
