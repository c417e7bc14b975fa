/**
 * One client of a server: a session, the socket that it runs over, and what is under
 * way.
 *
 * @module
 */

import { type RequestOptions } from "../common/async.ts";
import {
  CloseCode,
  ConnectionClosedError,
  withCallerStack,
} from "../common/errors.ts";
import { type JsonObject } from "../common/json.ts";
import { describeRequest } from "../common/text.ts";
import { type LoginRequest } from "../protocol/client_frames.ts";
import {
  assertClose,
  type CloseInfo,
  describeClose,
  describeDisconnect,
  describeEnd,
  retryDelay,
  retryReason,
} from "../protocol/close.ts";
import { type Feature } from "../protocol/features.ts";
import { type Message } from "../protocol/message.ts";
import { type RemotePeer } from "./admission.ts";
import {
  type Authenticated,
  type LoginResult,
  type UpgradeContext,
} from "./authenticator.ts";
import {
  type BroadcastBatch,
  type Delivery,
  type Recipient,
} from "./broadcaster.ts";
import { ConnectionLog } from "./connection_log.ts";
import { type ClientHost, type RequestClient } from "./context.ts";
import { type Credential } from "./credentials.ts";
import { type ClientMessage } from "./message.ts";
import { Intake, Requests } from "./requests.ts";
import { type Expiring } from "./scheduler.ts";
import {
  type AnswerEffect,
  type Batch,
  type Effect,
  Session,
} from "./session.ts";
import { type Socket, Transport, type TransportOwner } from "./transport.ts";
/** A {@linkcode Client} as its server sees it. */
export class ServerConnection
  implements RequestClient, Recipient, Expiring, TransportOwner {
  readonly id: number;
  readonly peer: RemotePeer;
  readonly log: ConnectionLog;
  version = "";
  cursor = Infinity;
  #grant: Authenticated | undefined;
  readonly #host: ClientHost;
  readonly #transport: Transport;
  /** Not kept after the login: thousands of clients would each keep their headers. */
  #origin: UpgradeContext | undefined;
  readonly #session: Session;
  readonly #requests: Requests;
  readonly #intake: Intake;
  /** How it ended, once it takes part no more. */
  #ended: CloseInfo | undefined;
  #onEnd = (): void => {};
  #handlersEnded = Promise.resolve();

  constructor(
    id: number,
    host: ClientHost,
    socket: Socket,
    origin: UpgradeContext,
  ) {
    this.id = id;
    this.peer = origin.peer;
    this.#host = host;
    this.log = new ConnectionLog(host.log, origin.peer.address);
    this.#origin = origin;
    this.#session = new Session(host.rules);
    this.#requests = new Requests(host, this);
    this.#intake = new Intake(host, this, this.#requests);
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
    return this.#intake.isBusy;
  }

  get features(): ReadonlySet<Feature> {
    return this.#session.features;
  }

  message(name: string, data: JsonObject = {}): Message {
    return this.#requests.push(null, name, data, null);
  }

  async request(
    name: string,
    data: JsonObject = {},
    options: RequestOptions = {},
  ): Promise<ClientMessage> {
    try {
      if (this.#ended === undefined) {
        return await this.#requests.ask(name, data, options);
      }
      throw new ConnectionClosedError(describeRequest(name), this.#ended);
    } catch (error) {
      throw withCallerStack(error, this.request);
    }
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
    this.log.missed(hasRoom ? 0 : 1, this.#host.limits);
    if (hasRoom) this.send(frame);
  }

  deliver(batch: BroadcastBatch): Delivery {
    const delivery = this.#transport.deliver(batch);
    const { delivered, rest } = delivery;
    const missed = rest === "skipped" ? batch.single.length - delivered : 0;
    if (this.#host.skipsSlow) this.log.missed(missed, this.#host.limits);
    else if (missed > 0) this.overflow();
    // Last, as a logger may send something, too.
    if (this.#host.log.debugs) {
      const sent = batch.single.slice(0, delivered);
      for (const { text } of sent) this.log.sent(text);
    }
    return delivery;
  }

  hasCapacity(units: number): boolean {
    // The broadcasts that it lacks would go first.
    this.#host.catchUp(this);
    return this.#transport.hasCapacity(units);
  }

  moment(): Promise<void> {
    return this.#transport.moment();
  }

  /** Something that cannot be left out does not fit: the client does not read. */
  overflow(): void {
    const { maxBuffered } = this.#host.limits;
    if (this.#ended !== undefined) return;
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

  /** Resolves when the handlers of its streams have come to their end. */
  get handlersEnded(): Promise<void> {
    return this.#handlersEnded;
  }

  /** Closes as soon as the requests under way are answered; resolves then. */
  drain(): Promise<void> {
    this.#requests.beginShutdown();
    return new Promise((resolve) => {
      this.#onEnd = resolve;
      if (this.#ended !== undefined) resolve();
      else if (!this.isBusy) this.dismiss();
    });
  }

  /** Sends an answer, and says what was wrong with the request. */
  reply({ frame, failure }: AnswerEffect): void {
    this.#report(failure);
    this.send(frame);
  }

  /** Nothing is under way any more. */
  rest(): void {
    if (this.#host.closing !== undefined) this.dismiss();
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
    // Deno's code is 0 where the connection broke.
    const info = { code: code || CloseCode.ABNORMAL, reason: "" };
    this.#end(info, describeClose(code));
    this.#host.forget(this);
  }

  #take(effect: Effect | Batch, now: number): void {
    // What comes before in a batch may have closed the connection.
    if (this.#ended !== undefined) return;
    switch (effect.kind) {
      case "batch":
        for (const each of effect.effects) this.#take(each, now);
        return;
      case "message":
      case "operation":
      case "stream":
      case "answer":
        return this.#intake.take(effect, now);
      case "credit":
      case "cancel":
      case "done":
        return this.#intake.control(effect, now);
      default:
        this.#apply(effect);
    }
  }

  #apply(effect: Effect): void {
    switch (effect.kind) {
      case "login":
        return this.#authenticate(effect);
      case "answer":
        return this.reply(effect);
      case "close":
        this.#report(effect.failure);
        if (effect.frame !== undefined) this.send(effect.frame);
        return this.#close(effect.code, effect.reason, describeEnd(effect));
    }
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

  #admit(admittance: LoginResult): void {
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

  #close(code: number, reason: string, how: string): void {
    if (this.#ended !== undefined) return;
    this.#host.catchUp(this);
    // It may have been found too slow by that.
    if (this.#ended !== undefined) return;
    this.#transport.close(code, reason);
    this.#end({ code, reason }, how);
  }

  /** Takes part no more: once, whoever ends it. */
  #end(info: CloseInfo, how: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = info;
    this.#session.close();
    this.#host.leave(this);
    this.log.info("disconnect", `disconnected: ${how}`);
    this.#handlersEnded = this.#requests.end(info);
    this.#onEnd();
  }

  #report(failure: string | undefined): void {
    if (failure !== undefined) this.log.warn("error", failure);
  }
}
