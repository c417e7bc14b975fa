/**
 * One client of a server: a session, the socket that it runs over, and what is under
 * way.
 *
 * @module
 */

import type { LoginContext } from "./auth.ts";
import { MAX_BATCH } from "./batch.ts";
import type { Burst, Recipient } from "./broadcasts.ts";
import type { Expiring } from "./deadlines.ts";
import { CloseCode } from "./errors.ts";
import type { Feature } from "./features.ts";
import type { Message } from "./message.ts";
import { Outbox } from "./outbox.ts";
import type {
  JsonObject,
  LoginRequest,
  MessageRequest,
  OperationRequest,
} from "./protocol.ts";
import { type RequestClient, type RequestHost, Requests } from "./requests.ts";
import {
  type Batch,
  type CloseEffect,
  type Effect,
  Session,
} from "./session.ts";
import { showFrame } from "./show.ts";

/** What a client needs of its server. */
export interface ClientHost extends RequestHost {
  /** The token of the server, which no line may show. */
  readonly token: string;
  readonly minimumVersion: string | undefined;
  /** Whether the client may log in; never rejects. */
  authenticate(
    token: string,
    version: string,
    origin: Origin,
  ): boolean | Promise<boolean>;
  /** The client has logged in. */
  join(client: ServerClient): void;
  /** Sends the broadcasts that the client lacks. */
  catchUp(client: ServerClient): void;
  /** The client takes part no more; its socket may still be closing. */
  leave(client: ServerClient): void;
  /** The socket of the client is gone. */
  forget(client: ServerClient): void;
}

/** The part of a WebSocket that a client is driven by. */
export type Socket = Pick<
  WebSocket,
  | "readyState"
  | "send"
  | "close"
  | "onopen"
  | "onmessage"
  | "onclose"
>;

/** What is known of a client before it says a word. */
export interface Origin {
  readonly address: string;
  /** What a login of the host may look at */
  readonly request?: Pick<LoginContext, "url" | "headers">;
}

const CONNECTING = 0;
const OPEN = 1;

/** A {@linkcode Client} as its server sees it. */
export class ServerClient implements RequestClient, Recipient, Expiring {
  readonly id: number;
  readonly address: string;
  version = "";
  cursor = Infinity;
  readonly #host: ClientHost;
  readonly #socket: Socket;
  /** Not kept after the login: thousands of clients would each keep their headers. */
  #origin: Origin | undefined;
  readonly #session: Session;
  readonly #requests: Requests;
  readonly #outbox = new Outbox(this);
  #underWay = 0;
  #draining = false;
  #ended = false;
  #onEnd = (): void => {};

  constructor(id: number, host: ClientHost, socket: Socket, origin: Origin) {
    this.id = id;
    this.address = origin.address;
    this.#host = host;
    this.#socket = socket;
    this.#origin = origin;
    this.#session = new Session(host.minimumVersion);
    this.#requests = new Requests(host, this);
    this.#listen();
  }

  message(name: string, data: JsonObject = {}): Message {
    return this.#requests.push(null, name, data, null);
  }

  close(code: number = CloseCode.NORMAL, reason = ""): void {
    assertClose(code, reason);
    this.#close(code, reason, `was disconnected (${code})`);
  }

  get features(): ReadonlySet<Feature> {
    return this.#session.features;
  }

  /** Sends a frame, after the broadcasts that were sent before it. */
  send(frame: string): void {
    this.#host.catchUp(this);
    this.#outbox.push(frame);
    if (this.#host.log.debugs) this.#logAll([frame]);
  }

  /** Hands a frame to the socket, if that is still open. */
  write(frame: string): boolean {
    if (this.#socket.readyState !== OPEN) return false;
    try {
      this.#socket.send(frame);
      return true;
    } catch {
      return false;
    }
  }

  deliver({ frames, joined }: Burst): number {
    // What was said before goes first.
    this.#outbox.flush();
    let sent = 0;
    for (const frame of this.#outbox.joins ? joined : frames) {
      if (this.write(frame)) sent++;
    }
    // Last, as a logger may send something, too.
    if (this.#host.log.debugs) this.#logAll(frames);
    return sent;
  }

  /** The time for the login is up. */
  expire(): void {
    this.#apply(this.#session.expireLogin());
  }

  /**
   * Takes no more requests and closes as soon as those under way are answered;
   * resolves then.
   */
  drain(): Promise<void> {
    this.#draining = true;
    return new Promise((resolve) => {
      this.#onEnd = resolve;
      if (this.#ended) resolve();
      else if (this.#underWay === 0) this.dismiss();
    });
  }

  /** Closes because the server does. */
  dismiss(): void {
    const code = CloseCode.GOING_AWAY;
    this.#close(code, "server closed", `was disconnected (${code})`);
  }

  #listen(): void {
    this.#socket.onmessage = ({ data }) => this.#receive(data);
    this.#socket.onclose = ({ code }) => {
      this.#end(describeClose(code));
      this.#release();
      this.#host.forget(this);
    };
  }

  /** Deno keeps a closed WebSocket until a full garbage collection: only that. */
  #release(): void {
    this.#socket.onmessage = null;
    this.#socket.onclose = null;
  }

  #receive(frame: unknown): void {
    this.#host.log.debug(
      "receive",
      () =>
        this.#session.state === "login"
          ? `${this.address} its login`
          : `${this.address} ${this.#show(String(frame))}`,
    );
    this.#take(this.#session.receive(frame));
  }

  #take(effect: Effect | Batch): void {
    // What comes before in a batch may have closed the connection.
    if (this.#ended) return;
    if (effect.kind === "batch") {
      for (const each of effect.effects) this.#take(each);
    } else if (!this.#draining || effect.kind === "close") {
      // A goodbye is still heard while the server closes.
      this.#apply(effect);
    }
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
        this.send(effect.frame);
        return;
      case "close":
        this.#report(effect.failure);
        if (effect.frame !== undefined) this.send(effect.frame);
        return this.#close(effect.code, effect.reason, describeEnd(effect));
      case "ignore":
        return;
    }
  }

  #authenticate({ token, version }: LoginRequest): void {
    const origin = this.#origin!;
    this.version = version;
    this.#origin = undefined;
    const accepted = this.#host.authenticate(token, version, origin);
    // What is decided at once is answered at once: a later turn costs more than that.
    if (typeof accepted === "boolean") return this.#admit(accepted);
    void accepted.then((accepted) => this.#admit(accepted));
  }

  #admit(accepted: boolean): void {
    const { log } = this.#host;
    this.#apply(this.#session.settleLogin(accepted));
    if (this.#session.state !== "open") return;
    if (this.features.has("batch")) this.#outbox.join(MAX_BATCH);
    this.#host.join(this);
    log.info("login", `${this.address} has successfully authenticated`);
  }

  #answer(request: MessageRequest | OperationRequest): void {
    this.#underWay++;
    const answered = this.#requests.answer(request);
    if (answered === undefined) return this.#settle();
    void answered.then(() => this.#settle());
  }

  #settle(): void {
    this.#underWay--;
    if (this.#draining && this.#underWay === 0) this.dismiss();
  }

  #close(code: number, reason: string, how: string): void {
    if (this.#ended) return;
    // Before it opens, Deno takes no notice of a close.
    if (this.#socket.readyState === CONNECTING) {
      this.#socket.onopen = () => this.#socket.close(code, reason);
    }
    this.#host.catchUp(this);
    this.#outbox.flush();
    this.#socket.close(code, reason);
    this.#end(how);
  }

  /** Takes part no more: once, whoever ends it. */
  #end(how: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#session.close();
    this.#host.leave(this);
    this.#host.log.info("disconnect", `${this.address} ${how}`);
    this.#onEnd();
  }

  #logAll(frames: readonly string[]): void {
    for (const frame of frames) {
      this.#host.log.debug(
        "send",
        () => `${this.address} ${this.#show(frame)}`,
      );
    }
  }

  #show(frame: string): string {
    const { log, token } = this.#host;
    return showFrame(frame, token.length, (text) => log.redact(text));
  }

  #report(failure: string | undefined): void {
    if (failure === undefined) return;
    this.#host.log.warn("error", `${this.address}: ${failure}`);
  }
}

/** What RFC 6455, section 7.4.2, leaves to applications; Deno does not check it. */
function assertClose(code: number, reason: string): void {
  if (code !== CloseCode.NORMAL && !(code >= 3000 && code <= 4999)) {
    throw new RangeError(
      `Cannot close the client as the code must be 1000 or from 3000 to 4999: current value is ${code}`,
    );
  }
  const { length } = new TextEncoder().encode(reason);
  if (length > MAX_REASON) {
    throw new RangeError(
      `Cannot close the client as the reason must be at most ${MAX_REASON} bytes: current length is ${length}`,
    );
  }
}

// A Close frame has 125 bytes, two of which are the code: RFC 6455, section 5.5.
const MAX_REASON = 123;

function describeEnd({ code, failure }: CloseEffect): string {
  return failure === undefined
    ? "has said goodbye"
    : `was disconnected (${code})`;
}

function describeClose(code: number): string {
  // Deno's code is 0 where the connection broke.
  return code === 0 || code === CloseCode.ABNORMAL
    ? "was lost"
    : `has disconnected (${code})`;
}
