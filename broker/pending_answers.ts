/**
 * The questions to other nodes that wait for answers.
 *
 * @module
 */

import { atMost, within } from "../common/async.ts";
import type { Survey } from "./cluster.ts";
import { noNode, silentNode } from "./unreachable.ts";

/** Waits for a promise as long as the caller of a question wants. */
type Wait = (done: Promise<void>) => Promise<void>;

interface Question {
  readonly waiting: Set<string>;
  /** The nodes that have ended since the question began */
  readonly gone: Set<string>;
  readonly answers: Map<string, string>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly done: Promise<void>;
}

/** The questions of a node. */
export class PendingAnswers {
  readonly #questions = new Map<number, Question>();
  #last = 0;

  /**
   * Asks one node, and returns its answer.
   *
   * @param node The id of the node
   * @param timeout How long to wait, in milliseconds
   * @param send Sends the question, which has a number
   *
   * @throws {NoNodeError} If the node ends before it answers
   * @throws {TimeoutError} If it does not answer in time
   * @throws What `send` throws, or what `fail` was called with
   */
  async ask(
    node: string,
    timeout: number,
    send: (id: number) => Promise<void>,
  ): Promise<string> {
    const late = () => silentNode(node, timeout);
    const { answers } = await this.#collect(
      async (id) => {
        await send(id);
        return [node];
      },
      (done) => within(done, undefined, timeout, late),
    );
    const answer = answers.get(node);
    if (answer === undefined) throw noNode(node);
    return answer;
  }

  /**
   * Asks several nodes, and returns the answers that come in time.
   *
   * @param timeout How long to wait, in milliseconds
   * @param send Sends the question, which has a number; resolves with the ids of the nodes that
   * are expected to answer
   *
   * @throws What `send` throws, or what `fail` was called with
   */
  async survey(
    timeout: number,
    send: (id: number) => Promise<Iterable<string>>,
  ): Promise<Survey> {
    return await this.#collect(send, (done) => atMost(done, timeout));
  }

  /** Receives an answer. */
  receive(id: number, node: string, answer: string): void {
    const question = this.#questions.get(id);
    if (question === undefined || question.answers.has(node)) return;
    question.answers.set(node, answer);
    finish(question, node);
  }

  /** Stops waiting for a node that has ended. */
  end(node: string): void {
    for (const question of this.#questions.values()) {
      // `send` can still be on its way.
      question.gone.add(node);
      finish(question, node);
    }
  }

  /** Ends all questions. */
  fail(error: Error): void {
    for (const { reject } of this.#questions.values()) reject(error);
  }

  async #collect(
    send: (id: number) => Promise<Iterable<string>>,
    wait: Wait,
  ): Promise<Survey> {
    const id = ++this.#last;
    const question = createQuestion();
    // The first answer can arrive before `send` has finished.
    this.#questions.set(id, question);
    try {
      return await complete(question, await send(id), wait);
    } finally {
      this.#questions.delete(id);
    }
  }
}

function createQuestion(): Question {
  const { promise: done, resolve, reject } = Promise.withResolvers<void>();
  // It can fail while it is still being sent.
  done.catch(() => {});
  return {
    ...{ waiting: new Set(), gone: new Set(), answers: new Map() },
    ...{ resolve, reject, done },
  };
}

/** Waits for the answers of nodes. */
async function complete(
  { answers, gone, waiting, done }: Question,
  nodes: Iterable<string>,
  wait: Wait,
): Promise<Survey> {
  const expected = [...nodes];
  for (const node of expected) {
    if (!answers.has(node) && !gone.has(node)) waiting.add(node);
  }
  if (waiting.size > 0) await wait(done);
  return { answers, silent: expected.filter((node) => !answers.has(node)) };
}

function finish({ waiting, resolve }: Question, node: string): void {
  if (waiting.delete(node) && waiting.size === 0) resolve();
}
