/**
 * What the server asks the client of one connection, and what that says to it:
 * docs/protocol.md, "Extensions", `request`.
 *
 * @module
 */

import type { Control, Request, Wire } from "./actions.ts";
import { isMark, QUESTION } from "./server_requests.ts";
import type { Answer } from "./response_steps.ts";
import { ASK, WONDER } from "./handlers.ts";
import type { Question } from "./server_request.ts";
import { Violation } from "./violation.ts";

/** What the server has asked. */
export interface Asked {
  readonly question: Question;
  /** The message that asks, which a reply repeats */
  readonly message: Wire & { readonly id: number };
}

/** The requests of the server to one client. */
export class Interview {
  readonly #questions: ReadonlyMap<unknown, Question>;
  /** The marks of what makes the host ask, and has not yet. */
  readonly #due = new Set<unknown>();
  /** What was asked, by the number of its message. */
  readonly #asked = new Map<number, Question>();
  /** The numbers of those whose listeners were done before anyone asked. */
  readonly #done = new Set<number>();

  /**
   * Constructs an `Interview`.
   *
   * @param questions What the host asks, by the marks of who has called for it
   */
  constructor(questions: ReadonlyMap<unknown, Question>) {
    this.#questions = questions;
  }

  /** The client asks for something; a limit may stop that unless it is safe. */
  send(request: Request | Control, isSafe: boolean): void {
    if (request.kind === "done") this.#finish(request);
    else if (request.kind === "message") {
      const { message, data, replying } = request.wire;
      if (message === WONDER) this.#due.add(data.mark);
      if (replying !== null) this.#reply(request.wire, isSafe);
    } else if ("name" in request && request.name === ASK) {
      this.#due.add(request.data.mark);
    }
  }

  /** The server asks. */
  take({ id, data }: Answer): Asked {
    const { mark } = data?.data ?? {};
    const question = this.#questions.get(mark);
    const isMessage = id === null && data?.message === QUESTION &&
      data.replying === null && isMark(mark);
    if (!isMessage || question === undefined || !this.#due.delete(mark)) {
      throw new Violation(
        `it asked what it was not to: ${JSON.stringify(data)}`,
      );
    }
    if (!this.#done.has(data.id)) question.hear();
    this.#asked.set(data.id, question);
    return { question, message: data as Wire & { readonly id: number } };
  }

  #finish({ id, failed }: Extract<Control, { kind: "done" }>): void {
    const question = this.#asked.get(id);
    if (question === undefined) this.#done.add(id);
    else question.finish(failed);
  }

  #reply({ data, replying }: Wire, isSafe: boolean): void {
    const { id, message } = replying as Wire & { readonly id: number };
    if (message === QUESTION) this.#asked.get(id)?.reply(data.n, isSafe);
  }
}
