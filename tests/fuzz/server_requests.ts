/**
 * The host asks its clients, and sees whether it is told what they said.
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
import type { PendingRequests } from "../../server/pending_requests.ts";
import type { Server } from "../../server.ts";
import type { Tally } from "./server_frames.ts";
import { type Outcome, Question } from "./server_request.ts";
import { QuestionWatch } from "./pending_requests_watch.ts";

/** The name of the message that asks. */
export const QUESTION = "question";

/** Asks, and looks at what comes of it. */
export class Asking {
  /** What was asked, by the mark of the call that made the host ask */
  readonly questions = new Map<unknown, Question>();
  /** What went wrong */
  readonly problems: string[] = [];
  readonly #server: Server;
  readonly #tally: Tally;
  readonly #watch = new QuestionWatch();
  readonly #outcomes: {
    readonly question: Question;
    readonly outcome: Outcome;
  }[] = [];
  /** How many requests the host waits for, by where the server keeps them. */
  readonly #waiting = new WeakMap<PendingRequests, number>();

  constructor(server: Server, tally: Tally) {
    this.#server = server;
    this.#tally = tally;
  }

  /**
   * Asks a client.
   *
   * @param client Whom
   * @param data What the client has called for it with
   * @param timeout How long to wait in place of what the plan says
   * @returns What came of it, in a word
   */
  async ask(
    client: Client,
    data: JsonObject,
    timeout?: number,
  ): Promise<Outcome["kind"] | "nothing"> {
    const { mark, plan } = data;
    if (!isMark(mark)) return "nothing";
    const question = new Question(data, timeout);
    this.questions.set(mark, question);
    const outcome = await this.#settle(client, question, { mark, plan });
    this.#tally.note(`asked: ${outcome.kind}`);
    this.#outcomes.push({ question, outcome });
    return outcome.kind;
  }

  /** Looks at what the host was told; by now all clients have heard what they could. */
  judge(): void {
    for (const { question, outcome } of this.#outcomes) {
      if (question.isRight(outcome)) continue;
      const said = question.plan.says.join(", ");
      const came = JSON.stringify(outcome);
      this.problems.push(`the host asked, got ${said}, and was told ${came}`);
    }
  }

  /** Looks no longer. */
  stop(): void {
    this.#watch.stop();
  }

  async #settle(
    client: Client,
    { timeout }: Question,
    data: JsonObject,
  ): Promise<Outcome> {
    const start = performance.now();
    this.#watch.take();
    const asked = client.request(QUESTION, data, { timeout });
    const questions = this.#watch.take();
    if (questions !== undefined) this.#count(questions, 1);
    try {
      const reply = await asked;
      return { kind: "reply", n: reply.data.n };
    } catch (error) {
      return this.#outcomeOf(error, client, performance.now() - start);
    } finally {
      if (questions !== undefined) this.#count(questions, -1);
    }
  }

  /** The server must not keep what the host does not wait for. */
  #count(questions: PendingRequests, step: 1 | -1): void {
    const waiting = (this.#waiting.get(questions) ?? 0) + step;
    this.#waiting.set(questions, waiting);
    if (questions.size <= waiting) return;
    const kept = `${questions.size} requests to a client`;
    this.problems.push(
      `the server keeps ${kept}, the host waits for ${waiting}`,
    );
  }

  #outcomeOf(error: unknown, client: Client, elapsed: number): Outcome {
    if (error instanceof NoReplyError) {
      const hasFailed = error.message.includes("failed");
      return { kind: hasFailed ? "failure" : "silence" };
    }
    if (error instanceof TimeoutError) return { kind: "timeout", elapsed };
    if (error instanceof ConnectionClosedError) {
      return { kind: "closed", hasLeft: !this.#server.clients.has(client) };
    }
    if (error instanceof FeatureError) return { kind: "feature" };
    return { kind: "other", text: String(error) };
  }
}

/** Whether a client has said who it is with what it calls for. */
export function isMark(mark: unknown): mark is string {
  return typeof mark === "string" && mark.startsWith("mark ");
}
