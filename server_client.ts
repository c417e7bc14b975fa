/**
 * One client of a server: a session, the socket that it runs over, and what is under
 * way.
 *
 * @module
 */

import type { LoginContext } from "./auth.ts";
import type { Client } from "./client_message.ts";
import { CloseCode } from "./errors.ts";
import type { Message } from "./message.ts";
import type { JsonObject, LoginRequest } from "./protocol.ts";
import { type RequestHost, Requests } from "./requests.ts";
import { type CloseEffect, type Effect, Session } from "./session.ts";

/** What a client needs of its server. */
export interface ClientHost extends RequestHost {
  /** The token of the server, which no line may show. */
  readonly token: string;
  readonly loginTimeout: number;
  readonly minimumVersion: string | undefined;
  /** Whether the client may log in; never rejects. */
  authenticate(token: string, context: LoginContext): Promise<boolean>;
  /** The client has logged in. */
  join(client: ServerClient): void;
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
  | "onerror"
>;

/** What is known of a client before it says a word. */
export type Origin = Pick<LoginContext, "address" | "url" | "headers">;

const OPEN = 1;

/** A {@linkcode Client} as its server sees it. */
export class ServerClient implements Client {
  readonly id: number;
  readonly address: string;
  version = "";
  readonly #host: ClientHost;
  readonly #socket: Socket;
  readonly #origin: Origin;
  readonly #session: Session;
  readonly #requests: Requests;
  readonly #loginTimer: ReturnType<typeof setTimeout>;
  #underWay = 0;
  #draining = false;
  #ended = false;
  #onEnd = (): void => {};
  #closeOnOpen: (() => void) | undefined;

  constructor(id: number, host: ClientHost, socket: Socket, origin: Origin) {
    this.id = id;
    this.address = origin.address;
    this.#host = host;
    this.#socket = socket;
    this.#origin = origin;
    this.#session = new Session(host.minimumVersion);
    this.#requests = new Requests(host, this, (frame) => this.send(frame));
    this.#loginTimer = setTimeout(
      () => this.#apply(this.#session.expireLogin()),
      host.loginTimeout,
    );
    this.#listen();
  }

  message(name: string, data: JsonObject = {}): Message {
    return this.#requests.push(null, name, data, null);
  }

  close(code: number = CloseCode.NORMAL, reason = ""): void {
    assertClose(code, reason);
    this.#close(code, reason, `was disconnected (${code})`);
  }

  /** Sends a frame; returns whether it was handed to the socket. */
  send(frame: string): boolean {
    if (this.#socket.readyState !== OPEN) return false;
    try {
      this.#socket.send(frame);
    } catch {
      return false;
    }
    this.#host.log.debug("send", () => `${this.address} ${this.#show(frame)}`);
    return true;
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
    this.#socket.onopen = () => this.#open();
    this.#socket.onmessage = ({ data }) => this.#receive(data);
    // A close event follows, and there is nothing that it does not tell.
    this.#socket.onerror = () => {};
    this.#socket.onclose = ({ code }) => {
      this.#end(describeClose(code));
      this.#host.forget(this);
    };
  }

  #open(): void {
    if (this.#closeOnOpen !== undefined) return this.#closeOnOpen();
    this.#host.log.info("connect", `${this.address} has connected`);
  }

  #receive(frame: unknown): void {
    this.#host.log.debug(
      "receive",
      () =>
        this.#session.state === "login"
          ? `${this.address} its login`
          : `${this.address} ${this.#show(String(frame))}`,
    );
    const effect = this.#session.receive(frame);
    // A goodbye is still heard while the server closes.
    if (!this.#draining || effect.kind === "close") this.#apply(effect);
  }

  #apply(effect: Effect): void {
    switch (effect.kind) {
      case "login":
        return void this.#authenticate(effect);
      case "message":
        return void this.#track(() => this.#requests.answerMessage(effect));
      case "operation":
        return void this.#track(() => this.#requests.answerOperation(effect));
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

  async #authenticate({ token, version }: LoginRequest): Promise<void> {
    this.version = version;
    const context = { ...this.#origin, version };
    const accepted = await this.#host.authenticate(token, context);
    this.#apply(this.#session.settleLogin(accepted));
    if (this.#session.state !== "open") return;
    clearTimeout(this.#loginTimer);
    this.#host.log.info(
      "login",
      `${this.address} has successfully authenticated`,
    );
    this.#host.join(this);
  }

  async #track(answer: () => Promise<void>): Promise<void> {
    this.#underWay++;
    try {
      await answer();
    } catch (error) {
      // Nobody else would hear of it, and a rejection would end the process.
      this.#host.log.exception(`${this.address}: cannot answer`, error);
    } finally {
      this.#underWay--;
    }
    if (this.#draining && this.#underWay === 0) this.dismiss();
  }

  #close(code: number, reason: string, how: string): void {
    if (this.#ended) return;
    // Before it opens, Deno takes no notice of a close.
    this.#closeOnOpen = () => this.#socket.close(code, reason);
    this.#socket.close(code, reason);
    this.#end(how);
  }

  /** Takes part no more: once, whoever ends it. */
  #end(how: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#session.close();
    clearTimeout(this.#loginTimer);
    this.#host.leave(this);
    this.#host.log.info("disconnect", `${this.address} ${how}`);
    this.#onEnd();
  }

  #report(failure: string | undefined): void {
    if (failure === undefined) return;
    this.#host.log.warn("error", `${this.address}: ${failure}`);
  }

  #show(frame: string): string {
    // Cut first, as a frame may be long, and again, as a token may lie across the cut.
    const { length } = this.#host.token;
    const start = frame.slice(0, MAX_SHOWN + length);
    const shown = start.replaceAll(TOKEN_FIELD, '$1"[redacted]"');
    return this.#host.log.redact(shown).slice(0, MAX_SHOWN)
      .replaceAll(CONTROL, (character) => encodeURIComponent(character));
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

const TOKEN_FIELD = /("token"\s*:\s*)"[^"\\]*(?:\\.[^"\\]*)*(?:"|$)/gs;

// What moves the cursor of a terminal or begins a line that is not ours.
// deno-lint-ignore no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** How many characters of a frame a debug line shows. */
const MAX_SHOWN = 1_000;

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
