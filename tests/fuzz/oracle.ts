/**
 * Checks the frames of a server on one connection, from the login to the Close frame.
 *
 * @module
 */

import { Opcode, type ServerFrame } from "../support/websocket_frames.ts";
import { assertLoginData, decodeResponses } from "./server_frames.ts";
import type { ResponseFrame } from "./response_matcher.ts";
import { type Environment, ResponseChecker } from "./response_checker.ts";
import { type Expectation, expectError } from "./expectations.ts";
import type { ReceivedRequest } from "./server_request_checker.ts";
import {
  isEnd,
  type LoginReading,
  NO_FEATURES,
  type Payload,
  readFrame,
  type Reading,
  readLogin,
  type Rules,
} from "./model.ts";
import { PendingRequests } from "./pending_requests.ts";
import { Violation } from "./violation.ts";

/** The extensions of a server: docs/reference/protocol.md, "Extensions". */
const FEATURES = [
  ...["batch", "cancel", "done-id", "heartbeat", "max-payload"],
  ...["renew", "request", "resume", "retry", "rooms", "stream", "trace"],
];

type Login = Extract<LoginReading, { readonly kind: "login" }>;

/** Tracks one connection and checks each frame of the server. */
export class Oracle {
  readonly #rules: Rules;
  readonly #environment: Environment;
  readonly #checker: ResponseChecker;
  /** The login that is being decided. */
  #login: Login | undefined;
  #state: "login" | "authenticating" | "open" = "login";
  /**
   * The unanswered frames that were sent while the login was being decided, with `null`
   * for frames without a response.
   */
  readonly #early: (Payload | null)[] = [];
  /** How many frames the server has answered while the login was being decided */
  #answeredEarly = 0;
  readonly #pings: string[] = [];
  /** The code with which the server has to close. */
  #ending: number | undefined;
  /** Whether the client sent more after the frame that ends the connection. */
  #hasTrailingFrames = false;
  /** Whether the client has disconnected or violated the WebSocket protocol. */
  #isRelaxed = false;
  #isClosed = false;

  constructor(environment: Environment) {
    this.#rules = environment.rules;
    this.#environment = environment;
    this.#checker = new ResponseChecker(environment);
  }

  /** Whether all expected frames have arrived */
  get isSettled(): boolean {
    if (this.isOver) return true;
    return this.#state !== "authenticating" && this.#pings.length === 0 &&
      this.#checker.isSettled;
  }

  /** Whether the server has closed or has to close */
  get isEnding(): boolean {
    return this.#isClosed || this.#ending !== undefined;
  }

  /** Whether the server ignores further frames */
  get isOver(): boolean {
    return this.isEnding || this.#isRelaxed;
  }

  /** The agreed features, after the login */
  get features(): readonly string[] {
    return this.#checker.features;
  }

  /** The id of a message of this client, if it knows one */
  get ownNumber(): number | undefined {
    return this.#checker.messages.own;
  }

  /** Whether the server has the option `authorize` */
  get isGuarded(): boolean {
    return this.#rules.forbidden !== undefined;
  }

  /** Returns the requests of the server since the last call. */
  takeRequests(): readonly ReceivedRequest[] {
    return this.#checker.takeRequests();
  }

  /** Notes that the client sends a text or binary frame. */
  send(payload: Payload): void {
    this.#checker.send();
    this.#environment.rooms.send(payload, this.#rules);
    if (this.#isRelaxed || this.#isClosed) return;
    if (this.#ending !== undefined) this.#hasTrailingFrames = true;
    else if (this.#state === "login") this.#sendLogin(payload);
    else if (this.#state === "open") this.#expectAll(payload);
    else this.#early.push(payload);
  }

  /** Notes that the client sends a ping. */
  ping(payload: Uint8Array): void {
    if (!this.isEnding) this.#pings.push(payload.join());
    this.pong();
  }

  /** Notes that the client sends a pong without a ping. */
  pong(): void {
    if (this.isEnding) this.#hasTrailingFrames = true;
    else if (this.#state === "authenticating") this.#early.push(null);
  }

  /** From now on, the server can omit frames and close with any code. */
  relax(): void {
    this.#isRelaxed = true;
  }

  /** Checks a frame of the server. */
  receive(frame: ServerFrame): void {
    if (this.#isClosed) {
      throw new Violation("the server sent a frame after its Close frame");
    }
    if (frame.opcode === Opcode.TEXT) this.#receiveText(frame);
    else if (frame.opcode === Opcode.CLOSE) this.#receiveClose(frame);
    else if (frame.opcode === Opcode.PONG) this.#receivePong(frame);
    else if (frame.opcode !== Opcode.PING) {
      throw new Violation(
        `the server sent a frame with opcode ${frame.opcode}`,
      );
    }
  }

  /**
   * Checks the end of the connection. If the client has sent more, Deno can lose the Close
   * frame and the last frames before it.
   */
  end(): void {
    if (this.#isClosed || this.#isRelaxed || this.#endsBehindLogin()) return;
    const { mayBeSlow, mayBeCutOff, mayBeInvalid } = this.#checker.load;
    if (mayBeSlow || mayBeCutOff || mayBeInvalid) return;
    if (this.#ending === undefined) {
      throw new Violation(`the connection ended; expected ${this.describe()}`);
    }
    if (!this.#hasTrailingFrames) {
      throw new Violation(`no Close frame with ${this.#ending} arrived`);
    }
  }

  /** Describes the frames that are still expected. */
  describe(): string {
    return `${this.#checker.describe()}, ${this.#pings.length} pongs, state ${this.#state}`;
  }

  #sendLogin(payload: Payload): void {
    const login = readLogin(payload, this.#rules);
    if (login.kind === "login") {
      this.#login = login;
      this.#state = "authenticating";
    } else if (login.kind === "invalid") {
      this.#checker.reject(login.id, login.codes, "login");
      this.#ending = 1008;
    } else this.#expectEnd(login);
  }

  #expectAll(payload: Payload, isEarly = false): void {
    const readings = readFrame(payload, this.#rules, this.features);
    const { load } = this.#checker;
    const frames = readings.map((reading, index) => {
      if (index > 0) this.#checker.send();
      // The client can have sent more in the meantime.
      return this.#expect(reading, isEarly ? 0 : load.counted);
    });
    load.response(frames, payload.length);
    if (readings.length > 1) this.#noteStreams(readings);
  }

  #noteStreams(readings: readonly Reading[]): void {
    const isStream = readings.some(({ kind }) => kind === "stream");
    if (isStream) this.#environment.counters.note("stream: in a batch");
  }

  /** Returns the number of expected frames. */
  #expect(reading: Reading, nth: number): number {
    if (reading.kind !== "goodbye" && reading.kind !== "fatal") {
      return this.#checker.add(reading, nth);
    }
    this.#expectEnd(reading);
    return 1;
  }

  #expectEnd(reading: Extract<Reading, { kind: "goodbye" | "fatal" }>): void {
    if (reading.kind === "fatal") {
      const { code, close } = reading;
      if (code !== null) this.#checker.reject(null, [code], "frame");
      this.#ending = close;
    } else this.#ending = 1000;
  }

  #receiveText({ payload }: ServerFrame): void {
    const acceptsBatches = this.#isRelaxed || this.features.includes("batch");
    const answers = decodeResponses(payload, acceptsBatches);
    for (const response of answers) this.#take(response);
  }

  #take(response: ResponseFrame): void {
    if (this.#isRelaxed) return;
    this.#checker.note(response);
    if (this.#state === "authenticating") return this.#takeEarly(response);
    if (this.#state === "login" && response.success) {
      throw new Violation("the server sent a frame before a login");
    }
    this.#checker.take(response);
  }

  /** Until the login is answered, the server rejects each frame in order. */
  #takeEarly(response: ResponseFrame): void {
    const { id, isTokenRight } = this.#login!;
    if (response.success) return this.#open(response);
    if (response.code === 3 && response.id === id && !isTokenRight) {
      this.#hasTrailingFrames ||= this.#checker.load.sent > 1;
      return this.#refuseAll(1008);
    }
    const payload = this.#takeFirst();
    if (payload === undefined) {
      throw new Violation("an error arrived before the login reply");
    }
    this.#answeredEarly++;
    const [reading] = readFrame(payload, this.#rules, NO_FEATURES);
    const pendingRequests = new PendingRequests();
    pendingRequests.add(earlyResponse(reading!));
    pendingRequests.take(response);
    if (isEnd(reading!.kind)) this.#endEarly(reading!);
  }

  #endEarly(reading: Reading): void {
    this.#refuseAll(reading.kind === "fatal" ? reading.close : 1000);
  }

  /** Notes that the server closes the connection and ignores the frames that wait. */
  #refuseAll(code: number): void {
    this.#ending = code;
    // Pings and pongs count, too.
    this.#hasTrailingFrames ||= this.#early.length > 0;
    this.#early.length = 0;
    this.#state = "open";
  }

  #takeFirst(): Payload | undefined {
    while (this.#early[0] === null) this.#early.shift();
    return this.#early.shift() ?? undefined;
  }

  #open(response: ResponseFrame): void {
    const { id, isTokenRight, features: named } = this.#login!;
    if (!isTokenRight || response.id !== id || response.message !== null) {
      throw new Violation("another frame arrived instead of the login reply");
    }
    const features = FEATURES.filter((name) => named?.includes(name));
    assertLoginData(response.data, named && features, this.#rules);
    this.#checker.features = features;
    this.#state = "open";
    for (const payload of this.#early.splice(0)) {
      if (this.#ending !== undefined) this.#hasTrailingFrames = true;
      else if (payload !== null) this.#expectAll(payload, true);
    }
  }

  #receivePong({ payload }: ServerFrame): void {
    const expected = this.#pings.shift();
    if (this.isEnding || this.#isRelaxed || expected === payload.join()) return;
    throw new Violation("a pong does not match the next ping");
  }

  #receiveClose({ payload }: ServerFrame): void {
    this.#isClosed = true;
    if (this.#isRelaxed) return;
    const [high = 0, low = 0, ...rest] = payload;
    const code = high * 256 + low;
    const reason = new TextDecoder().decode(new Uint8Array(rest));
    this.#environment.counters.note(`close ${code}`);
    if (this.#closesForLimit(code, reason)) return;
    this.#closeEarly();
    if (code !== this.#ending) {
      throw new Violation(
        `the server closed with ${code} "${reason}", not with ${this.#ending}`,
      );
    }
    this.#checker.assertPrompt();
  }

  /** A frame that closes the connection without a response can wait for the login. */
  #closeEarly(): void {
    const payload = this.#takeFirst();
    if (this.#state !== "authenticating" || payload === undefined) return;
    const [reading] = readFrame(payload, this.#rules, NO_FEATURES);
    if (isEnd(reading!.kind)) this.#endEarly(reading!);
  }

  /** Reports whether a frame that waits for the login closes the connection. */
  #endsBehindLogin(): boolean {
    return this.#state === "authenticating" && this.#early.some((payload) => {
          if (payload === null) return false;
          const readings = readFrame(payload, this.#rules, NO_FEATURES);
          return readings.some(({ kind }) => isEnd(kind));
        }) || this.#hasManyEarly();
  }

  /** Reports whether the client sends too much before its login is answered. */
  #hasManyEarly(): boolean {
    const { length } = this.#early.filter((payload) => payload !== null);
    return this.#state === "authenticating" &&
      this.#answeredEarly + length > MAX_EARLY_FRAMES;
  }

  #closesForLimit(code: number, reason: string): boolean {
    const { mayBeSlow, mayBeCutOff, mayBeInvalid } = this.#checker.load;
    switch (reason) {
      case "the client reads too slowly":
        return code === 1013 && mayBeSlow;
      case "too many requests":
        return code === 1008 && mayBeCutOff;
      case "too many frames before the login":
        return code === 1008 && this.#hasManyEarly();
      case "too many invalid frames":
        return code === 1008 && mayBeInvalid;
      default:
        return false;
    }
  }
}

/** docs/reference/protocol.md, "Limits" */
const MAX_EARLY_FRAMES = 16;

function earlyResponse(reading: Reading): Expectation {
  const what = "early";
  if (reading.kind === "fatal") {
    return expectError(null, [reading.code ?? 0], what);
  }
  if (reading.kind === "goodbye") return expectError(null, [], what);
  const codes = reading.kind === "invalid" ? reading.codes : [];
  return expectError(reading.id, [8, ...codes], what);
}
