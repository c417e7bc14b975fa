/**
 * Checks the requests of the server to the client of one connection:
 * docs/reference/protocol.md, "Extensions", `request`.
 *
 * @module
 */

import type { Control, Request, Wire } from "./actions.ts";
import { isMark, REQUEST_NAME } from "./server_requests.ts";
import type { ResponseFrame } from "./response_matcher.ts";
import { REQUEST_OPERATION, REQUESTING_MESSAGE } from "./handlers.ts";
import type { RequestModel } from "./server_request.ts";
import { Violation } from "./violation.ts";

/** A request that the client has received. */
export interface ReceivedRequest {
  readonly model: RequestModel;
  /** The message of the request, which a reply repeats */
  readonly message: Wire & { readonly id: number };
}

/** Checks the requests of the server to one client. */
export class ServerRequestChecker {
  readonly #models: ReadonlyMap<unknown, RequestModel>;
  /** The marks of calls whose request has not arrived yet. */
  readonly #expected = new Set<unknown>();
  /** The received requests, by the ids of their messages. */
  readonly #received = new Map<number, RequestModel>();
  /** The ids in `done` frames that were sent before the request arrived. */
  readonly #done = new Set<number>();

  /**
   * Constructs a `ServerRequestChecker`.
   *
   * @param models The requests of the server, by their marks
   */
  constructor(models: ReadonlyMap<unknown, RequestModel>) {
    this.#models = models;
  }

  /** Notes a frame of the client. If it is not safe, a limit can reject it. */
  send(request: Request | Control, isSafe: boolean): void {
    if (request.kind === "done") this.#finish(request);
    else if (request.kind === "message") {
      const { message, data, replying } = request.wire;
      if (message === REQUESTING_MESSAGE) this.#expected.add(data.mark);
      if (replying !== null) this.#reply(request.wire, isSafe);
    } else if ("name" in request && request.name === REQUEST_OPERATION) {
      this.#expected.add(request.data.mark);
    }
  }

  /** Checks a request of the server. */
  take({ id, data }: ResponseFrame): ReceivedRequest {
    const { mark } = data?.data ?? {};
    const model = this.#models.get(mark);
    const isMessage = id === null && data?.message === REQUEST_NAME &&
      data.replying === null && isMark(mark);
    if (!isMessage || model === undefined || !this.#expected.delete(mark)) {
      throw new Violation(
        `the server sent an unexpected request: ${JSON.stringify(data)}`,
      );
    }
    if (!this.#done.has(data.id)) model.markReceived();
    this.#received.set(data.id, model);
    return { model, message: data as Wire & { readonly id: number } };
  }

  #finish({ id, failed }: Extract<Control, { kind: "done" }>): void {
    const model = this.#received.get(id);
    if (model === undefined) this.#done.add(id);
    else model.finish(failed);
  }

  #reply({ data, replying }: Wire, isSafe: boolean): void {
    const { id, message } = replying as Wire & { readonly id: number };
    if (message === REQUEST_NAME) this.#received.get(id)?.reply(data.n, isSafe);
  }
}
