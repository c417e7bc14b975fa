/**
 * One client of a server: a session, the socket that it runs over, and what is under
 * way.
 *
 * @module
 */

import type { Peer } from "./admission.ts";
import { retryDelay, retryReason } from "./backoff.ts";
import type { Burst, Delivery, Recipient } from "./broadcasts.ts";
import type { Admittance, ClientHost, Grant, Origin } from "./client_host.ts";
import { ClientLog } from "./client_log.ts";
import {
  assertClose,
  describeClose,
  describeDisconnect,
  describeEnd,
} from "./closing.ts";
import type { Credential } from "./credentials.ts";
import type { Expiring } from "./deadlines.ts";
import { CloseCode } from "./errors.ts";
import type { Feature } from "./features.ts";
import { answerTo, exceeded } from "./invalid.ts";
import type { RequestLimit } from "./limits.ts";
import type { Message } from "./message.ts";
import type {
  JsonObject,
  LoginRequest,
  MessageRequest,
  OperationRequest,
} from "./protocol.ts";
import { Rate } from "./rate.ts";
import { type RequestClient, Requests } from "./requests.ts";
import { type Batch, type Effect, Session } from "./session.ts";
import { type Socket, Transport, type TransportOwner } from "./transport.ts";

/** A {@linkcode Client} as its server sees it. */
export class ServerClient
  implements RequestClient, Recipient, Expiring, TransportOwner {
  readonly id: number;
  readonly peer: Peer;
  readonly log: ClientLog;
  version = "";
  cursor = Infinity;
  #grant: Grant | undefined;
  readonly #host: ClientHost;
  readonly #transport: Transport;
  /** Not kept after the login: thousands of clients would each keep their headers. */
  #origin: Origin | undefined;
  readonly #session: Session;
  readonly #requests: Requests;
  /** None before the first request: it would be kept for each idle connection. */
  #rate: Rate | undefined;
  #underWay = 0;
  /** How many messages it has missed in a row. */
  #missed = 0;
  #ended = false;
  #onEnd = (): void => {};

  constructor(id: number, host: ClientHost, socket: Socket, origin: Origin) {
    this.id = id;
    this.peer = origin.peer;
    this.#host = host;
    this.log = new ClientLog(host.log, origin.peer.address);
    this.#origin = origin;
    this.#session = new Session(host.rules);
    this.#requests = new Requests(host, this);
    this.#transport = new Transport(socket, this, host.limits.maxBuffered);
  }

  get address(): string {
    return this.peer.address;
  }

  get identity(): unknown {
    return this.#grant?.identity;
  }

  /** What the client logged in with, if that was a token of the server */
  get credential(): Credential | undefined {
    return this.#grant?.credential;
  }

  /** Whether requests are under way */
  get isBusy(): boolean {
    return this.#underWay > 0;
  }

  get features(): ReadonlySet<Feature> {
    return this.#session.features;
  }

  message(name: string, data: JsonObject = {}): Message {
    return this.#requests.push(null, name, data, null);
  }

  close(code: number = CloseCode.NORMAL, reason = ""): void {
    assertClose(code, reason);
    this.disconnect(code, reason);
  }

  /** Sends a frame, after the broadcasts that were sent before it. */
  send(frame: string): void {
    this.#host.catchUp(this);
    this.#transport.push(frame);
    this.log.sent(frame);
  }

  /** Sends a frame that the client did not ask for. */
  notify(frame: string): void {
    if (!this.#host.skipsSlow) return this.send(frame);
    this.#host.catchUp(this);
    const hasRoom = this.#transport.hasRoomFor(frame);
    this.#noteMissed(hasRoom ? 0 : 1);
    if (hasRoom) this.send(frame);
  }

  deliver(burst: Burst): Delivery {
    const delivery = this.#transport.deliver(burst);
    const { delivered, rest } = delivery;
    const missed = rest === "skipped" ? burst.single.length - delivered : 0;
    if (this.#host.skipsSlow) this.#noteMissed(missed);
    else if (missed > 0) this.overflow();
    // Last, as a logger may send something, too.
    if (this.#host.log.debugs) {
      const sent = burst.single.slice(0, delivered);
      for (const { text } of sent) this.log.sent(text);
    }
    return delivery;
  }

  /** Something that cannot be left out does not fit: the client does not read. */
  overflow(): void {
    const { maxBuffered } = this.#host.limits;
    if (this.#ended) return;
    this.log.warn(
      "slow",
      `reads too slowly, or gets too much in one go: more than ${maxBuffered} bytes would wait, see 'limits.maxBuffered'`,
    );
    this.disconnect(CloseCode.TRY_AGAIN_LATER, "reads too slowly");
  }

  /** The time for the login is up. */
  expire(): void {
    this.#apply(this.#session.expireLogin());
  }

  /** Closes as soon as the requests under way are answered; resolves then. */
  drain(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEnd = resolve;
      if (this.#ended) resolve();
      else if (this.#underWay === 0) this.dismiss();
    });
  }

  /** Closes because the server does. */
  dismiss(): void {
    if (this.features.has("retry")) {
      const reason = retryReason(retryDelay(this.#host.closing?.clients ?? 0));
      this.disconnect(CloseCode.SERVICE_RESTART, reason);
    } else {
      this.disconnect(CloseCode.GOING_AWAY, "server closed");
    }
  }

  /** Closes, also with a code that is none of the host program's business. */
  disconnect(code: number, reason: string): void {
    this.#close(code, reason, describeDisconnect(code, reason));
  }

  receive(frame: unknown): void {
    this.log.received(frame, this.#session.state === "login");
    this.#take(this.#session.receive(frame), performance.now());
  }

  gone(code: number): void {
    this.#end(describeClose(code));
    this.#host.forget(this);
  }

  #take(effect: Effect | Batch, now: number): void {
    // What comes before in a batch may have closed the connection.
    if (this.#ended) return;
    switch (effect.kind) {
      case "batch":
        for (const each of effect.effects) this.#take(each, now);
        return;
      case "message":
      case "operation":
      case "answer":
        return this.#takeRequest(effect, now);
      default:
        this.#apply(effect);
    }
  }

  /** Takes a request, or the answer to one that is invalid, as far as limits allow. */
  #takeRequest(effect: RequestEffect, now: number): void {
    // A goodbye is still heard while the server closes, but no request.
    if (this.#host.closing !== undefined) return;
    const { maxRate, maxBurst, maxPending } = this.#host.limits;
    this.#rate ??= new Rate(maxRate, maxBurst);
    const verdict = this.#rate.take(now);
    if (verdict === "never") return this.#cutOff();
    if (effect.kind === "answer") return this.#apply(effect);
    if (verdict === "no") return this.#refuse(effect, "maxRate");
    if (this.#underWay < maxPending) return this.#apply(effect);
    this.#refuse(effect, "maxPending");
  }

  #apply(effect: Effect): void {
    switch (effect.kind) {
      case "login":
        return this.#authenticate(effect);
      case "message":
      case "operation":
        return this.#answer(effect);
      case "answer":
        this.#report(effect.failure);
        return this.send(effect.frame);
      case "close":
        this.#report(effect.failure);
        if (effect.frame !== undefined) this.send(effect.frame);
        return this.#close(effect.code, effect.reason, describeEnd(effect));
      case "ignore":
        return;
    }
  }

  #refuse(
    { id }: MessageRequest | OperationRequest,
    limit: RequestLimit,
  ): void {
    const refusal = answerTo(exceeded(id, limit, this.#host.limits[limit]));
    this.#apply({ kind: "answer", ...refusal });
  }

  #cutOff(): void {
    const { maxRate } = this.#host.limits;
    this.log.warn(
      "error",
      `does not stop to send more than ${maxRate} messages a second, see 'limits.maxRate'`,
    );
    this.disconnect(CloseCode.POLICY_VIOLATION, "too many messages");
  }

  #authenticate({ token, version }: LoginRequest): void {
    const origin = this.#origin!;
    this.version = version;
    this.#origin = undefined;
    const decided = this.#host.authenticate(token, version, origin);
    // What is decided at once is answered at once: a later turn costs more than that.
    if (!(decided instanceof Promise)) return this.#admit(decided);
    void decided.then((admittance) => this.#admit(admittance));
  }

  #admit(admittance: Admittance): void {
    if (typeof admittance === "string") {
      return this.#apply(this.#session.refuseLogin(admittance));
    }
    this.#grant = admittance;
    this.log.identify(admittance.identity);
    this.#apply(this.#session.acceptLogin());
    if (this.#session.state !== "open") return;
    if (this.features.has("batch")) this.#transport.join();
    this.#host.join(this);
    this.log.info("login", "has successfully authenticated");
  }

  #answer(request: MessageRequest | OperationRequest): void {
    this.#underWay++;
    const answered = this.#requests.answer(request);
    if (answered === undefined) return this.#settle();
    void answered.then(() => this.#settle());
  }

  #settle(): void {
    this.#underWay--;
    const { closing } = this.#host;
    if (closing !== undefined && this.#underWay === 0) this.dismiss();
  }

  #close(code: number, reason: string, how: string): void {
    if (this.#ended) return;
    this.#host.catchUp(this);
    // It may have been found too slow by that.
    if (this.#ended) return;
    this.#transport.close(code, reason);
    this.#end(how);
  }

  /** Takes part no more: once, whoever ends it. */
  #end(how: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#session.close();
    this.#host.leave(this);
    this.log.info("disconnect", how);
    this.#onEnd();
  }

  /** Says when a client begins to miss messages, and when it does not any more. */
  #noteMissed(count: number): void {
    const { maxBuffered } = this.#host.limits;
    if (count > 0 && this.#missed === 0) {
      this.log.warn(
        "slow",
        `misses what does not fit into ${maxBuffered} bytes, see 'limits.maxBuffered'`,
      );
    } else if (count === 0 && this.#missed > 0) {
      this.log.warn(
        "slow",
        `reads again and has missed ${this.#missed} messages`,
      );
    }
    this.#missed = count === 0 ? 0 : this.#missed + count;
  }

  #report(failure: string | undefined): void {
    if (failure !== undefined) this.log.warn("error", failure);
  }
}

/** What a client asked for, or what it gets for a request that is invalid. */
type RequestEffect = Extract<
  Effect,
  { readonly kind: "message" | "operation" | "answer" }
>;
