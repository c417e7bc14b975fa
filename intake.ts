/**
 * Taking what one client asks for, as far as limits allow it.
 *
 * @module
 */

import type { ClientLog } from "./client_log.ts";
import { CloseCode } from "./errors.ts";
import type { ControlFrame, StreamRequest } from "./extension_frames.ts";
import { answerTo, exceeded } from "./invalid.ts";
import type { RequestLimit, ResolvedLimits } from "./limits.ts";
import type { MessageRequest, OperationRequest } from "./protocol.ts";
import { Rate, type Verdict } from "./rate.ts";
import type { Requests } from "./requests.ts";
import type { AnswerEffect } from "./session.ts";

/** What a client asks for. */
export type Request = MessageRequest | OperationRequest | StreamRequest;

/** The client that asks. */
export interface IntakeOwner {
  readonly log: ClientLog;
  /** Sends an answer, and says what was wrong. */
  reply(answer: AnswerEffect): void;
  /** Closes the connection. */
  disconnect(code: number, reason: string): void;
  /** Nothing is under way any more. */
  rest(): void;
}

/** What an intake needs of the server. */
export interface IntakeHost {
  readonly limits: ResolvedLimits;
  /** Is there once the server closes; no further request is taken */
  readonly closing: object | undefined;
}

/** Takes what one client asks for. */
export class Intake {
  readonly #host: IntakeHost;
  readonly #client: IntakeOwner;
  readonly #requests: Requests;
  /** None before the first request: it would be kept for each idle connection. */
  #rate: Rate | undefined;
  #underWay = 0;

  constructor(host: IntakeHost, client: IntakeOwner, requests: Requests) {
    this.#host = host;
    this.#client = client;
    this.#requests = requests;
  }

  /** Whether requests are under way */
  get isBusy(): boolean {
    return this.#underWay > 0;
  }

  /** Takes a request, or the answer to one that is invalid. */
  take(effect: Request | AnswerEffect, now: number): void {
    // A goodbye is still heard while the server closes, but no request of its own.
    if (this.#host.closing !== undefined && !this.#isAwaited(effect)) return;
    const verdict = this.#count(now);
    if (verdict === "never") return this.#cutOff();
    if (effect.kind === "answer") return this.#client.reply(effect);
    if (verdict === "no") return this.#refuse(effect, "maxRate");
    if (this.#hasPlaceFor(effect)) return this.#start(effect);
    this.#refuse(effect, "maxPending");
  }

  /** Takes what is about something under way: left out, that might never end. */
  control(frame: ControlFrame, now: number): void {
    // What the server has brought about by itself is no more than fair.
    const isDue = this.#requests.isDue(frame);
    if (!isDue && this.#count(now) === "never") return this.#cutOff();
    this.#requests.control(frame);
  }

  /** Whether one more may be under way, or ends one of those that wait for it. */
  #hasPlaceFor(request: Request): boolean {
    return this.#underWay < this.#host.limits.maxPending ||
      request.kind === "message" && this.#requests.hasPlace(request);
  }

  #count(now: number): Verdict {
    const { maxRate, maxBurst } = this.#host.limits;
    this.#rate ??= new Rate(maxRate, maxBurst);
    return this.#rate.take(now);
  }

  #isAwaited(effect: Request | AnswerEffect): boolean {
    return effect.kind === "message" && this.#requests.isAwaited(effect);
  }

  #start(request: Request): void {
    this.#underWay++;
    const answered = this.#requests.answer(request);
    if (answered === undefined) return this.#settle();
    void answered.then(() => this.#settle());
  }

  #settle(): void {
    this.#underWay--;
    if (this.#underWay === 0) this.#client.rest();
  }

  #refuse({ id }: Request, limit: RequestLimit): void {
    const refusal = answerTo(exceeded(id, limit, this.#host.limits[limit]));
    this.#client.reply({ kind: "answer", ...refusal });
  }

  #cutOff(): void {
    const { maxRate } = this.#host.limits;
    this.#client.log.warn(
      "error",
      `does not stop to send more than ${maxRate} messages a second, see 'limits.maxRate'`,
    );
    this.#client.disconnect(CloseCode.POLICY_VIOLATION, "too many messages");
  }
}
